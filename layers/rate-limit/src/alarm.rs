//! Notices a caller in a loop: the same key delayed or refused again and again.

use crate::clock::Nanos;

/// Counts in windows that begin with the first of their events.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Alarm {
    since: Nanos,
    count: u32,
}

impl Alarm {
    /// One more event; whether it is the one that raises the alarm, once in a window.
    pub(crate) fn note(&mut self, now: Nanos, (times, window): (u32, Nanos)) -> bool {
        if self.count == 0 || now.saturating_sub(self.since) >= window {
            *self = Self {
                since: now,
                count: 0,
            };
        }
        self.count = self.count.saturating_add(1);
        self.count == times
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: (u32, Nanos) = (3, 10);

    #[test]
    fn the_nth_event_in_a_window_raises_it_once() {
        let mut alarm = Alarm::default();
        let raised: Vec<_> = [0, 1, 9, 9, 9].map(|now| alarm.note(now, RULE)).into();
        assert_eq!(raised, [false, false, true, false, false]);
    }

    #[test]
    fn a_new_window_counts_anew() {
        let mut alarm = Alarm::default();
        let raised: Vec<_> = [5, 6, 15, 16, 17].map(|now| alarm.note(now, RULE)).into();
        assert_eq!(raised, [false, false, false, false, true]);
    }

    #[test]
    fn zero_turns_it_off() {
        let mut alarm = Alarm::default();
        assert!((0..100).all(|now| !alarm.note(now, (0, 10))));
    }
}
