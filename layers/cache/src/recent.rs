//! What happened lately to a key, in a table of fixed size: what falls out of it is forgotten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

const PLACES: usize = 1_024;

/// So long a response that was for its request alone is taken for a sign that the next is so, too.
const LIFE: u64 = 10;

/// Keys whose responses could not be shared lately, so that their requests do not wait for each other
/// in vain.
#[derive(Debug)]
pub(crate) struct Unfit(Box<[AtomicU64]>);

/// How well known it is that the responses to a key are not for sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// Nothing is known.
    Not,
    /// The last one was stored, but each request has to ask whether it is still right.
    Validated,
    /// The last one was not.
    Once,
    /// The last two were not.
    Well,
}

impl Unfit {
    pub(crate) fn new() -> Self {
        Self(places())
    }

    #[inline]
    pub(crate) fn known(&self, hash: u64, now: SystemTime) -> Known {
        Self::read(self.place(hash).load(Ordering::Relaxed), hash, seconds(now))
    }

    pub(crate) fn remember(&self, hash: u64, now: SystemTime) {
        let (place, now) = (self.place(hash), seconds(now));
        let strength = match Self::read(place.load(Ordering::Relaxed), hash, now) {
            Known::Not | Known::Validated => ONCE,
            Known::Once | Known::Well => WELL,
        };
        place.store(entry(hash, strength, now), Ordering::Relaxed);
    }

    /// The same of one that is stored, but answers nobody without a question to the origin.
    pub(crate) fn remember_validated(&self, hash: u64, now: SystemTime) {
        let place = self.place(hash);
        place.store(entry(hash, VALIDATED, seconds(now)), Ordering::Relaxed);
    }

    pub(crate) fn forget(&self, hash: u64) {
        let place = self.place(hash);
        let found = place.load(Ordering::Relaxed);
        if found != 0 && found & MARK == mark(hash) {
            place.store(0, Ordering::Relaxed);
        }
    }

    fn read(found: u64, hash: u64, now: u64) -> Known {
        let age = (now & TIME).wrapping_sub(found & TIME) & TIME;
        if found & MARK != mark(hash) || age > LIFE {
            return Known::Not;
        }
        match found >> 30 & 3 {
            ONCE => Known::Once,
            WELL => Known::Well,
            VALIDATED => Known::Validated,
            _ => Known::Not,
        }
    }

    #[inline]
    fn place(&self, hash: u64) -> &AtomicU64 {
        &self.0[place(hash)]
    }
}

const MARK: u64 = !0 << 32;
const TIME: u64 = (1 << 30) - 1;

/// What is known, in the two bits between.
const ONCE: u64 = 1;
const WELL: u64 = 2;
const VALIDATED: u64 = 3;

fn entry(hash: u64, known: u64, now: u64) -> u64 {
    mark(hash) | known << 30 | (now & TIME)
}

fn mark(hash: u64) -> u64 {
    hash & MARK
}

fn place(hash: u64) -> usize {
    usize::try_from(hash % PLACES as u64).unwrap_or_default()
}

fn places() -> Box<[AtomicU64]> {
    (0..PLACES).map(|_| AtomicU64::new(0)).collect()
}

fn since_epoch(now: SystemTime) -> Duration {
    now.duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// In numbers that a processor divides quickly.
fn millis(time: Duration) -> u64 {
    time.as_secs()
        .saturating_mul(1_000)
        .saturating_add(time.subsec_millis().into())
}

fn seconds(now: SystemTime) -> u64 {
    since_epoch(now).as_secs()
}

/// Counts the calls of each key in a window.
#[derive(Debug)]
pub(crate) struct Calls(Box<[AtomicU64]>);

impl Calls {
    pub(crate) fn new() -> Self {
        Self(places())
    }

    /// Counts a call; whether it is number `most` of its window.
    #[inline]
    pub(crate) fn count(&self, hash: u64, now: SystemTime, window: Duration, most: u32) -> bool {
        let window = (millis(since_epoch(now)) / millis(window).max(1)) & 0xffff;
        let place = &self.0[place(hash)];
        let found = place.load(Ordering::Relaxed);
        let same = found & MARK == mark(hash) && found >> 16 & 0xffff == window;
        let count = if same {
            (found & 0xffff).saturating_add(1).min(0xffff)
        } else {
            1
        };
        // Two threads may count as one: the sign of a loop is that it goes on.
        place.store(mark(hash) | window << 16 | count, Ordering::Relaxed);
        count == u64::from(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    const HASH: u64 = 0xdead_beef_0000_0007;

    #[test]
    fn what_is_unfit_is_known_better_the_second_time_and_forgotten_after_a_while() {
        let unfit = Unfit::new();
        assert_eq!(unfit.known(HASH, at(1_000)), Known::Not);
        unfit.remember(HASH, at(1_000));
        assert_eq!(unfit.known(HASH, at(1_001)), Known::Once);
        unfit.remember(HASH, at(1_001));
        assert_eq!(unfit.known(HASH, at(1_011)), Known::Well);
        assert_eq!(unfit.known(HASH, at(1_012)), Known::Not);
        assert_eq!(
            unfit.known(HASH ^ 1 << 40, at(1_002)),
            Known::Not,
            "another key"
        );
        assert_eq!(
            unfit.known(HASH, at(900)),
            Known::Not,
            "the clock was put back"
        );
        unfit.forget(HASH);
        assert_eq!(unfit.known(HASH, at(1_002)), Known::Not);
    }

    #[test]
    fn what_is_validated_each_time_is_known_at_once_and_is_no_sign_of_the_other() {
        let unfit = Unfit::new();
        unfit.remember(HASH, at(1_000));
        unfit.remember_validated(HASH, at(1_000));
        assert_eq!(unfit.known(HASH, at(1_010)), Known::Validated);
        assert_eq!(unfit.known(HASH, at(1_011)), Known::Not);
        unfit.remember_validated(HASH, at(1_000));
        unfit.remember(HASH, at(1_000));
        assert_eq!(unfit.known(HASH, at(1_000)), Known::Once);
    }

    #[test]
    fn a_key_that_falls_to_the_same_place_takes_it() {
        let (unfit, other) = (Unfit::new(), HASH ^ 1 << 40);
        unfit.remember(HASH, at(1_000));
        unfit.remember(other, at(1_000));
        assert_eq!(unfit.known(HASH, at(1_000)), Known::Not);
        unfit.forget(HASH);
        assert_eq!(unfit.known(other, at(1_000)), Known::Once);
    }

    #[test]
    fn calls_are_counted_by_window_and_told_once() {
        let calls = Calls::new();
        let window = Duration::from_secs(1);
        let told = |now, most| {
            (0..20)
                .filter(|_| calls.count(HASH, now, window, most))
                .count()
        };
        assert_eq!(told(at(1), 10), 1);
        assert_eq!(told(at(2), 10), 1);
        assert_eq!(told(at(3), 21), 0);
    }
}
