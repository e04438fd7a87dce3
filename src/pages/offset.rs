use std::borrow::Cow;

use buttress_kernel::BoxError;

use super::sized;
use super::{Arrived, Direction, Neighbours, Paginator, Position};
use crate::Pointer;

/// Pages by the number of items before them: `?skip=100&limit=50`.
///
/// The next page begins behind the items that came, so a server that gives fewer than asked for skips
/// none. The list ends at the `total`, where the server tells one (what is no number, such as a -1, tells
/// none), else with the first empty page. An empty page before the `total` is an error, because items are
/// missing then; with [`total_at(None)`](Self::total_at) it is the end.
///
/// ```
/// use buttress::{Pointer, pages};
///
/// const ITEMS: Pointer = Pointer::from_static("/items");
/// let paginator = pages::Offset::new().skip_name("offset").size(100).items(ITEMS);
/// # let _ = paginator;
/// ```
#[derive(Clone, Debug)]
pub struct Offset {
    skip_name: Cow<'static, str>,
    size_name: Cow<'static, str>,
    size: Option<u64>,
    items: Pointer,
    total_at: Option<Pointer>,
}

impl Offset {
    /// From the first item on, as many at once as the server likes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many items a page shall have; not sent unless set. With 0 the list is refused before anything is
    /// asked for.
    #[must_use]
    pub const fn size(mut self, items: u64) -> Self {
        self.size = Some(items);
        self
    }

    /// The parameter with the number of items to pass over: `skip` unless set.
    #[must_use]
    pub fn skip_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.skip_name = name.into();
        self
    }

    /// The parameter with the number of items: `limit` unless set.
    #[must_use]
    pub fn size_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.size_name = name.into();
        self
    }

    /// Where the items are: the document itself unless set.
    #[must_use]
    pub fn items(mut self, at: Pointer) -> Self {
        self.items = at;
        self
    }

    /// Where the number of all items is: `/total` unless set.
    #[must_use]
    pub fn total_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.total_at = at.into();
        self
    }

    fn skipping(&self, items: u64) -> Position {
        Position::pairs([(&*self.skip_name, items.to_string())])
    }

    /// So many items and no more, so that what was read already does not come again.
    fn exactly(&self, skip: u64, size: u64) -> Position {
        let size = (&*self.size_name, size.to_string());
        Position::pairs([(&*self.skip_name, skip.to_string()), size])
    }

    fn last(&self, span: Span) -> Option<Position> {
        // A page that is short though there is more shows how many the server gives at most.
        let size = match span.size {
            Some(size) if size <= span.count || !span.has_more() => size,
            _ => span.count,
        };
        let before_last = span.total?.checked_sub(1)?.checked_div(size)?;
        Some(self.exactly(before_last * size, size))
    }

    fn span(&self, page: &Arrived<'_>) -> Result<Span, BoxError> {
        let size = page.asked_number(&self.size_name)?;
        Ok(Span {
            skip: page.asked_number(&self.skip_name)?.unwrap_or(0),
            size: size.filter(|size| *size > 0),
            count: page.count() as u64,
            total: page.hint_at(self.total_at.as_ref()),
        })
    }

    /// # Errors
    ///
    /// When the page is empty, and should not be.
    fn next(&self, span: Span) -> Result<Option<Position>, BoxError> {
        if let Some(left) = span.left().filter(|left| *left > 0 && span.count == 0) {
            return Err(format!(
                "the page is empty, and {left} items should follow; set `total_at(None)` to take that for \
                 the end"
            )
            .into());
        }
        let end = span.end().filter(|_| span.has_more());
        Ok(end.map(|end| self.skipping(end)))
    }

    /// # Errors
    ///
    /// When the page before could not be told.
    fn prev(&self, page: &Arrived<'_>, span: Span) -> Result<Option<Position>, BoxError> {
        let is_backwards = page.direction() == Direction::Backwards;
        if span.skip == 0 {
            return Ok(None);
        }
        let size = match span.size.unwrap_or(span.count) {
            0 if is_backwards => {
                return Err(
                    "there is no telling how large the page before is; set the `size`".into(),
                );
            }
            0 => return Ok(None),
            size => size,
        };
        let size = size.min(span.skip);
        Ok(Some(self.exactly(span.skip - size, size)))
    }
}

/// What part of the list a page is.
#[derive(Clone, Copy)]
struct Span {
    skip: u64,
    /// As many as were asked for.
    size: Option<u64>,
    count: u64,
    total: Option<u64>,
}

impl Span {
    fn end(self) -> Option<u64> {
        self.skip.checked_add(self.count)
    }

    /// How many items there are from this page's beginning on, where that is known.
    fn left(self) -> Option<u64> {
        Some(self.total?.saturating_sub(self.skip))
    }

    fn has_more(self) -> bool {
        let end = self.end();
        self.count > 0 && end.is_some_and(|end| self.total.is_none_or(|total| end < total))
    }

    /// Whether all came that lies between this page's beginning and where the one after it begins.
    fn is_whole(self, number: u32) -> bool {
        let Some(size) = self.size else { return true };
        let due = match self.total {
            // The first that is read backwards may be the end of the list.
            Some(total) if number == 1 => size.min(total.saturating_sub(self.skip)),
            None if number == 1 => return true,
            _ => size,
        };
        self.count == due
    }
}

impl Default for Offset {
    fn default() -> Self {
        Self {
            skip_name: Cow::Borrowed("skip"),
            size_name: Cow::Borrowed("limit"),
            size: None,
            items: Pointer::ROOT,
            total_at: Some(Pointer::from_static("/total")),
        }
    }
}

impl Paginator for Offset {
    fn items(&self) -> &Pointer {
        &self.items
    }

    fn first(&self) -> Position {
        let size = self.size.map(|size| (&*self.size_name, size.to_string()));
        Position::pairs([(&*self.skip_name, "0".to_owned())].into_iter().chain(size))
    }

    fn validate(&self) -> Result<(), BoxError> {
        sized::check(self.size, &self.size_name, &[&self.skip_name])
    }

    fn verify(&self, page: &Arrived<'_>) -> Result<(), BoxError> {
        let is_backwards = page.direction() == Direction::Backwards;
        if is_backwards && !self.span(page)?.is_whole(page.number()) {
            return Err(
                "the server gave another number of items than asked for, so that some would be \
                 left out; ask for a smaller `size`"
                    .into(),
            );
        }
        Ok(())
    }

    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        let span = self.span(page)?;
        let (next, prev) = page.ways(self.next(span), self.prev(page, span))?;
        Ok(Neighbours::none()
            .next(next)
            .prev(prev)
            .last(self.last(span))
            .total(span.total))
    }
}
