use std::borrow::Cow;

use buttress_kernel::BoxError;

use super::sized;
use super::{Arrived, Neighbours, Paginator, Position};
use crate::Pointer;

/// Pages by their number: `?page=2&limit=50`, answered by `{"data":[…],"meta":{"page":2,"limit":50,"total":120,"totalPages":3}}`.
///
/// All names and places can be set. Of `meta`, whatever is missing is done without: the last page is the
/// one that `totalPages` says, or `total` and `limit` together, or the first that holds less than the
/// `limit` the server names, or the first that is empty. Where the server says that there are more, an
/// empty page does not end the list. A page that says of itself that it is another
/// than the one asked for is an error, because the whole list would be wrong.
///
/// ```
/// use buttress::{Pointer, pages};
///
/// const ITEMS: Pointer = Pointer::from_static("/results");
/// let github_like = pages::Number::new().size_name("per_page").size(100).items(ITEMS);
/// # let _ = github_like;
/// ```
#[derive(Clone, Debug)]
pub struct Number {
    page_name: Cow<'static, str>,
    size_name: Cow<'static, str>,
    size: Option<u64>,
    first_page: u64,
    items: Pointer,
    page_at: Option<Pointer>,
    size_at: Option<Pointer>,
    total_at: Option<Pointer>,
    pages_at: Option<Pointer>,
}

impl Number {
    /// From page 1 on, of as many items as the server likes.
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

    /// The number of the first page: 1 unless set.
    #[must_use]
    pub const fn first_page(mut self, number: u64) -> Self {
        self.first_page = number;
        self
    }

    /// The parameter with the page's number: `page` unless set.
    #[must_use]
    pub fn page_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.page_name = name.into();
        self
    }

    /// The parameter with the number of items: `limit` unless set.
    #[must_use]
    pub fn size_name(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.size_name = name.into();
        self
    }

    /// Where the items are: `/data` unless set.
    #[must_use]
    pub fn items(mut self, at: Pointer) -> Self {
        self.items = at;
        self
    }

    /// Where the page says which it is: `/meta/page` unless set, and `None` to leave it unchecked.
    #[must_use]
    pub fn page_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.page_at = at.into();
        self
    }

    /// Where the server says how many items it gives at most: `/meta/limit` unless set.
    #[must_use]
    pub fn size_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.size_at = at.into();
        self
    }

    /// Where the number of all items is: `/meta/total` unless set.
    #[must_use]
    pub fn total_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.total_at = at.into();
        self
    }

    /// Where the number of all pages is: `/meta/totalPages` unless set.
    #[must_use]
    pub fn pages_at(mut self, at: impl Into<Option<Pointer>>) -> Self {
        self.pages_at = at.into();
        self
    }

    /// Which page was asked for.
    fn asked(&self, page: &Arrived<'_>) -> Result<u64, BoxError> {
        let number = page.asked_number(&self.page_name)?;
        Ok(number.unwrap_or(self.first_page))
    }

    /// # Errors
    ///
    /// When it cannot be read, and is what tells where the list ends.
    fn whole(&self, page: &Arrived<'_>) -> Result<Whole, BoxError> {
        let (total, size) = (self.total_at.as_ref(), self.size_at.as_ref());
        let pages = page.number_at(self.pages_at.as_ref())?;
        Ok(match pages {
            Some(_) => Whole {
                total: page.hint_at(total),
                pages,
                size: page.hint_at(size),
            },
            None => Whole {
                total: page.number_at(total)?,
                pages,
                size: page.number_at(size)?,
            },
        })
    }

    fn position(&self, number: u64) -> Position {
        Position::pairs([(&*self.page_name, number.to_string())])
    }

    /// Whether a page has one behind it. Where the server tells too little, the next one is asked for, and
    /// found to be empty.
    ///
    /// # Errors
    ///
    /// When the number of pages has to be told by their size, and the page has another; when the first has no
    /// item, and the list should.
    fn goes_on(&self, number: u64, count: u64, whole: Whole) -> Result<bool, BoxError> {
        let is_before = |last: Option<u64>| last.is_some_and(|last| number < last);
        if whole.pages.is_some() {
            return Ok(is_before(self.last(whole.pages)));
        }
        let Some(size) = whole.size.filter(|size| *size > 0) else {
            let is_first = number == self.first_page;
            if let Some(total) = whole
                .total
                .filter(|total| is_first && count == 0 && *total > 0)
            {
                return Err(format!(
                    "the first page is empty, and there should be {total} items; set `total_at(None)` \
                     to take that for the end"
                )
                .into());
            }
            let may_be_all = is_first && whole.total.is_some_and(|total| count >= total);
            return Ok(count > 0 && !may_be_all);
        };
        if whole.total.is_none() {
            return Ok(count >= size);
        }
        let goes_on = is_before(self.last(whole.pages_of(size)));
        if goes_on && count < size {
            return Err(
                "a page in the middle has fewer items than the server says a page has, so the last \
                 one cannot be told; leave `size_at` out, and the list is read up to an empty page"
                    .into(),
            );
        }
        Ok(goes_on)
    }

    /// The number of the last page, if there is any page at all.
    fn last(&self, pages: Option<u64>) -> Option<u64> {
        let after_first = pages?.checked_sub(1)?;
        Some(self.first_page.saturating_add(after_first))
    }
}

/// What the server says of the whole list.
#[derive(Clone, Copy)]
struct Whole {
    total: Option<u64>,
    pages: Option<u64>,
    size: Option<u64>,
}

impl Whole {
    /// How many pages there are when the first has so many items, which tells the size where the server
    /// does not: it may give fewer than were asked for.
    fn pages_of(self, count: u64) -> Option<u64> {
        let size = self.size.unwrap_or(count);
        (size > 0).then(|| self.total.map(|total| total.div_ceil(size)))?
    }
}

impl Default for Number {
    fn default() -> Self {
        Self {
            page_name: Cow::Borrowed("page"),
            size_name: Cow::Borrowed("limit"),
            size: None,
            first_page: 1,
            items: Pointer::from_static("/data"),
            page_at: Some(Pointer::from_static("/meta/page")),
            size_at: Some(Pointer::from_static("/meta/limit")),
            total_at: Some(Pointer::from_static("/meta/total")),
            pages_at: Some(Pointer::from_static("/meta/totalPages")),
        }
    }
}

impl Paginator for Number {
    fn items(&self) -> &Pointer {
        &self.items
    }

    fn first(&self) -> Position {
        let size = self.size.map(|size| (&*self.size_name, size.to_string()));
        let page = (&*self.page_name, self.first_page.to_string());
        Position::pairs([page].into_iter().chain(size))
    }

    fn validate(&self) -> Result<(), BoxError> {
        sized::check(self.size, &self.size_name, &[&self.page_name])
    }

    fn verify(&self, page: &Arrived<'_>) -> Result<(), BoxError> {
        let number = self.asked(page)?;
        let says = page.number_at(self.page_at.as_ref())?;
        match says.filter(|other| *other != number) {
            Some(other) => {
                Err(format!("page {number} was asked for, and page {other} came").into())
            }
            None => Ok(()),
        }
    }

    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        let number = self.asked(page)?;
        let count = page.count() as u64;
        let whole = self.whole(page)?;
        let has_next = self.goes_on(number, count, whole)?;
        let last = self.last(whole.pages.or_else(|| whole.pages_of(count)));
        let next = number.checked_add(1).filter(|_| has_next);
        let prev = number.checked_sub(1).filter(|_| number > self.first_page);
        Ok(Neighbours::none()
            .next(next.map(|number| self.position(number)))
            .prev(prev.map(|number| self.position(number)))
            .last(last.map(|number| self.position(number)))
            .total(whole.total))
    }
}
