use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use http::Uri;

use super::astray::Rule;
use super::{Astray, Direction, FailedPage, Neighbours, Position};

/// The longest position that is asked for, in bytes: as much as most servers take of a request line.
pub(super) const MAX_POSITION: usize = 8 * 1024;

/// When to give a list up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Guards {
    pub(super) max_pages: Option<u32>,
    pub(super) max_empty: u32,
    pub(super) equal_pages: bool,
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            max_pages: Some(10_000),
            max_empty: 100,
            equal_pages: false,
        }
    }
}

/// The way through the pages of a list: which one to ask for, and whether to go on. It makes no
/// request.
#[derive(Debug)]
pub(super) struct Walk {
    guards: Guards,
    direction: Direction,
    ahead: Ahead,
    /// Pages that were asked for; one that only told where the end is does not count.
    number: u32,
    empty: u32,
    seen: HashSet<u64>,
    /// The body of the page before, where it had items: a server that does not know its parameter gives no
    /// empty page in between.
    last: Option<u64>,
    hasher: RandomState,
    /// Where the list begins, so that one page is known under each of its names.
    list: Uri,
}

#[derive(Debug)]
enum Ahead {
    /// A page to be asked for.
    Page(Position),
    /// A page that shall tell where the end is.
    Signpost(Position),
    /// The answer to one of the two is awaited.
    Asked(Position),
    AskedTheWay(Position),
    /// What was wrong, and where.
    Astray(Astray, Position),
    Nothing,
}

/// What to do.
#[derive(Debug)]
pub(super) enum Step {
    /// To ask for a page, counted from 1.
    Ask(u32, Position),
    Fail(Astray, FailedPage),
    End,
}

/// What to do with a page.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Yield,
    /// It only told where to begin.
    Skip,
}

impl Walk {
    /// From a page on, that one included.
    pub(super) fn from(start: Position, direction: Direction, guards: Guards) -> Self {
        Self::new(Ahead::Page(start), direction, guards)
    }

    /// From the end of a list to its beginning, by way of its first page.
    pub(super) fn from_end(first: Position, guards: Guards) -> Self {
        Self::new(Ahead::Signpost(first), Direction::Backwards, guards)
    }

    fn new(ahead: Ahead, direction: Direction, guards: Guards) -> Self {
        Self {
            guards,
            direction,
            ahead,
            number: 0,
            empty: 0,
            seen: HashSet::new(),
            last: None,
            hasher: RandomState::new(),
            list: Uri::default(),
        }
    }

    /// Of the list that begins at this URI.
    pub(super) fn of_list(mut self, uri: Uri) -> Self {
        self.list = uri;
        self
    }

    pub(super) const fn direction(&self) -> Direction {
        self.direction
    }

    /// Which way leads through the page that was asked for: the one that only tells where the end is
    /// is the beginning.
    pub(super) const fn asking(&self) -> Direction {
        match self.ahead {
            Ahead::AskedTheWay(_) => Direction::Forwards,
            _ => self.direction,
        }
    }

    /// The page that is asked for now or next.
    pub(super) const fn position(&self) -> Option<&Position> {
        match &self.ahead {
            Ahead::Page(at)
            | Ahead::Signpost(at)
            | Ahead::Asked(at)
            | Ahead::AskedTheWay(at)
            | Ahead::Astray(_, at) => Some(at),
            Ahead::Nothing => None,
        }
    }

    /// What to do next. Each page is asked for once.
    pub(super) fn step(&mut self) -> Step {
        match std::mem::replace(&mut self.ahead, Ahead::Nothing) {
            Ahead::Page(at) => match self.admit(&at) {
                Ok(()) => {
                    self.number = self.number.saturating_add(1);
                    self.ahead = Ahead::Asked(at.clone());
                    Step::Ask(self.number, at)
                }
                Err(rule) => {
                    let page = FailedPage::new(self.number.saturating_add(1), at);
                    Step::Fail(Astray::new(rule), page)
                }
            },
            Ahead::Signpost(at) => {
                self.ahead = Ahead::AskedTheWay(at.clone());
                Step::Ask(1, at)
            }
            Ahead::Astray(fault, at) => Step::Fail(fault, FailedPage::new(self.number.max(1), at)),
            Ahead::Nothing | Ahead::Asked(_) | Ahead::AskedTheWay(_) => Step::End,
        }
    }

    /// The page that was asked for has come, with so many items. Where it does not say what is around it,
    /// the way ends.
    pub(super) fn arrived<'n>(
        &mut self,
        count: usize,
        body: &[u8],
        around: impl Into<Option<&'n Neighbours>>,
    ) -> Verdict {
        let around = around.into();
        match std::mem::replace(&mut self.ahead, Ahead::Nothing) {
            Ahead::AskedTheWay(at) => self.way(&at, count, body, around),
            Ahead::Asked(at) => self.page(at, count, body, around),
            _ => Verdict::Skip,
        }
    }

    /// The page that was asked for has not come.
    pub(super) fn failed(&mut self) {
        self.ahead = Ahead::Nothing;
    }

    /// The first page tells where the last one is, or is itself the last one.
    fn way(
        &mut self,
        at: &Position,
        count: usize,
        body: &[u8],
        around: Option<&Neighbours>,
    ) -> Verdict {
        let Some(around) = around else {
            return Verdict::Skip;
        };
        match (&around.next, &around.last) {
            (Some(_), Some(last)) if last != at => {
                self.ahead = Ahead::Page(last.clone());
                Verdict::Skip
            }
            (Some(_), None) => {
                self.ahead = Ahead::Astray(Astray::new(Rule::NoEnd), at.clone());
                Verdict::Skip
            }
            _ => {
                self.number = 1;
                self.seen.insert(self.hash(at));
                self.page(at.clone(), count, body, Some(around))
            }
        }
    }

    fn page(
        &mut self,
        at: Position,
        count: usize,
        body: &[u8],
        around: Option<&Neighbours>,
    ) -> Verdict {
        if count > 0 {
            self.empty = 0;
            let body = Some(self.hasher.hash_one(body));
            if body == self.last && !self.guards.equal_pages {
                self.ahead = Ahead::Astray(Astray::new(Rule::Equal), at);
                return Verdict::Skip;
            }
            self.last = body;
        } else {
            self.empty = self.empty.saturating_add(1);
            self.last = None;
        }
        let next = around.and_then(|around| match self.direction {
            Direction::Forwards => around.next.clone(),
            Direction::Backwards => around.prev.clone(),
        });
        self.ahead = next.map_or(Ahead::Nothing, Ahead::Page);
        Verdict::Yield
    }

    /// Whether a page may be asked for.
    fn admit(&mut self, at: &Position) -> Result<(), Rule> {
        if at.len() > MAX_POSITION {
            return Err(Rule::TooLong(at.len()));
        }
        if let Some(max) = self.guards.max_pages.filter(|max| self.number >= *max) {
            return Err(Rule::TooMany(max));
        }
        if self.empty >= self.guards.max_empty.max(1) {
            return Err(Rule::Empty(self.empty));
        }
        // 64 bits: among a million pages, two of one hash turn up once in some 40 million walks.
        if self.seen.insert(self.hash(at)) {
            Ok(())
        } else {
            Err(Rule::Circle)
        }
    }

    /// Of the URI that a page is asked for at. A server may name its first page in another way than the
    /// caller did.
    fn hash(&self, at: &Position) -> u64 {
        match at.name_in(&self.list) {
            (None, _) => self.hasher.hash_one(at),
            name => self.hasher.hash_one(name),
        }
    }
}

#[cfg(test)]
mod tests;
