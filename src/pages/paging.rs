use std::fmt;
use std::sync::Arc;

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::{Request, response};
use serde::de::DeserializeOwned;

use super::content::Content;
use super::source::{Source, Wanted, aimed};
use super::walk::{Guards, Walk};
use super::{Direction, Items, Page, Pages, Paginator, Position};
use crate::envelope::Envelope;
use crate::error::Call;
use crate::{Client, Error, RequestBuilder, StatusError};

/// A list in the making: a request, how its pages hang together, and when to give up.
///
/// See [`pages`](crate::pages) for the guards and their numbers.
#[must_use = "nothing is asked for before a page is"]
pub struct Paging {
    request: Result<(Client, Request<Body>), Error>,
    paginator: Arc<dyn Paginator>,
    content: Content,
    typed: Option<Typed>,
    start: Option<Position>,
    guards: Guards,
    limit: u64,
    direction: Direction,
    prefetch: bool,
    any_origin: bool,
    optional: bool,
}

type Typed = fn(&response::Parts, StatusError) -> StatusError;

impl RequestBuilder {
    /// Reads a list page by page: see [`pages`](crate::pages).
    ///
    /// Everything that the request says is said for every page: parameters, headers, limits, other
    /// overrides. Each page is a call of its own, with retries and a [total](Self::total) of its own.
    /// A body must be bytes, because it is sent with every page. With [`optional`](Self::optional) a 404 in
    /// the place of the first page is a list without items.
    pub fn paginate(self, paginator: impl Paginator) -> Paging {
        let accepts = self.accepts();
        Paging {
            request: self.checked(),
            paginator: Arc::new(paginator),
            content: Content::InPlace,
            typed: None,
            start: None,
            guards: Guards::default(),
            limit: accepts.limit,
            direction: Direction::Forwards,
            prefetch: false,
            any_origin: false,
            optional: accepts.absent,
        }
    }
}

impl Paging {
    /// Takes items out of an envelope: a list as its [content](Envelope::content). An error in it is an
    /// [`Error`] whatever the status.
    pub fn envelope(mut self, envelope: impl Envelope + Send + Sync + 'static) -> Self {
        self.content = Content::InEnvelope(Arc::new(envelope));
        self
    }

    /// With an endpoint's type of errors.
    pub(crate) fn said_by(mut self, typed: Typed) -> Self {
        self.typed = Some(typed);
        self
    }

    /// Begins with the page at this position: one from an [error](Error::page), or from a
    /// [page](Page::next_position) of an earlier time.
    pub fn start_at(mut self, position: Position) -> Self {
        self.start = Some(position);
        self
    }

    /// Reads from the end to the beginning: the pages, and the items of each.
    ///
    /// Without [`start_at`](Self::start_at) the first page is asked where the last one is, which servers
    /// tell for [`Number`](super::Number), [`Offset`](super::Offset) and [`Link`](super::Link). With it,
    /// the page at that position is the first to be read.
    pub fn backwards(mut self) -> Self {
        self.direction = Direction::Backwards;
        self
    }

    /// Gives up after so many pages: 10,000 unless set, never with `None`, and before the first with 0, which is
    /// an error. To stop earlier of one's
    /// own accord, take fewer from the stream.
    pub fn max_pages(mut self, pages: impl Into<Option<u32>>) -> Self {
        self.guards.max_pages = pages.into();
        self
    }

    /// Gives up when so many pages in a row were empty and named a next one all the same: 100 unless set,
    /// 1 at least.
    pub fn max_empty_pages(mut self, pages: u32) -> Self {
        self.guards.max_empty = pages;
        self
    }

    /// Takes a page for another one even when it is the same as the page before, byte for byte.
    pub fn allow_equal_pages(mut self) -> Self {
        self.guards.equal_pages = true;
        self
    }

    /// Reads at most so many bytes of a page into memory: what the request
    /// [says](RequestBuilder::limit) unless set, and 16 MiB where it says nothing.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Asks for the next page as soon as one has come, and never for more than one ahead. No task is
    /// spawned: the request makes progress whenever the stream is polled, and on its connection between
    /// times, and it is cancelled with the stream. A [total](crate::RequestBuilder::total) goes on meanwhile, so
    /// it has to have room for the work on a page as well.
    pub fn prefetch(mut self) -> Self {
        self.prefetch = true;
        self
    }

    /// Follows the way to other origins, without credentials and without any header that does not merely
    /// say what the client can read. Never from https to http, and never with a body: that was meant for
    /// the first server.
    pub fn any_origin(mut self) -> Self {
        self.any_origin = true;
        self
    }

    /// The items of all pages.
    pub fn items<T: DeserializeOwned + Send + 'static>(self) -> Items<T> {
        Items::new(self.pages())
    }

    /// The pages.
    pub fn pages<T: DeserializeOwned + Send + 'static>(self) -> Pages<T> {
        let (guards, prefetch) = (self.guards, self.prefetch);
        let (direction, start) = (self.direction, self.start.clone());
        let walk = match (start, direction) {
            (None, Direction::Backwards) => Walk::from_end(Position::default(), guards),
            (start, _) => Walk::from(start.unwrap_or_default(), direction, guards),
        };
        match self.source() {
            Ok(source) => {
                let walk = walk.of_list(source.head.uri.clone());
                Pages::new(source, walk, prefetch)
            }
            Err(fault) => Pages::refused(fault),
        }
    }

    /// The first page alone, or the one to [start at](Self::start_at). [`Page::next`] and [`Page::prev`] go
    /// on from there; what is set for a whole walk (its guards, `backwards`, `prefetch`) means nothing here.
    ///
    /// # Errors
    ///
    /// When the request cannot be sent, when no response came, when it is no success, and when it is no
    /// page of a `T`.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the request.
    pub async fn first<T: DeserializeOwned + Send + 'static>(self) -> Result<Page<T>, Error> {
        let wanted = Wanted {
            position: self.start.clone().unwrap_or_default(),
            number: 1,
            direction: Direction::Forwards,
        };
        self.source()?.fetch(wanted).await
    }

    /// # Errors
    ///
    /// When the settings let no page through.
    fn check(&self) -> Result<(), BoxError> {
        if self.guards.max_pages == Some(0) {
            return Err(
                "`max_pages` is 0, so no page could be asked for; `None` sets no limit".into(),
            );
        }
        if self.limit == 0 {
            return Err("the `limit` of a page is 0 bytes, so none could be read".into());
        }
        self.paginator.validate()
    }

    fn source<T: DeserializeOwned>(self) -> Result<Arc<Source<T>>, Error> {
        let checked = self.check();
        let (client, request) = self.request?;
        let call = Call::of(&request);
        checked.map_err(|fault| Error::new(call.clone(), TransportError::request(fault).into()))?;
        let (head, body) = request.into_parts();
        let Some(body) = body.as_bytes().map(Bytes::copy_from_slice) else {
            let fault = "a body that is sent once cannot ask for several pages; send bytes";
            return Err(Error::new(call, TransportError::request(fault).into()));
        };
        let first = self.paginator.first();
        let (head, body) =
            aimed(head, &body, &first, self.any_origin).map_err(|fault| Error::new(call, fault))?;
        let (paginator, content, typed) = (self.paginator, self.content, self.typed);
        let (for_items, for_error) = (Arc::clone(&paginator), Arc::clone(&paginator));
        let content_of = content.clone();
        Ok(Arc::new(Source {
            client,
            head,
            body,
            read: Box::new(move |head, body| content_of.items(&*for_items, head, body)),
            refine: Box::new(move |head, refused| {
                let refused = content.refused(&*for_error, head, refused);
                match typed {
                    Some(typed) => typed(head, refused),
                    None => refused,
                }
            }),
            paginator,
            limit: self.limit,
            any_origin: self.any_origin,
            optional: self.optional,
        }))
    }
}

impl fmt::Debug for Paging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let call = self.request.as_ref().map(|(_, request)| Call::of(request));
        f.debug_struct("Paging")
            .field("call", &call)
            .field("direction", &self.direction)
            .field("guards", &self.guards)
            .finish_non_exhaustive()
    }
}
