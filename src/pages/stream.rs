use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::source::{Source, Wanted};
use super::walk::{Step, Verdict, Walk};
use super::{Direction, FailedPage, Page, Position};
use crate::Error;

/// The pages of a list, as a stream; see [`Paging`](super::Paging).
///
/// After an error it ends. The error says [where](Error::page) to go on.
///
/// # Cancellation
///
/// Dropping it cancels the request in flight. What [`next`](Self::next) waits for is kept when its future
/// is dropped, and comes from the next one.
#[must_use = "nothing is asked for before it is polled"]
pub struct Pages<T> {
    list: List<T>,
    prefetch: bool,
    total: Option<u64>,
}

enum List<T> {
    Read(Box<Read<T>>),
    /// The request cannot be sent, which is told once.
    Refused(Option<Error>),
}

struct Read<T> {
    source: Arc<Source<T>>,
    walk: Walk,
    fetch: Fetch<T>,
}

/// The page that was asked for.
enum Fetch<T> {
    None,
    Running(Running<T>),
    Done(Result<Page<T>, Error>),
}

type Running<T> = Pin<Box<dyn Future<Output = Result<Page<T>, Error>> + Send>>;

impl<T: Send + 'static> Pages<T> {
    pub(super) fn new(source: Arc<Source<T>>, walk: Walk, prefetch: bool) -> Self {
        let fetch = Fetch::None;
        Self {
            list: List::Read(Box::new(Read {
                source,
                walk,
                fetch,
            })),
            prefetch,
            total: None,
        }
    }

    pub(super) fn refused(fault: Error) -> Self {
        Self {
            list: List::Refused(Some(fault)),
            prefetch: false,
            total: None,
        }
    }

    /// The next page; `None` after the last, and after an error.
    ///
    /// # Errors
    ///
    /// When a page could not be had, and when the list does not end as it should.
    ///
    /// # Cancellation
    ///
    /// Safe: no page is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<Page<T>, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// How many items the whole list has, as the latest page says.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.total
    }

    /// The page that comes next; `None` after the last.
    #[must_use]
    pub fn position(&self) -> Option<&Position> {
        let List::Read(read) = &self.list else {
            return None;
        };
        match &read.fetch {
            // It was asked for ahead, and nobody has been told yet.
            Fetch::Done(Err(error)) => error.page().map(FailedPage::position),
            _ => read.walk.position(),
        }
    }

    pub(super) const fn direction(&self) -> Direction {
        match &self.list {
            List::Read(read) => read.walk.direction(),
            List::Refused(_) => Direction::Forwards,
        }
    }

    /// Lets the page that was asked for ahead make progress.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) {
        if let List::Read(read) = &mut self.list {
            read.fetch.drive(cx);
        }
    }
}

impl<T: Send + 'static> Stream for Pages<T> {
    type Item = Result<Page<T>, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Read {
            source,
            walk,
            fetch,
        } = match &mut this.list {
            List::Read(read) => &mut **read,
            List::Refused(fault) => return Poll::Ready(fault.take().map(Err)),
        };
        loop {
            if !fetch.begin(source, walk) {
                return Poll::Ready(None);
            }
            fetch.drive(cx);
            let page = match std::mem::replace(fetch, Fetch::None) {
                Fetch::Done(page) => page,
                running => {
                    *fetch = running;
                    return Poll::Pending;
                }
            };
            let page = match page {
                Ok(page) => page,
                Err(error) => {
                    walk.failed();
                    return Poll::Ready(Some(Err(error)));
                }
            };
            let verdict = walk.arrived(page.items().len(), page.body(), page.around());
            this.total = page.total().or(this.total);
            // It is told behind the items of its page.
            if walk.position().is_none()
                && let Some(fault) = page.fault()
            {
                *fetch = Fetch::Done(Err(fault));
            }
            if verdict == Verdict::Yield {
                if this.prefetch && fetch.begin(source, walk) {
                    fetch.drive(cx);
                }
                return Poll::Ready(Some(Ok(page)));
            }
        }
    }
}

impl<T: Send + 'static> Fetch<T> {
    /// Asks for the page that the walk wants, unless one is asked for already. `false` at the end.
    fn begin(&mut self, source: &Arc<Source<T>>, walk: &mut Walk) -> bool {
        if !matches!(self, Self::None) {
            return true;
        }
        *self = match walk.step() {
            Step::Ask(number, position) => {
                let wanted = Wanted {
                    position,
                    number,
                    direction: walk.asking(),
                };
                Self::Running(Box::pin(Arc::clone(source).fetch(wanted)))
            }
            Step::Fail(fault, page) => Self::Done(Err(source.error(fault).on_page(page))),
            Step::End => return false,
        };
        true
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Self::Running(running) = self
            && let Poll::Ready(page) = running.as_mut().poll(cx)
        {
            *self = Self::Done(page);
        }
    }
}

/// Items are moved, never pinned.
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("prefetch", &self.prefetch)
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}
