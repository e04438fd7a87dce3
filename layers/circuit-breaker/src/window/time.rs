use super::Counts;

/// The calls of the last so many ticks, in a ring with one bucket for each.
///
/// A call counts from its own tick until so many have passed: with 10 buckets of 3 s, for more than
/// 27 s and at most 30 s. However long nothing happens, catching up clears each bucket once.
#[derive(Clone, Debug)]
pub(crate) struct TimeWindow {
    /// The newest tick seen. What ended in an earlier one, by the clock of another thread, counts
    /// in its own bucket while that is still there.
    newest: u64,
    buckets: Box<[Bucket]>,
    total: Counts,
}

/// Smaller than [`Counts`], for there are many.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    calls: u32,
    failed: u32,
    slow: u32,
}

impl TimeWindow {
    pub(crate) fn new(buckets: u32) -> Self {
        Self {
            newest: 0,
            buckets: vec![Bucket::default(); buckets as usize].into(),
            total: Counts::default(),
        }
    }

    pub(crate) fn add(&mut self, tick: u64, counts: Counts) {
        self.advance(tick);
        if self.newest - tick >= self.length() {
            return;
        }
        let place = self.place(tick);
        let bucket = &mut self.buckets[place];
        let before = bucket.counts();
        bucket.add(counts);
        self.total.subtract(before);
        self.total.add(bucket.counts());
    }

    pub(crate) fn advance(&mut self, tick: u64) {
        let steps = tick.saturating_sub(self.newest).min(self.length());
        self.newest = self.newest.max(tick);
        for step in 0..steps {
            let place = self.place(self.newest - step);
            let bucket = std::mem::take(&mut self.buckets[place]);
            self.total.subtract(bucket.counts());
        }
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.total
    }

    const fn length(&self) -> u64 {
        self.buckets.len() as u64
    }

    #[allow(clippy::cast_possible_truncation)] // it is smaller than a `usize`, the length
    const fn place(&self, tick: u64) -> usize {
        (tick % self.length()) as usize
    }
}

impl Bucket {
    /// What does not fit is left out, and all kinds with it, so that no share comes out too large.
    fn add(&mut self, more: Counts) {
        let add = |to: u32, more: u64| u32::try_from(u64::from(to) + more).ok();
        let Some(calls) = add(self.calls, more.calls) else {
            return;
        };
        self.calls = calls;
        self.failed = add(self.failed, more.failed).unwrap_or(calls);
        self.slow = add(self.slow, more.slow).unwrap_or(calls);
    }

    fn counts(self) -> Counts {
        Counts {
            calls: self.calls.into(),
            failed: self.failed.into(),
            slow: self.slow.into(),
        }
    }
}
