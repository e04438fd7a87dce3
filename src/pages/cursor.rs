use std::borrow::Cow;

use buttress_kernel::BoxError;
use serde_json::Value;

use super::sized;
use super::{Arrived, Direction, Neighbours, Paginator, Position};
use crate::Pointer;

/// Pages by what the last one said: `?cursor=abc`, answered by `{"data":[…],"nextCursor":"def","hasMore":true}`.
///
/// A cursor is sent back as it came, encoded once; `null`, an empty text and its absence mean that there
/// is no next page, and so does `hasMore` when it is `false`. When it is `true` and there is no
/// cursor, the list cannot be read on, which is an error; so is an item without its part. A number is a
/// cursor if it is whole and fits into 64 bits, because a larger one cannot be sent back as it came.
///
/// | constructor | sent | read |
/// | --- | --- | --- |
/// | [`new`](Self::new) | `cursor`, `limit` | `/data`, `/nextCursor`, `/prevCursor`, `/hasMore`, `/total` |
/// | [`token`](Self::token) | `pageToken`, `limit` | `/items`, `/nextPageToken`, `/previousPageToken`, `/total` |
/// | [`last_item`](Self::last_item) | `starting_after`, `ending_before`, `limit` | `/data`, `/has_more`, and the item's `/id` |
///
/// ```
/// use buttress::{Pointer, pages};
///
/// const NEXT: Pointer = Pointer::from_static("/response_metadata/next_cursor");
/// const CHANNELS: Pointer = Pointer::from_static("/channels");
/// let slack = pages::Cursor::new().next_at(NEXT).items(CHANNELS).size(200);
/// # let _ = slack;
/// ```
///
/// Where the list is asked for by a POST, [`sent_at`](Self::sent_at) puts the cursor into its body:
///
/// ```
/// use buttress::{Client, Pointer, pages};
/// use serde_json::json;
///
/// const START: Pointer = Pointer::from_static("/start_cursor");
/// const NEXT: Pointer = Pointer::from_static("/next_cursor");
///
/// # fn search(client: &Client) -> pages::Items<serde_json::Value> {
/// let notion = pages::Cursor::new().sent_at(START).next_at(NEXT);
/// let search = client.post("/search").json(&json!({"query": "towers", "page_size": 100}));
/// search.paginate(notion).items()
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Cursor {
    next_name: Cow<'static, str>,
    prev_name: Cow<'static, str>,
    sent_at: Option<Pointer>,
    size_name: Cow<'static, str>,
    size: Option<u64>,
    items: Pointer,
    at: At,
    more_at: Option<Pointer>,
    total_at: Option<Pointer>,
}

#[derive(Clone, Debug)]
enum At {
    Page {
        next: Pointer,
        prev: Option<Pointer>,
    },
    /// In the last item for the next page, in the first for the one before.
    Item(Pointer),
}

impl Cursor {
    /// A cursor in the page's body.
    #[must_use]
    pub fn new() -> Self {
        Self {
            next_name: Cow::Borrowed("cursor"),
            prev_name: Cow::Borrowed("cursor"),
            sent_at: None,
            size_name: Cow::Borrowed("limit"),
            size: None,
            items: Pointer::from_static("/data"),
            at: At::Page {
                next: Pointer::from_static("/nextCursor"),
                prev: Some(Pointer::from_static("/prevCursor")),
            },
            more_at: Some(Pointer::from_static("/hasMore")),
            total_at: Some(Pointer::from_static("/total")),
        }
    }

    /// A token in the page's body.
    #[must_use]
    pub fn token() -> Self {
        Self {
            next_name: Cow::Borrowed("pageToken"),
            prev_name: Cow::Borrowed("pageToken"),
            items: Pointer::from_static("/items"),
            at: At::Page {
                next: Pointer::from_static("/nextPageToken"),
                prev: Some(Pointer::from_static("/previousPageToken")),
            },
            more_at: None,
            ..Self::new()
        }
    }

    /// A part of the page's last item, `/id` for instance, after which the next page begins.
    #[must_use]
    pub fn last_item(part: Pointer) -> Self {
        Self {
            next_name: Cow::Borrowed("starting_after"),
            prev_name: Cow::Borrowed("ending_before"),
            at: At::Item(part),
            more_at: Some(Pointer::from_static("/has_more")),
            ..Self::new()
        }
    }

    /// How many items a page shall have; not sent unless set. With 0 the list is refused before anything is
    /// asked for.
    #[must_use]
    pub const fn size(mut self, items: u64) -> Self {
        self.size = Some(items);
        self
    }

    /// The parameter with the cursor.
    #[must_use]
    pub fn name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.next_name = name.into();
        self.prev_name = self.next_name.clone();
        self
    }

    /// The parameter with the cursor of the page before, where it is another.
    #[must_use]
    pub fn prev_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.prev_name = name.into();
        self
    }

    /// Puts the cursor at a place of the request's body, which is JSON, instead of into the query. The
    /// cursor may be any value then, such as the list that Elasticsearch's `search_after` wants. How many items a page
    /// shall have is said in the body as well, by whoever writes it.
    #[must_use]
    pub fn sent_at(mut self, place: Pointer) -> Self {
        self.sent_at = Some(place);
        self
    }

    /// The parameter with the number of items: `limit` unless set.
    #[must_use]
    pub fn size_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.size_name = name.into();
        self
    }

    /// Where the items are.
    #[must_use]
    pub fn items(mut self, at: Pointer) -> Self {
        self.items = at;
        self
    }

    /// Where the next page's cursor is.
    #[must_use]
    pub fn next_at(mut self, at: Pointer) -> Self {
        let prev = match self.at {
            At::Page { prev, .. } => prev,
            At::Item(_) => None,
        };
        self.at = At::Page { next: at, prev };
        self
    }

    /// Where the cursor of the page before is. Has no meaning with [`last_item`](Self::last_item).
    #[must_use]
    pub fn prev_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        if let At::Page { prev, .. } = &mut self.at {
            *prev = at.into();
        }
        self
    }

    /// Where the server says whether there is more.
    #[must_use]
    pub fn more_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.more_at = at.into();
        self
    }

    /// Where the number of all items is.
    #[must_use]
    pub fn total_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.total_at = at.into();
        self
    }

    fn in_page(
        &self,
        page: &Arrived<'_>,
        next: &Pointer,
        prev: Option<&Pointer>,
    ) -> Result<Around, BoxError> {
        let prev = prev.map_or(Ok(None), |prev| self.cursor(page, prev));
        page.ways(self.next_in_page(page, next), prev)
    }

    fn next_in_page(&self, page: &Arrived<'_>, at: &Pointer) -> Result<Option<Value>, BoxError> {
        let found = self.cursor(page, at)?;
        match self.more(page)? {
            Some(false) => Ok(None),
            Some(true) if found.is_none() => {
                let told = "the server says that there is more, and names no cursor at";
                Err(format!("{told} `{}`", at.as_str().escape_debug()).into())
            }
            _ => Ok(found),
        }
    }

    fn in_item(&self, page: &Arrived<'_>, part: &Pointer) -> Result<Around, BoxError> {
        let Some(last) = page.count().checked_sub(1) else {
            return Ok((None, None));
        };
        let of = |index: usize| -> Result<Option<Value>, BoxError> {
            self.cursor(page, &format!("{}/{index}{part}", self.items).parse()?)
        };
        // That there is more is said of the way that was gone.
        let is_end = self.more(page)? == Some(false);
        let is_forwards = self.was_asked_forwards(page);
        let (next, prev) = page.ways(of(last), of(0))?;
        let ahead = if is_forwards { &next } else { &prev };
        if !is_end && ahead.is_none() {
            let told = "the list may go on, and its last item has no cursor at";
            let (items, part) = (self.items.as_str(), part.as_str());
            let at = format!("{items}/…{part}");
            return Err(format!("{told} `{}`", at.escape_debug()).into());
        }
        let next = next.filter(|_| !is_end || !is_forwards);
        let prev = prev.filter(|_| !is_end || is_forwards);
        Ok((next, prev.filter(|_| !self.is_beginning(page))))
    }

    /// Whether the page begins the list: no cursor was asked for, and the way leads on.
    fn is_beginning(&self, page: &Arrived<'_>) -> bool {
        let asked = |name: &str| page.asked(name).is_some();
        let is_forwards = page.direction() == Direction::Forwards;
        is_forwards && !asked(&self.next_name) && !asked(&self.prev_name)
    }

    /// Whether the items after a cursor were asked for, or those before one: the caller's own request may go
    /// another way than the walk.
    fn was_asked_forwards(&self, page: &Arrived<'_>) -> bool {
        let asked = |name: &str| page.asked(name).is_some();
        match (asked(&self.next_name), asked(&self.prev_name)) {
            (true, false) => true,
            (false, true) => false,
            _ => page.direction() == Direction::Forwards,
        }
    }

    /// Where a cursor leads to, which takes the place of one that the caller set, whatever its way.
    fn position(&self, cursor: Value, name: &str, other: &str) -> Position {
        match (&self.sent_at, cursor) {
            (Some(place), cursor) => Position::body(place, cursor),
            (None, Value::String(text)) => leading(name, text, other),
            (None, cursor) => leading(name, cursor.to_string(), other),
        }
    }

    fn more(&self, page: &Arrived<'_>) -> Result<Option<bool>, BoxError> {
        self.more_at.as_ref().map_or(Ok(None), |at| page.at(at))
    }
}

impl Default for Cursor {
    fn default() -> Self {
        Self::new()
    }
}

impl Paginator for Cursor {
    fn items(&self) -> &Pointer {
        &self.items
    }

    fn first(&self) -> Position {
        Position::pairs(self.size.map(|size| (&*self.size_name, size.to_string())))
    }

    fn validate(&self) -> Result<(), BoxError> {
        let (next, prev) = (&*self.next_name, &*self.prev_name);
        match self.sent_at {
            None => sized::check(self.size, &self.size_name, &[next, prev]),
            // The cursor is in the body, under no name.
            Some(_) => sized::check(self.size, &self.size_name, &[]),
        }
    }

    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        let (next, prev) = match &self.at {
            At::Page { next, prev } => self.in_page(page, next, prev.as_ref())?,
            At::Item(part) => self.in_item(page, part)?,
        };
        let (ahead, back) = (&self.next_name, &self.prev_name);
        // An item's cursor means what is behind it, wherever the body says it.
        let is_one_way = self.sent_at.is_some() && matches!(self.at, At::Item(_));
        let prev = prev.filter(|_| !is_one_way);
        Ok(Neighbours::none()
            .next(next.map(|cursor| self.position(cursor, ahead, back)))
            .prev(prev.map(|cursor| self.position(cursor, back, ahead)))
            .total(page.hint_at(self.total_at.as_ref())))
    }
}

/// The cursors of the page behind and of the one before.
type Around = (Option<Value>, Option<Value>);

fn leading(name: &str, cursor: String, other: &str) -> Position {
    let position = Position::pairs([(name, cursor)]);
    if name == other {
        position
    } else {
        position.without(other)
    }
}

impl Cursor {
    /// A cursor that can be sent, where there is one.
    fn cursor(&self, page: &Arrived<'_>, at: &Pointer) -> Result<Option<Value>, BoxError> {
        match page.at::<Value>(at)? {
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::Number(number)) if number.is_f64() => Err(unsendable(at)),
            Some(cursor @ (Value::String(_) | Value::Number(_))) => Ok(Some(cursor)),
            Some(cursor) if self.sent_at.is_some() => Ok(Some(cursor)),
            None => Ok(None),
            Some(_) => Err(unsendable(at)),
        }
    }
}

fn unsendable(at: &Pointer) -> BoxError {
    let at = at.as_str().escape_debug();
    format!("the cursor at `{at}` is neither a text nor a whole number").into()
}
