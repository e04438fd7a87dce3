use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec::IntoIter;

use futures_core::Stream;

use super::{Direction, Pages, Position};
use crate::Error;

/// The items of all pages of a list, as a stream; see [`Paging`](super::Paging).
///
/// After an error it ends. What came before has been yielded, and the error says
/// [where](Error::page) to go on.
///
/// # Cancellation
///
/// Dropping it cancels the request in flight, and gives up what is left of the page at hand. What
/// [`next`](Self::next) waits for is kept when its future is dropped, and comes from the next one.
#[must_use = "nothing is asked for before it is polled"]
pub struct Items<T> {
    pages: Pages<T>,
    page: IntoIter<T>,
    position: Option<Position>,
}

impl<T: Send + 'static> Items<T> {
    pub(super) fn new(pages: Pages<T>) -> Self {
        Self {
            pages,
            page: Vec::new().into_iter(),
            position: None,
        }
    }

    /// The next item; `None` after the last, and after an error.
    ///
    /// # Errors
    ///
    /// When a page could not be had, and when the list does not end as it should.
    ///
    /// # Cancellation
    ///
    /// Safe: no item is lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Result<T, Error>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Puts all items into a collection. What came before an error stays in it.
    ///
    /// # Errors
    ///
    /// As [`next`](Self::next).
    ///
    /// # Cancellation
    ///
    /// What has come is in the collection, and the rest can be had from the stream.
    pub async fn collect_into(&mut self, into: &mut impl Extend<T>) -> Result<(), Error> {
        while let Some(item) = self.next().await {
            into.extend([item?]);
        }
        Ok(())
    }

    /// How many items the whole list has, as the latest page says.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.pages.total()
    }

    /// The page that the latest item came from.
    #[must_use]
    pub const fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }
}

impl<T: Send + 'static> Stream for Items<T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(item) = this.page.next() {
                this.pages.drive(cx);
                return Poll::Ready(Some(Ok(item)));
            }
            let page = match ready!(Pin::new(&mut this.pages).poll_next(cx)) {
                Some(Ok(page)) => page,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            this.position = Some(page.position().clone());
            let mut items = page.into_items();
            if this.pages.direction() == Direction::Backwards {
                items.reverse();
            }
            this.page = items.into_iter();
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.page.len(), None)
    }
}

/// Items are moved, never pinned.
impl<T> Unpin for Items<T> {}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items")
            .field("at_hand", &self.page.len())
            .field("pages", &self.pages)
            .finish()
    }
}
