//! What became of the calls that a rate is taken over.

mod count;
mod time;

#[cfg(test)]
mod tests;

pub(crate) use self::count::CountWindow;
pub(crate) use self::time::TimeWindow;

use crate::rules::Span;

/// One call, as a rate sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) failed: bool,
    pub(crate) slow: bool,
}

/// How many calls there were, and of which kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) calls: u64,
    pub(crate) failed: u64,
    pub(crate) slow: u64,
}

impl Counts {
    pub(crate) fn of(mark: Mark) -> Self {
        Self {
            calls: 1,
            failed: mark.failed.into(),
            slow: mark.slow.into(),
        }
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.failed += other.failed;
        self.slow += other.slow;
    }

    fn subtract(&mut self, other: Self) {
        self.calls -= other.calls;
        self.failed -= other.failed;
        self.slow -= other.slow;
    }
}

/// The calls that count, whichever way they are chosen.
#[derive(Clone, Debug)]
pub(crate) enum Window {
    Time(TimeWindow),
    Calls(CountWindow),
}

impl Window {
    pub(crate) fn new(span: Span) -> Self {
        match span {
            Span::Time { buckets, .. } => Self::Time(TimeWindow::new(buckets)),
            Span::Calls(size) => Self::Calls(CountWindow::new(size)),
        }
    }

    /// Adds a call that ended in `tick`.
    pub(crate) fn record(&mut self, tick: u64, mark: Mark) {
        match self {
            Self::Time(window) => window.add(tick, Counts::of(mark)),
            Self::Calls(window) => window.push(mark),
        }
    }

    /// Adds so many calls that ended well, in `tick`.
    pub(crate) fn successes(&mut self, tick: u64, calls: u32) {
        match self {
            Self::Time(window) => window.add(
                tick,
                Counts {
                    calls: calls.into(),
                    ..Counts::default()
                },
            ),
            Self::Calls(window) => window.push_successes(calls),
        }
    }

    /// Forgets what is too old at `tick`.
    pub(crate) fn advance(&mut self, tick: u64) {
        if let Self::Time(window) = self {
            window.advance(tick);
        }
    }

    /// What is in it.
    pub(crate) const fn counts(&self) -> Counts {
        match self {
            Self::Time(window) => window.counts(),
            Self::Calls(window) => window.counts(),
        }
    }
}
