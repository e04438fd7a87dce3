use std::collections::VecDeque;

use super::{Counts, Mark};

/// The last so many calls: with each new one, the oldest goes.
#[derive(Clone, Debug)]
pub(crate) struct CountWindow {
    size: usize,
    marks: VecDeque<Mark>,
    total: Counts,
}

impl CountWindow {
    pub(crate) fn new(size: u32) -> Self {
        Self {
            size: size as usize,
            marks: VecDeque::new(),
            total: Counts::default(),
        }
    }

    pub(crate) fn push(&mut self, mark: Mark) {
        if self.marks.len() == self.size
            && let Some(oldest) = self.marks.pop_front()
        {
            self.total.subtract(Counts::of(oldest));
        }
        self.marks.push_back(mark);
        self.total.add(Counts::of(mark));
    }

    /// More than fit would only push one another out.
    pub(crate) fn push_successes(&mut self, calls: u32) {
        for _ in 0..self.size.min(calls as usize) {
            self.push(Mark::default());
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.total
    }
}
