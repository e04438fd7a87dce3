//! What a circuit shows without its lock.

use std::time::Instant;

use crate::state::Permit;

/// The epoch, the generation and two flags in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Glance(u64);

/// A glance at a calm circuit, and when the tick ends in which it is true.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sight {
    pub(crate) glance: Glance,
    pub(crate) end: Instant,
}

const ADMITS: u64 = 1;
const CALM: u64 = 2;
const GENERATION: u32 = 2;
const EPOCH: u32 = 32;

impl Glance {
    pub(crate) fn new(epoch: u32, generation: u32, calm: bool, admits: bool) -> Self {
        let flags = if calm { CALM } else { 0 } | if admits { ADMITS } else { 0 };
        Self(u64::from(epoch) << EPOCH | u64::from(generation) << GENERATION | flags)
    }

    #[inline(always)]
    pub(crate) const fn from_word(word: u64) -> Self {
        Self(word)
    }

    pub(crate) const fn word(self) -> u64 {
        self.0
    }

    /// Calls pass without a question.
    pub(crate) const fn admits(self) -> bool {
        self.0 & ADMITS != 0
    }

    /// Successes need not be told one by one. Only a closed circuit is calm.
    pub(crate) const fn is_calm(self) -> bool {
        self.0 & CALM != 0
    }

    #[allow(clippy::cast_possible_truncation)] // the upper half, whole
    pub(crate) const fn epoch(self) -> u32 {
        (self.0 >> EPOCH) as u32
    }

    #[inline(always)]
    #[allow(clippy::cast_possible_truncation)] // 30 bits of the lower half
    pub(crate) const fn generation(self) -> u32 {
        (self.0 as u32) >> GENERATION
    }

    /// The permit of a call that passes.
    pub(crate) const fn permit(self) -> Permit {
        Permit {
            epoch: self.epoch(),
            probe: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_comes_out() {
        let most = u32::MAX >> 2;
        for (epoch, generation, calm, admits) in [
            (0, 0, false, false),
            (u32::MAX, most, true, true),
            (7, most, false, true),
            (u32::MAX, 1, true, false),
        ] {
            let glance = Glance::new(epoch, generation, calm, admits);
            assert_eq!(Glance::from_word(glance.word()), glance);
            assert_eq!((glance.epoch(), glance.generation()), (epoch, generation));
            assert_eq!((glance.is_calm(), glance.admits()), (calm, admits));
            assert_eq!(glance.permit(), Permit { epoch, probe: 0 });
        }
    }
}
