use std::time::Duration;

use crate::Backoff;

/// How a delay is spread, so that callers who failed together do not come back together.
///
/// | jitter | the wait, for a delay `d` |
/// | --- | --- |
/// | `None` | `d` |
/// | `Full` | between 0 and `d` |
/// | `Equal` | between `d / 2` and `d` |
/// | `Decorrelated` | between `base` and three times the wait before, at most the cap |
///
/// A server's own delay is spread upwards only: see
/// [the crate's page](crate#how-long-it-waits).
// Open: other spreads are in use, such as a normal distribution.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Jitter {
    /// No spread: for tests, and where there is a single caller.
    None,
    /// Between nothing and the whole delay. Spreads best, so it is the default.
    #[default]
    Full,
    /// Between half the delay and the whole.
    Equal,
    /// Between the base and three times the wait before, whatever the backoff's shape.
    Decorrelated,
}

impl Jitter {
    /// The wait before retry `n`, where the one before it was `previous`. `draw` is a uniformly
    /// random number.
    pub(crate) fn wait(
        self,
        backoff: &Backoff,
        n: u32,
        previous: Option<Duration>,
        draw: u64,
    ) -> Duration {
        let delay = backoff.delay(n);
        match self {
            Self::None => delay,
            Self::Full => between(Duration::ZERO, delay, draw),
            Self::Equal => between(delay / 2, delay, draw),
            Self::Decorrelated => {
                let base = backoff.base().min(backoff.ceiling());
                let most = previous.unwrap_or(base).saturating_mul(3);
                between(base, most.min(backoff.ceiling()), draw)
            }
        }
    }

    /// What comes on top of a server's delay: up to a quarter of it, and no more than the backoff's
    /// own delay before retry `n`.
    pub(crate) fn on_top(self, asked: Duration, backoff: &Backoff, n: u32, draw: u64) -> Duration {
        match self {
            Self::None => Duration::ZERO,
            Self::Full | Self::Equal | Self::Decorrelated => {
                between(Duration::ZERO, (asked / 4).min(backoff.delay(n)), draw)
            }
        }
    }
}

/// The duration as far between `low` and `high` (both included) as `draw` is between 0 and its
/// largest value; `low` when there is no room.
fn between(low: Duration, high: Duration, draw: u64) -> Duration {
    let span = u64::try_from(high.saturating_sub(low).as_nanos()).unwrap_or(u64::MAX);
    let share = (u128::from(draw) * (u128::from(span) + 1)) >> u64::BITS;
    low + Duration::from_nanos(u64::try_from(share).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_ends_of_the_draw_are_the_ends_of_the_spread() {
        let backoff = Backoff::constant(SECOND * 4).cap(SECOND * 60);
        let ends = |jitter: Jitter, previous| {
            [0, u64::MAX].map(|draw| jitter.wait(&backoff, 1, previous, draw).as_secs())
        };
        assert_eq!(ends(Jitter::None, None), [4, 4]);
        assert_eq!(ends(Jitter::Full, None), [0, 4]);
        assert_eq!(ends(Jitter::Equal, None), [2, 4]);
        assert_eq!(ends(Jitter::Decorrelated, None), [4, 12]);
        assert_eq!(ends(Jitter::Decorrelated, Some(SECOND * 10)), [4, 30]);
        assert_eq!(ends(Jitter::Decorrelated, Some(SECOND * 30)), [4, 60]);
        assert_eq!(ends(Jitter::Decorrelated, Some(SECOND)), [4, 4]);
    }

    #[test]
    fn half_of_the_draws_lie_in_the_lower_half() {
        let middle = Jitter::Full.wait(&Backoff::constant(SECOND), 1, None, u64::MAX / 2);
        assert_eq!(middle.as_millis(), 500);
    }

    #[test]
    fn on_top_of_a_servers_delay_comes_a_quarter_or_one_backoff() {
        let backoff = Backoff::exponential(SECOND);
        let most = |asked, n| Jitter::Full.on_top(asked, &backoff, n, u64::MAX);
        assert_eq!(most(SECOND * 2, 1), SECOND / 2);
        assert_eq!(most(SECOND * 100, 1), SECOND);
        assert_eq!(most(SECOND * 100, 2), SECOND * 2);
        assert_eq!(
            Jitter::None.on_top(SECOND * 100, &backoff, 1, u64::MAX),
            Duration::ZERO
        );
        assert_eq!(
            Jitter::Equal.on_top(SECOND * 2, &backoff, 1, 0),
            Duration::ZERO
        );
    }

    fn any_duration() -> impl Strategy<Value = Duration> {
        prop_oneof![
            any::<u64>().prop_map(Duration::from_nanos),
            (0_u64..100_000).prop_map(Duration::from_millis),
            Just(Duration::MAX),
        ]
    }

    proptest! {
        #[test]
        fn every_wait_is_within_its_bounds(
            (base, cap) in (any_duration(), any_duration()),
            shape in 0..3,
            (n, draw) in (any::<u32>(), any::<u64>()),
            previous in proptest::option::of(any_duration()),
        ) {
            let backoff = match shape {
                0 => Backoff::constant(base),
                1 => Backoff::linear(base),
                _ => Backoff::exponential(base),
            }.cap(cap);
            let delay = backoff.delay(n);
            let wait = |jitter: Jitter| jitter.wait(&backoff, n, previous, draw);
            prop_assert!(delay <= cap);
            prop_assert_eq!(wait(Jitter::None), delay);
            prop_assert!(wait(Jitter::Full) <= delay);
            prop_assert!(wait(Jitter::Equal) <= delay && wait(Jitter::Equal) >= delay / 2);
            prop_assert!(wait(Jitter::Decorrelated) <= cap);
            prop_assert!(wait(Jitter::Decorrelated) >= base.min(cap));
        }
    }
}
