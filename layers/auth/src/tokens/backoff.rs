//! How long a source is left alone after it failed.

use std::time::Duration;

/// A server's own delay is heeded up to here.
const MOST_SERVER_DELAY: Duration = Duration::from_secs(5 * 60);

/// Doubles from `base` to `cap`; the second half of each delay is up to chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Backoff {
    pub(crate) base: Duration,
    pub(crate) cap: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
        }
    }
}

/// A failure, as far as it matters for the delay after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fall {
    /// It will end the same way next time, so the delay is as long as it gets.
    pub(crate) terminal: bool,
    pub(crate) server_delay: Option<Duration>,
}

impl Backoff {
    /// The delay after the last of `failures` in a row. `draw` is any number.
    pub(crate) fn delay(self, failures: u32, fall: Fall, draw: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(31);
        let whole = if fall.terminal {
            self.cap
        } else {
            self.base.saturating_mul(1 << doublings).min(self.cap)
        };
        let half = whole / 2;
        let share = half.mul_f64(f64::from(draw) / f64::from(u32::MAX));
        let server = fall.server_delay.unwrap_or_default();
        (half + share).max(server.min(MOST_SERVER_DELAY))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORDINARY: Fall = Fall {
        terminal: false,
        server_delay: None,
    };

    fn longest(failures: u32, fall: Fall) -> u128 {
        let backoff = Backoff::default();
        backoff.delay(failures, fall, u32::MAX).as_millis()
    }

    #[test]
    fn it_doubles_up_to_the_cap() {
        let delays = [1, 2, 3, 6, 7, 8, 40, u32::MAX].map(|n| longest(n, ORDINARY));
        assert_eq!(
            delays,
            [500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000, 30_000]
        );
    }

    #[test]
    fn chance_decides_over_the_second_half() {
        let backoff = Backoff::default();
        let delay = |draw| backoff.delay(3, ORDINARY, draw).as_millis();
        assert_eq!((delay(0), delay(u32::MAX / 2)), (1_000, 1_500));
    }

    #[test]
    fn a_terminal_failure_waits_longest_at_once() {
        let fall = Fall {
            terminal: true,
            ..ORDINARY
        };
        assert_eq!(longest(1, fall), 30_000);
    }

    #[test]
    fn a_servers_delay_is_a_lower_bound_within_reason() {
        let told = |seconds| Fall {
            server_delay: Some(Duration::from_secs(seconds)),
            ..ORDINARY
        };
        assert_eq!(longest(1, told(0)), 500);
        assert_eq!(longest(1, told(60)), 60_000);
        assert_eq!(longest(1, told(u64::MAX)), 300_000);
    }

    proptest! {
        #[test]
        fn it_never_panics_and_stays_in_its_half(
            base in any::<u64>(), cap in any::<u64>(), failures in any::<u32>(), draw in any::<u32>(),
        ) {
            let backoff = Backoff { base: Duration::from_millis(base), cap: Duration::from_millis(cap) };
            let delay = backoff.delay(failures, ORDINARY, draw);
            prop_assert!(delay <= backoff.cap);
            prop_assert!(delay >= backoff.base.min(backoff.cap) / 2);
        }
    }
}
