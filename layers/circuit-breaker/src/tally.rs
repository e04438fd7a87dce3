//! A count of successes that fits one generation of a circuit alone.

use crate::sync::{AtomicU64, Ordering};

/// The generation that nothing fits.
pub(crate) const NONE: u32 = 0;

/// The generation above, the count below.
#[derive(Debug, Default)]
pub(crate) struct Tally(AtomicU64);

/// Somebody else was quicker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contended;

const SHIFT: u32 = 32;
const COUNT: u64 = u32::MAX as u64;

/// The generation after this one, out of 2³⁰ less [`NONE`]: a thread would have to sleep through all
/// of them between two of its steps to mistake one for another.
pub(crate) const fn next(generation: u32) -> u32 {
    let next = (generation + 1) & (u32::MAX >> 2);
    if next == NONE { NONE + 1 } else { next }
}

impl Tally {
    /// Counts a success of this generation; no, if it is another's, or full.
    #[inline(always)]
    pub(crate) fn add(&self, generation: u32) -> Result<bool, Contended> {
        let seen = self.0.load(Ordering::Relaxed);
        if seen >> SHIFT != u64::from(generation) || seen & COUNT == COUNT {
            return Ok(false);
        }
        let (counted, otherwise) = (Ordering::AcqRel, Ordering::Relaxed);
        match self.0.compare_exchange(seen, seen + 1, counted, otherwise) {
            Ok(_) => Ok(true),
            Err(_) => Err(Contended),
        }
    }

    /// The count, which begins anew once [`begin`](Self::begin) says for which generation.
    #[allow(clippy::cast_possible_truncation)] // the lower half, whole
    pub(crate) fn take(&self) -> u32 {
        self.0.swap(0, Ordering::AcqRel) as u32
    }

    pub(crate) fn begin(&self, generation: u32) {
        self.0
            .store(u64::from(generation) << SHIFT, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generations_go_round_in_30_bits_and_pass_over_none() {
        let last = (1 << 30) - 1;
        assert_eq!([next(NONE), next(1), next(last - 1)], [1, 2, last]);
        assert_eq!(next(last), 1);
    }

    /// Under shuttle, since the sources of the schedules have its atomics.
    fn once(test: fn()) {
        shuttle::check_random(test, 1);
    }

    #[test]
    fn a_success_fits_the_generation_that_has_begun_and_no_other() {
        once(|| {
            let tally = Tally::default();
            assert_eq!(tally.add(7), Ok(false), "none has begun");
            tally.begin(7);
            assert_eq!(
                [6, 7, 8, 7].map(|generation| tally.add(generation)),
                [Ok(false), Ok(true), Ok(false), Ok(true)]
            );
            assert_eq!(tally.take(), 2);
            assert_eq!(tally.add(7), Ok(false), "it is over");
            tally.begin(8);
            assert_eq!(tally.take(), 0);
        });
    }

    #[test]
    fn a_full_tally_takes_no_more() {
        once(|| {
            let tally = Tally(AtomicU64::new((7 << SHIFT) + COUNT - 1));
            assert_eq!([tally.add(7), tally.add(7)], [Ok(true), Ok(false)]);
            assert_eq!(tally.take(), u32::MAX);
        });
    }
}
