//! When a device asks again ([RFC 8628 §3.5](https://www.rfc-editor.org/rfc/rfc8628#section-3.5)).

use std::time::{Duration, Instant};

/// What the server named no interval for.
const INTERVAL: Duration = Duration::from_secs(5);
/// No server means less.
const SHORTEST: Duration = Duration::from_secs(1);
/// How much longer each `slow_down` makes the interval.
const SLOWER: Duration = Duration::from_secs(5);

/// What came of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// `authorization_pending`.
    Pending,
    /// `slow_down`.
    SlowDown,
    /// No answer that says anything about the sign-in; perhaps the server's wish to be left alone.
    Trouble(Option<Duration>),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Polling {
    interval: Duration,
    end: Instant,
}

impl Polling {
    /// Until `end`, at this interval, if the server named one.
    pub(super) fn new(interval: Option<Duration>, end: Instant) -> Self {
        Self {
            interval: interval.unwrap_or(INTERVAL).max(SHORTEST),
            end,
        }
    }

    pub(super) const fn end(&self) -> Instant {
        self.end
    }

    /// When to ask first; `None` if the code has expired by then.
    pub(super) fn first(&self, now: Instant) -> Option<Instant> {
        self.in_time(now, self.interval)
    }

    /// When to ask again; `None` if the code has expired by then.
    pub(super) fn next(&mut self, heard: Heard, now: Instant) -> Option<Instant> {
        let pause = match heard {
            Heard::Pending => self.interval,
            Heard::SlowDown => {
                self.interval = self.interval.saturating_add(SLOWER);
                self.interval
            }
            Heard::Trouble(wish) => {
                self.interval = self.interval.saturating_mul(2);
                self.interval.max(wish.unwrap_or_default())
            }
        };
        self.in_time(now, pause)
    }

    fn in_time(&self, now: Instant, pause: Duration) -> Option<Instant> {
        now.checked_add(pause).filter(|next| *next < self.end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn start() -> Instant {
        tokio::time::Instant::now().into_std()
    }

    #[test]
    fn the_interval_is_the_servers_or_five_seconds_and_never_nothing() {
        let now = start();
        let first = |interval| Polling::new(interval, now + secs(600)).first(now);
        assert_eq!(first(None), Some(now + secs(5)));
        assert_eq!(first(Some(secs(7))), Some(now + secs(7)));
        assert_eq!(first(Some(secs(0))), Some(now + secs(1)));
        assert_eq!(first(Some(Duration::MAX)), None);
    }

    #[test]
    fn slow_down_makes_all_later_pauses_five_seconds_longer() {
        let now = start();
        let mut polling = Polling::new(None, now + secs(600));
        assert_eq!(polling.next(Heard::Pending, now), Some(now + secs(5)));
        assert_eq!(polling.next(Heard::SlowDown, now), Some(now + secs(10)));
        assert_eq!(polling.next(Heard::Pending, now), Some(now + secs(10)));
        assert_eq!(polling.next(Heard::SlowDown, now), Some(now + secs(15)));
    }

    #[test]
    fn trouble_doubles_the_pause_and_the_servers_wish_is_kept_to() {
        let now = start();
        let mut polling = Polling::new(None, now + secs(600));
        assert_eq!(
            polling.next(Heard::Trouble(None), now),
            Some(now + secs(10))
        );
        assert_eq!(
            polling.next(Heard::Trouble(Some(secs(60))), now),
            Some(now + secs(60))
        );
        assert_eq!(polling.next(Heard::Pending, now), Some(now + secs(20)));
    }

    #[test]
    fn nobody_asks_for_an_expired_code() {
        let now = start();
        let mut polling = Polling::new(None, now + secs(10));
        assert_eq!(
            polling.next(Heard::Pending, now + secs(4)),
            Some(now + secs(9))
        );
        assert_eq!(polling.next(Heard::Pending, now + secs(5)), None);
    }

    proptest! {
        #[test]
        fn pauses_only_grow(steps in proptest::collection::vec((0u8..3, any::<u64>()), 1..200)) {
            let now = start();
            let mut polling = Polling::new(None, now + secs(1_000));
            let mut last = secs(0);
            for (kind, wish) in steps {
                let heard = match kind {
                    0 => Heard::Pending,
                    1 => Heard::SlowDown,
                    _ => Heard::Trouble(None),
                };
                let _ = polling.next(Heard::Trouble(Some(secs(wish))), now + secs(2_000));
                prop_assert!(polling.interval >= last);
                last = polling.interval;
                prop_assert!(polling.next(heard, now).is_none_or(|next| next < polling.end()));
            }
        }
    }
}
