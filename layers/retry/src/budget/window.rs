/// How long a deposit lasts, in ticks of one second.
pub(super) const TICKS: u32 = 10;

/// Amounts by the second in which they came in, the last [`TICKS`] seconds of them.
///
/// The slot of a tick is cleared when its turn comes again, so an amount lasts no longer than ten
/// seconds and no less than nine. However long nothing happens, catching up clears ten slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// The newest tick seen. A clock read before another thread's counts as that one's.
    newest: u32,
    slots: [u32; TICKS as usize],
}

impl Window {
    /// Adds `amount` at `tick`.
    pub(super) fn add(&mut self, tick: u32, amount: u32) {
        let newest = self.advance(tick);
        let slot = self.slot(newest);
        *slot = slot.saturating_add(amount);
    }

    /// Takes `amount`, the oldest first, and says from which tick the oldest of it was; or takes
    /// nothing when there is not so much.
    pub(super) fn take(&mut self, tick: u32, amount: u32) -> Option<u32> {
        let newest = self.advance(tick);
        if self.total() < u64::from(amount) {
            return None;
        }
        let (mut wanted, mut oldest) = (amount, None);
        for tick in live(newest) {
            let slot = self.slot(tick);
            let taken = wanted.min(*slot);
            *slot -= taken;
            wanted -= taken;
            if taken > 0 {
                oldest = oldest.or(Some(tick));
            }
        }
        oldest.or(Some(newest))
    }

    /// Puts back what was taken from `tick`, if that has not expired.
    pub(super) fn put_back(&mut self, tick: u32, amount: u32) {
        if live(self.newest).contains(&tick) {
            let slot = self.slot(tick);
            *slot = slot.saturating_add(amount);
        }
    }

    /// Moves everything that has not expired at `tick` to `other`, `times` as much of it.
    pub(super) fn pour(&mut self, tick: u32, other: &mut Self, times: u32) {
        let newest = self.advance(tick);
        for tick in live(newest) {
            let amount = std::mem::take(self.slot(tick));
            other.add(tick.max(other.newest), amount.saturating_mul(times));
        }
    }

    fn advance(&mut self, tick: u32) -> u32 {
        let behind = tick.saturating_sub(self.newest);
        if behind >= TICKS {
            self.slots = Default::default();
        } else {
            for passed in 1..=behind {
                *self.slot(self.newest + passed) = 0;
            }
        }
        self.newest = self.newest.max(tick);
        self.newest
    }

    fn total(&self) -> u64 {
        self.slots.iter().copied().map(u64::from).sum()
    }

    fn slot(&mut self, tick: u32) -> &mut u32 {
        &mut self.slots[(tick % TICKS) as usize]
    }
}

/// The ticks that have not expired, from the oldest on.
fn live(newest: u32) -> std::ops::RangeInclusive<u32> {
    newest.saturating_sub(TICKS - 1)..=newest
}
