use super::Position;

/// Where the pages around a page are, as far as the server says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Neighbours {
    pub(super) next: Option<Position>,
    pub(super) prev: Option<Position>,
    pub(super) last: Option<Position>,
    pub(super) total: Option<u64>,
}

impl Neighbours {
    /// There are none, and nothing is known of the whole.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            next: None,
            prev: None,
            last: None,
            total: None,
        }
    }

    /// The next page; without one, this is the last.
    #[must_use]
    pub fn next(mut self, at: impl Into<Option<Position>>) -> Self {
        self.next = at.into();
        self
    }

    /// The page before; without one, this is the first.
    #[must_use]
    pub fn prev(mut self, at: impl Into<Option<Position>>) -> Self {
        self.prev = at.into();
        self
    }

    /// The last page, for reading backwards from there.
    #[must_use]
    pub fn last(mut self, at: impl Into<Option<Position>>) -> Self {
        self.last = at.into();
        self
    }

    /// How many items the whole list has.
    #[must_use]
    pub fn total(mut self, items: impl Into<Option<u64>>) -> Self {
        self.total = items.into();
        self
    }
}
