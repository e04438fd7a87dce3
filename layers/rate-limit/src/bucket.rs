//! A token bucket as arithmetic: level and time in one number.

use crate::clock::Nanos;

/// What a token costs, in the time that it takes to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// For one token.
    pub(crate) price: Nanos,
    /// For all that the bucket holds.
    pub(crate) span: Nanos,
}

impl Pace {
    pub(crate) fn new(price: Nanos, burst: u32) -> Self {
        let span = price.saturating_mul(burst.into());
        Self { price, span }
    }

    /// What so many tokens cost.
    #[inline]
    pub(crate) fn need(self, tokens: u64) -> Nanos {
        self.price.saturating_mul(tokens)
    }

    /// How many tokens the bucket holds.
    pub(crate) fn burst(self) -> u64 {
        self.span / self.price.max(1)
    }
}

/// A bucket.
///
/// The instant at which it would be full says it all: what is missing is the time from now until
/// then, and a bucket whose instant has passed is full. So nothing has to be refilled, and level and
/// time change together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) full_at: Nanos,
    pub(crate) pace: Pace,
}

/// Timers are a millisecond late, and busy runtimes a little more. Without this allowance a bucket of
/// one would never let more than one through in a millisecond.
const GRAIN: Nanos = 5_000_000;

impl Bucket {
    /// The bucket after `need` was taken, if there is enough in it; or else the instant from which
    /// on there will be.
    ///
    /// Who needs more than the bucket holds (the bucket was made smaller while it waited) has to wait
    /// until it is full, and leaves a debt behind.
    #[inline]
    pub(crate) fn take(self, now: Nanos, need: Nanos) -> Result<Self, Nanos> {
        let full_at = self.full_at.max(now).saturating_add(need);
        let room = self.pace.span.max(need);
        if full_at - now <= room {
            Ok(Self { full_at, ..self })
        } else {
            Err(full_at - room)
        }
    }

    /// As [`take`](Self::take), for one who waits and is looked at late: tokens that came while nobody
    /// looked are not lost, as far as the grain of timers is to blame.
    pub(crate) fn take_late(self, now: Nanos, need: Nanos) -> Result<Self, Nanos> {
        let Self { full_at, .. } = self.take(now, need)?;
        let then = now.saturating_sub(GRAIN);
        let paid = self.full_at.max(then).saturating_add(need);
        let full_at = full_at.min(paid);
        Ok(Self { full_at, ..self })
    }

    /// When the last of so many tokens will have come, if all before are taken as they come.
    pub(crate) fn ready_at(self, now: Nanos, tokens: u64) -> Nanos {
        let full_at = self.full_at.max(now);
        let later = full_at.saturating_add(self.pace.need(tokens));
        later.saturating_sub(self.pace.span).max(now)
    }

    /// Tokens that were taken and not used. What would not have fitted in is lost.
    pub(crate) fn refund(&mut self, need: Nanos) {
        self.full_at = self.full_at.saturating_sub(need);
    }

    /// It holds no more than so many whole tokens and a part of one, as somebody says who saw others
    /// take from it.
    pub(crate) fn cap(&mut self, then: Nanos, tokens: u64) {
        let most = self.pace.need(tokens.saturating_add(1));
        let missing = self.pace.span.saturating_sub(most);
        if missing > 0 {
            self.full_at = self.full_at.max(then.saturating_add(missing));
        }
    }

    /// There is not enough for `need` in it before `ready`, as somebody says who saw others take from
    /// it.
    pub(crate) fn delay(&mut self, ready: Nanos, need: Nanos) {
        let room = self.pace.span.max(need);
        self.full_at = self.full_at.max(ready.saturating_add(room - need));
    }

    /// How many whole tokens are in it.
    pub(crate) fn level(self, now: Nanos) -> u64 {
        let missing = self.full_at.saturating_sub(now);
        self.pace.span.saturating_sub(missing) / self.pace.price.max(1)
    }

    /// Another pace from now on. The level stays, parts of a token included, as far as it fits in.
    pub(crate) fn set_pace(&mut self, now: Nanos, pace: Pace) {
        let missing = self.full_at.saturating_sub(now);
        let held = self.pace.span.saturating_sub(missing);
        let held = u128::from(held) * u128::from(pace.price) / u128::from(self.pace.price.max(1));
        let held = u64::try_from(held).map_or(pace.span, |held| held.min(pace.span));
        self.full_at = now.saturating_add(pace.span - held);
        self.pace = pace;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        price: 10,
        span: 30,
    };

    fn bucket(full_at: Nanos) -> Bucket {
        Bucket {
            full_at,
            pace: PACE,
        }
    }

    #[test]
    fn a_bucket_starts_full_and_holds_its_burst() {
        assert_eq!(PACE, Pace::new(10, 3));
        assert_eq!(PACE.burst(), 3);
        assert_eq!(bucket(0).level(100), 3);
        assert_eq!(bucket(0).take(100, 30), Ok(bucket(130)));
        assert_eq!(bucket(130).level(100), 0);
        assert_eq!(bucket(130).take(100, 10), Err(110));
        assert_eq!(bucket(130).take(110, 10), Ok(bucket(140)));
        assert_eq!(bucket(130).level(119), 1);
        assert_eq!(bucket(130).level(120), 2);
    }

    #[test]
    fn who_needs_more_than_there_is_room_for_waits_for_a_full_bucket() {
        assert_eq!(bucket(130).take(129, 50), Err(130));
        assert_eq!(bucket(130).take(130, 50), Ok(bucket(180)));
    }

    #[test]
    fn a_late_look_loses_nothing_within_the_grain() {
        let paid = bucket(130).take_late(130, 10).unwrap();
        assert_eq!(paid.full_at, 140, "not counted from now on");
        let late = 130 + 2 * GRAIN;
        let paid = bucket(130).take_late(late, 10).unwrap();
        assert_eq!(paid.full_at, late - GRAIN + 10);
        assert_eq!(
            bucket(130).take_late(109, 10),
            Err(110),
            "and is never early"
        );
    }

    #[test]
    fn tokens_are_ready_one_after_the_other() {
        assert_eq!(bucket(0).ready_at(100, 3), 100);
        assert_eq!(bucket(130).ready_at(100, 1), 110);
        assert_eq!(bucket(130).ready_at(105, 4), 140);
        assert_eq!(bucket(0).ready_at(100, u64::MAX), u64::MAX - 30);
    }

    #[test]
    fn another_pace_keeps_the_level_and_parts_of_a_token() {
        let mut changed = bucket(115);
        changed.set_pace(100, Pace::new(20, 10));
        assert_eq!(changed.level(100), 1);
        assert_eq!(changed.level(110), 2, "one and a half were in it");
        changed.set_pace(110, Pace::new(20, 1));
        assert_eq!((changed.level(110), changed.full_at), (1, 110));
    }

    #[test]
    fn who_knows_better_lowers_the_level_and_never_raises_it() {
        let mut capped = bucket(0);
        capped.cap(100, 1);
        assert_eq!(capped, bucket(110), "two at most, since one has a part");
        capped.cap(100, 2);
        assert_eq!(capped, bucket(110));
        let mut full = bucket(0);
        full.cap(100, u64::MAX);
        assert_eq!(full, bucket(0), "which says nothing");
    }

    #[test]
    fn who_knows_better_says_when_there_is_enough() {
        let mut delayed = bucket(0);
        delayed.delay(100, 20);
        assert_eq!(delayed.take(99, 20), Err(100));
        assert_eq!(delayed.take(100, 20), Ok(bucket(130)));
        delayed.delay(90, 20);
        assert_eq!(delayed, bucket(110), "and never that there is more");
        delayed.delay(200, 50);
        assert_eq!(
            delayed.take(199, 50),
            Err(200),
            "more than there is room for"
        );
    }

    #[test]
    fn a_refund_puts_back_what_was_taken_and_no_more() {
        let mut paid = bucket(0).take(100, 20).unwrap();
        paid.refund(20);
        assert_eq!(paid.level(100), 3);
        let mut never = bucket(5);
        never.refund(10);
        assert_eq!(never, bucket(0));
    }
}
