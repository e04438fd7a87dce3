//! Whether a store is worth asking.

use std::time::{Duration, Instant};

/// What is known of a store.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outage {
    /// When it failed first, if it has not come back.
    since: Option<Instant>,
    /// Not asked before this while it is out.
    rest_until: Option<Instant>,
    /// When it came back last.
    back: Option<Instant>,
}

impl Outage {
    /// Whether to ask it now. While it is out, one request does after each pause.
    pub(crate) fn asks(&mut self, now: Instant, pause: Duration) -> bool {
        if self.since.is_none() {
            return true;
        }
        let rests = self.rest_until.is_some_and(|until| now < until);
        if !rests {
            self.rest_until = now.checked_add(pause);
        }
        !rests
    }

    /// A question asked at `asked` was not answered; whether an outage begins. Those that were asked
    /// before it came back say nothing.
    pub(crate) fn failed(&mut self, asked: Instant, now: Instant, pause: Duration) -> bool {
        if self.back.is_some_and(|back| asked < back) {
            return false;
        }
        self.rest_until = now.checked_add(pause);
        let begins = self.since.is_none();
        self.since.get_or_insert(now);
        begins
    }

    /// A question asked at `asked` was answered; how long the outage was that ends with it. Those
    /// that were asked before it began say nothing.
    pub(crate) fn answered(&mut self, asked: Instant, now: Instant) -> Option<Duration> {
        let since = self.since.filter(|since| asked >= *since)?;
        *self = Self {
            back: Some(now),
            ..Self::default()
        };
        Some(now.saturating_duration_since(since))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(10);

    /// Instants from which on seconds are counted.
    fn clock() -> impl Fn(u64) -> Instant {
        let origin = tokio::time::Instant::now().into_std();
        move |seconds| origin + Duration::from_secs(seconds)
    }

    #[test]
    fn one_failure_is_an_outage_and_begins_it_once() {
        let (at, mut outage) = (clock(), Outage::default());
        assert!(outage.asks(at(0), PAUSE) && outage.asks(at(0), PAUSE));
        assert_eq!(outage.answered(at(0), at(1)), None);
        assert!(outage.failed(at(0), at(1), PAUSE));
        assert!(!outage.failed(at(0), at(2), PAUSE));
    }

    #[test]
    fn while_it_is_out_one_asks_after_each_pause() {
        let (at, mut outage) = (clock(), Outage::default());
        outage.failed(at(0), at(1), PAUSE);
        let asks = [1, 10, 11, 11, 20, 21].map(|now| outage.asks(at(now), PAUSE));
        assert_eq!(asks, [false, false, true, false, false, true]);
        outage.failed(at(21), at(25), PAUSE);
        assert!(!outage.asks(at(34), PAUSE), "the pause begins anew");
        assert!(outage.asks(at(35), PAUSE));
    }

    #[test]
    fn an_answer_ends_it_if_it_was_asked_for_since() {
        let (at, mut outage) = (clock(), Outage::default());
        outage.failed(at(0), at(2), PAUSE);
        assert_eq!(outage.answered(at(1), at(3)), None, "sent before");
        assert!(!outage.asks(at(3), PAUSE));
        assert_eq!(
            outage.answered(at(12), at(13)),
            Some(Duration::from_secs(11))
        );
        assert!(outage.asks(at(13), PAUSE) && outage.asks(at(13), PAUSE));
        assert!(
            !outage.failed(at(12), at(14), PAUSE),
            "asked before it was back"
        );
        assert!(outage.asks(at(14), PAUSE));
        assert!(outage.failed(at(13), at(15), PAUSE));
    }

    #[test]
    fn a_pause_without_end_is_not_asked_again() {
        // What cannot be counted is no pause at all, rather than a store that is lost for good.
        let (at, mut outage) = (clock(), Outage::default());
        outage.failed(at(0), at(0), Duration::MAX);
        assert!(outage.asks(at(1), Duration::MAX));
    }
}
