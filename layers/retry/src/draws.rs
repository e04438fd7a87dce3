use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Where random numbers come from: never the same one twice, whichever request asks, and no lock.
#[derive(Clone)]
pub(crate) enum Draws {
    /// Each thread's own generator, seeded by the system.
    Thread,
    /// The same numbers in every run.
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Draws {
    pub(crate) fn seeded(seed: u64) -> Self {
        let drawn = Arc::default();
        Self::Seeded { seed, drawn }
    }

    /// A random number, any of them as likely as any other.
    pub(crate) fn next(&self) -> u64 {
        match self {
            Self::Thread => fastrand::u64(..),
            Self::Seeded { seed, drawn } => {
                let place = drawn.fetch_add(1, Ordering::Relaxed);
                scrambled(seed.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
            }
        }
    }
}

/// The output function of `SplitMix64`: neighbouring inputs give unrelated outputs.
const fn scrambled(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl fmt::Debug for Draws {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Thread => "Thread",
            Self::Seeded { .. } => "Seeded",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn take(draws: &Draws, n: usize) -> Vec<u64> {
        (0..n).map(|_| draws.next()).collect()
    }

    #[test]
    fn one_seed_gives_one_series_and_another_seed_another() {
        assert_eq!(take(&Draws::seeded(7), 9), take(&Draws::seeded(7), 9));
        assert_ne!(take(&Draws::seeded(7), 9), take(&Draws::seeded(8), 9));
    }

    #[test]
    fn trap1_clones_go_on_with_the_series_instead_of_repeating_it() {
        for draws in [Draws::seeded(7), Draws::Thread] {
            let clone = draws.clone();
            let both: HashSet<_> = take(&draws, 500)
                .into_iter()
                .chain(take(&clone, 500))
                .collect();
            assert_eq!(both.len(), 1_000);
        }
    }

    #[test]
    fn numbers_fill_the_range_evenly() {
        let draws = Draws::seeded(1);
        let low = take(&draws, 10_000)
            .into_iter()
            .filter(|n| *n < u64::MAX / 4)
            .count();
        assert!((2_300..2_700).contains(&low), "{low}");
    }
}
