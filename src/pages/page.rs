use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, response};
use serde::de::DeserializeOwned;

use super::astray::Rule;
use super::lost::Lost;
use super::source::{Source, Wanted};
use super::{Astray, Direction, FailedPage, Neighbours, Position};
use crate::{Error, Pointer, Response};

/// One page of a list: its items, what the server says of the list, and the way to the pages around it.
///
/// ```
/// use buttress::{Client, Error, pages};
///
/// # async fn run(client: Client) -> Result<(), Error> {
/// let list = client.get("/users").paginate(pages::Number::new().size(20));
/// let first = list.first::<serde_json::Value>().await?;
/// if let Some(second) = first.next().await? {
///     println!("{} of {:?}", second.items().len(), second.total());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Page<T> {
    source: Arc<Source<T>>,
    items: Vec<T>,
    around: Neighbours,
    lost: Option<Lost>,
    position: Position,
    /// Which one it is of those that were asked for one after the other.
    number: u32,
    /// `None` where there is no list at all.
    answer: Option<Box<(response::Parts, Bytes)>>,
}

impl<T> Page<T> {
    pub(super) fn new(
        source: Arc<Source<T>>,
        wanted: Wanted,
        response: Response<(Vec<T>, Result<Neighbours, Lost>, Bytes)>,
    ) -> Self {
        let (head, (items, around, body)) = response.into_http().into_parts();
        let (around, lost) = match around {
            Ok(around) => (around, None),
            Err(lost) => (Neighbours::none(), Some(lost)),
        };
        Self {
            source,
            items,
            around,
            lost,
            position: wanted.position,
            number: wanted.number,
            answer: Some(Box::new((head, body))),
        }
    }

    pub(super) fn absent(source: Arc<Source<T>>, position: Position) -> Self {
        Self {
            source,
            items: Vec::new(),
            around: Neighbours::none(),
            lost: None,
            position,
            number: 1,
            answer: None,
        }
    }

    /// The items, in the order in which the server gave them.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The items alone.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// How many items the whole list has, where the server says so.
    #[must_use]
    pub const fn total(&self) -> Option<u64> {
        self.around.total
    }

    /// Where this page is.
    #[must_use]
    pub const fn position(&self) -> &Position {
        &self.position
    }

    /// Where the next page is; `None` on the last, and where [`next`](Self::next) tells what is wrong.
    #[must_use]
    pub const fn next_position(&self) -> Option<&Position> {
        self.around.next.as_ref()
    }

    /// Where the page before is; `None` on the first, and where the server does not say.
    #[must_use]
    pub const fn prev_position(&self) -> Option<&Position> {
        self.around.prev.as_ref()
    }

    /// The status that it came with.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        let answer = self.answer.as_ref();
        answer.map_or(StatusCode::NOT_FOUND, |answer| answer.0.status)
    }

    /// The headers that it came with.
    #[must_use]
    pub fn headers(&self) -> Option<&HeaderMap> {
        self.answer.as_ref().map(|answer| &answer.0.headers)
    }

    /// What stands at a place of the page's document: `/meta` or `/included`, for instance.
    ///
    /// # Errors
    ///
    /// When what stands there is no `D`. An [`Error`] of the kind `decode`.
    pub fn find<D: DeserializeOwned>(&self, place: &Pointer) -> Result<Option<D>, Error> {
        let Some(answer) = &self.answer else {
            return Ok(None);
        };
        let (head, body) = &**answer;
        place.find(body).map_err(|fault| {
            let call = self.source.call();
            Error::unread(call, head, body.clone(), fault)
        })
    }

    /// `None` where the page does not say.
    pub(super) fn around(&self) -> Option<&Neighbours> {
        self.lost.is_none().then_some(&self.around)
    }

    /// Why the page does not say where its neighbours are.
    pub(super) fn fault(&self) -> Option<Error> {
        let cause = self.lost.as_ref()?.told();
        let (head, body) = &**self.answer.as_ref()?;
        let error = Error::unread(self.source.call(), head, body.clone(), cause);
        let page = FailedPage::new(self.number, self.position.clone());
        Some(error.on_page(page))
    }

    pub(super) fn body(&self) -> &[u8] {
        self.answer.as_ref().map_or(&[], |answer| &answer.1)
    }

    /// The next page, asked for as this one was; `None` after the last.
    ///
    /// # Errors
    ///
    /// When it could not be had, when this one does not say where it is, and when the server names this one as
    /// the next. Longer circles are for the caller to notice, or for a stream of
    /// [pages](super::Paging::pages).
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the request; the page stays as it is.
    pub async fn next(&self) -> Result<Option<Self>, Error> {
        let position = self.around.next.as_ref();
        self.go(position, Direction::Forwards).await
    }

    /// The page before; `None` before the first.
    ///
    /// # Errors
    ///
    /// When it could not be had, and when this one does not say where it is.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the request; the page stays as it is.
    pub async fn prev(&self) -> Result<Option<Self>, Error> {
        let position = self.around.prev.as_ref();
        self.go(position, Direction::Backwards).await
    }

    async fn go(
        &self,
        position: Option<&Position>,
        direction: Direction,
    ) -> Result<Option<Self>, Error> {
        if let Some(fault) = self.fault() {
            return Err(fault);
        }
        let Some(position) = position else {
            return Ok(None);
        };
        let wanted = Wanted {
            position: position.clone(),
            number: self.number.saturating_add(1),
            direction,
        };
        let source = Arc::clone(&self.source);
        let uri = &source.head.uri;
        if position.name_in(uri) == self.position.name_in(uri) {
            let failed = FailedPage::new(wanted.number, wanted.position);
            return Err(source.error(Astray::new(Rule::Circle)).on_page(failed));
        }
        source.fetch(wanted).await.map(Some)
    }
}

impl<T> fmt::Debug for Page<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items.len())
            .field("position", &self.position)
            .field("total", &self.around.total)
            .finish_non_exhaustive()
    }
}
