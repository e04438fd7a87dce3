//! What happened lately to a key, in a table of fixed size: what falls out of it is forgotten.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::now::Now;

const PLACES: usize = 1_024;

type Places = Box<[AtomicU64; PLACES]>;

/// So many seconds a response that was for its request alone is taken for a sign that the next is so,
/// too, and so many go by at most between two looks into the store.
const LIFE: u64 = 10;

/// Keys whose responses could not be shared lately, so that their requests do not wait for each other
/// in vain.
#[derive(Debug)]
pub(crate) struct Unfit(Places);

/// How well known it is that the responses to a key are not for sharing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Known {
    /// Nothing is known.
    Not,
    /// Something is stored, but each request has to ask.
    Validated,
    /// The last one was not stored, nor was there one before.
    Once,
    /// The last two were not, and it is not long since somebody looked: nothing is stored. Soon it is
    /// known no more, unless it is learned again.
    Well { fades: bool },
}

impl Unfit {
    pub(crate) fn new() -> Self {
        Self(places())
    }

    #[inline]
    pub(crate) fn known(&self, mark: Mark, now: Now) -> Known {
        let found = self.place(mark).load(Ordering::Relaxed);
        match Self::read(found, mark, now.seconds()) {
            Known::Well { .. } if since(found >> LOOKED, now.seconds()) > LIFE => Known::Once,
            known => known,
        }
    }

    /// A response was not stored; `alone`: nor is another one.
    pub(crate) fn remember(&self, mark: Mark, now: Now, alone: bool) {
        if alone {
            self.note(mark, now.seconds(), now.seconds());
        } else {
            self.remember_validated(mark, now);
        }
    }

    /// A response was not stored; nobody has looked whether something else is by now.
    #[inline]
    pub(crate) fn remember_unseen(&self, mark: Mark, now: Now) {
        let looked = self.place(mark).load(Ordering::Relaxed) >> LOOKED;
        self.note(mark, now.seconds(), looked);
    }

    fn note(&self, mark: Mark, now: u64, looked: u64) {
        let place = self.place(mark);
        let strength = match Self::read(place.load(Ordering::Relaxed), mark, now) {
            Known::Not | Known::Validated => ONCE,
            Known::Once | Known::Well { .. } => WELL,
        };
        place.store(entry(mark, strength, now, looked), Ordering::Relaxed);
    }

    /// Something is stored, but answers nobody without a question to the origin.
    pub(crate) fn remember_validated(&self, mark: Mark, now: Now) {
        let now = now.seconds();
        self.place(mark)
            .store(entry(mark, VALIDATED, now, now), Ordering::Relaxed);
    }

    /// Something was stored, and nobody knows by what mark it will be asked for.
    pub(crate) fn forget_all(&self) {
        for place in self.0.iter() {
            place.store(0, Ordering::Relaxed);
        }
    }

    pub(crate) fn forget(&self, mark: Mark) {
        let place = self.place(mark);
        let found = place.load(Ordering::Relaxed);
        if found != 0 && found & MARK == mark.high() {
            place.store(0, Ordering::Relaxed);
        }
    }

    #[inline]
    fn read(found: u64, mark: Mark, now: u64) -> Known {
        let age = since(found, now);
        if found & MARK != mark.high() || age > LIFE {
            return Known::Not;
        }
        match found >> KNOWN & 3 {
            ONCE => Known::Once,
            WELL => Known::Well {
                fades: age > LIFE / 2,
            },
            VALIDATED => Known::Validated,
            _ => Known::Not,
        }
    }

    #[inline]
    fn place(&self, mark: Mark) -> &AtomicU64 {
        &self.0[mark.place()]
    }
}

/// A quick number for what tells keys apart. Two keys whose marks meet are taken for one another for some
/// seconds, which costs them questions to the origin, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark(pub(crate) u64);

/// The upper half of a place is that of the mark.
const MARK: u64 = !0 << 32;

impl Mark {
    const fn high(self) -> u64 {
        self.0 & MARK
    }

    #[inline]
    fn place(self) -> usize {
        usize::try_from(self.0 % PLACES as u64).unwrap_or_default()
    }
}

/// Below it, two bits say what is known, and two times when it was learned and when somebody looked.
const KNOWN: u32 = 30;
const LOOKED: u32 = 15;
const TIME: u64 = (1 << LOOKED) - 1;

const ONCE: u64 = 1;
const WELL: u64 = 2;
const VALIDATED: u64 = 3;

fn entry(mark: Mark, known: u64, now: u64, looked: u64) -> u64 {
    mark.high() | known << KNOWN | (looked & TIME) << LOOKED | (now & TIME)
}

/// Seconds between the time in the lowest bits of `then` and now.
fn since(then: u64, now: u64) -> u64 {
    now.wrapping_sub(then) & TIME
}

fn places() -> Places {
    Box::new(std::array::from_fn(|_| AtomicU64::new(0)))
}

/// Counts the calls of each key in a window, which begins with the first of them.
#[derive(Debug)]
pub(crate) struct Calls {
    places: Places,
    most: u64,
    window: u64,
    /// The last bits of a time, which do not matter in a long window.
    vague: u32,
}

/// The lower half of a place has two parts: when the window began, and how many calls there were.
const BEGAN: u32 = 16;
const COUNT: u64 = (1 << BEGAN) - 1;

impl Calls {
    /// So many calls in such a time are told; none where that is 0.
    pub(crate) fn new(most: u32, window: Duration) -> Self {
        let window = Now::count(window);
        // Times go round and round, and a window takes a small part of them.
        let longest = COUNT / 16;
        let vague = (window / longest)
            .checked_ilog2()
            .map_or(0, |bits| bits + 1);
        Self {
            places: places(),
            most: most.into(),
            window: (window >> vague).max(1),
            vague,
        }
    }

    /// Counts a call; whether it is the one that is to be told in its window.
    #[inline]
    pub(crate) fn count(&self, mark: Mark, now: Now) -> bool {
        if self.most == 0 {
            return false;
        }
        let place = &self.places[mark.place()];
        let found = place.load(Ordering::Relaxed);
        let now = now.number() >> self.vague;
        let since = now.wrapping_sub(found >> BEGAN) & COUNT;
        let next = if found & MARK == mark.high() && since < self.window {
            found + u64::from(found & COUNT < COUNT)
        } else {
            mark.high() | (now & COUNT) << BEGAN | 1
        };
        // Two threads may count as one: the sign of a loop is that it goes on.
        place.store(next, Ordering::Relaxed);
        next & COUNT == self.most
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    fn at(seconds: u64) -> Now {
        (SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).into()
    }

    const KEY: Mark = Mark(0xdead_beef_0000_0007);
    const OTHER: Mark = Mark(KEY.0 ^ 1 << 40);

    #[test]
    fn what_is_unfit_is_known_better_the_second_time_and_forgotten_after_a_while() {
        let unfit = Unfit::new();
        assert_eq!(unfit.known(KEY, at(1_000)), Known::Not);
        unfit.remember(KEY, at(1_000), true);
        assert_eq!(unfit.known(KEY, at(1_001)), Known::Once);
        unfit.remember(KEY, at(1_001), true);
        assert_eq!(unfit.known(KEY, at(1_006)), Known::Well { fades: false });
        assert_eq!(unfit.known(KEY, at(1_011)), Known::Well { fades: true });
        assert_eq!(unfit.known(KEY, at(1_012)), Known::Not);
        assert_eq!(unfit.known(OTHER, at(1_002)), Known::Not, "another key");
        assert_eq!(
            unfit.known(KEY, at(900)),
            Known::Not,
            "the clock was put back"
        );
        unfit.forget(KEY);
        assert_eq!(unfit.known(KEY, at(1_002)), Known::Not);
    }

    #[test]
    fn what_is_validated_each_time_is_known_at_once_and_is_no_sign_of_the_other() {
        let unfit = Unfit::new();
        unfit.remember(KEY, at(1_000), true);
        unfit.remember_validated(KEY, at(1_000));
        assert_eq!(unfit.known(KEY, at(1_010)), Known::Validated);
        assert_eq!(unfit.known(KEY, at(1_011)), Known::Not);
        unfit.remember(KEY, at(1_000), false);
        unfit.remember(KEY, at(1_000), true);
        assert_eq!(unfit.known(KEY, at(1_000)), Known::Once);
    }

    #[test]
    fn whoever_does_not_look_into_the_store_is_sent_there_after_a_while() {
        let unfit = Unfit::new();
        unfit.remember(KEY, at(1_000), true);
        unfit.remember(KEY, at(1_000), true);
        for second in 1_000..=1_010 {
            let known = Known::Well { fades: false };
            assert_eq!(unfit.known(KEY, at(second)), known, "{second}");
            unfit.remember_unseen(KEY, at(second));
        }
        assert_eq!(unfit.known(KEY, at(1_011)), Known::Once, "nobody waits yet");
        unfit.remember(KEY, at(1_011), true);
        assert_eq!(unfit.known(KEY, at(1_021)), Known::Well { fades: true });
        unfit.forget_all();
        assert_eq!(unfit.known(KEY, at(1_021)), Known::Not);
    }

    #[test]
    fn a_key_that_falls_to_the_same_place_takes_it() {
        let (unfit, other) = (Unfit::new(), OTHER);
        unfit.remember(KEY, at(1_000), true);
        unfit.remember(other, at(1_000), true);
        assert_eq!(unfit.known(KEY, at(1_000)), Known::Not);
        unfit.forget(KEY);
        assert_eq!(unfit.known(other, at(1_000)), Known::Once);
    }

    #[test]
    fn calls_are_counted_by_window_and_told_once() {
        let told = |calls: &Calls, now| (0..20).filter(|_| calls.count(KEY, now)).count();
        let calls = Calls::new(10, Duration::from_secs(1));
        assert_eq!(told(&calls, at(1)), 1);
        assert_eq!(told(&calls, at(2)), 1);
        let more = Calls::new(21, Duration::from_secs(1));
        assert_eq!(told(&more, at(2)) + told(&more, at(3)), 0);
        assert_eq!(told(&Calls::new(0, Duration::from_secs(1)), at(1)), 0);
    }

    #[test]
    fn a_window_begins_with_its_first_call() {
        let calls = Calls::new(3, Duration::from_millis(250));
        let at = |millis| Now::from(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        let told = [900, 1_000, 1_100, 1_200, 1_449, 1_450].map(|now| calls.count(KEY, at(now)));
        assert_eq!(told, [false, false, true, false, false, false]);
        let none = Calls::new(2, Duration::ZERO);
        assert!(
            !none.count(KEY, at(0)) && none.count(KEY, at(0)),
            "as short as can be told"
        );
    }

    #[test]
    fn a_window_may_be_of_any_length() {
        for seconds in [1, 60, 3_600, 86_400, 31_536_000] {
            let told = |after| {
                let calls = Calls::new(2, Duration::from_secs(seconds));
                calls.count(KEY, at(7)) || calls.count(KEY, at(7 + after))
            };
            assert!(told(seconds - seconds / 100 - 1), "{seconds}");
            assert!(!told(seconds + seconds / 100 + 1), "{seconds}");
            assert!(!told(seconds * 14), "{seconds}");
        }
        let calls = Calls::new(2, Duration::MAX);
        assert!(!calls.count(KEY, at(0)) && calls.count(KEY, at(1 << 40)));
    }
}
