//! When the next call is due.

use std::time::Duration;

use tokio::time::Instant;

/// A poll's interval, and where it stands.
#[derive(Debug)]
pub(super) struct Rhythm {
    interval: Duration,
    jitter: f64,
    max_backoff: Option<Duration>,
    random: fastrand::Rng,
    /// When the first call began: beats are counted from here.
    origin: Option<Instant>,
    /// When the latest did.
    began: Option<Instant>,
    /// By how much the call that is planned, or under way, was put off from its beat.
    put_off: Duration,
    failures: u32,
}

/// How a call ended.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ended {
    Well,
    /// In a failure, perhaps with the instant before which the server does not want to be asked.
    Failed(Option<Instant>),
}

/// As far ahead as anything is planned: what is beyond the clock's range is as good as never.
const FAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

impl Rhythm {
    pub(super) fn new() -> Self {
        Self {
            interval: Duration::from_secs(5),
            jitter: 0.1,
            max_backoff: None,
            random: fastrand::Rng::new(),
            origin: None,
            began: None,
            put_off: Duration::ZERO,
            failures: 0,
        }
    }

    pub(super) fn every(&mut self, interval: Duration) {
        self.interval = interval.clamp(Duration::from_millis(1), FAR);
    }

    /// What is no share becomes the nearest one.
    pub(super) fn jitter(&mut self, share: f64) {
        self.jitter = if share.is_nan() {
            0.0
        } else {
            share.clamp(0.0, 1.0)
        };
    }

    pub(super) fn seed(&mut self, seed: u64) {
        self.random = fastrand::Rng::with_seed(seed);
    }

    pub(super) fn max_backoff(&mut self, pause: Duration) {
        self.max_backoff = Some(pause.min(FAR));
    }

    /// A call begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.origin.get_or_insert(now);
        self.began = Some(now);
    }

    /// When the next call begins, after one that ended `now`.
    pub(super) fn next(&mut self, now: Instant, end: Ended) -> Instant {
        let beat = self.beat(now);
        let planned = match end {
            Ended::Well => {
                self.failures = 0;
                beat
            }
            Ended::Failed(pushback) => {
                self.failures = self.failures.saturating_add(1);
                // Never before the beat that a success would have waited for.
                let pause = (now + self.backoff()).max(beat);
                pushback.map_or(pause, |at| at.min(now + FAR).max(pause))
            }
        };
        self.put_off = self.interval.mul_f64(self.jitter * self.random.f64());
        (planned + self.put_off).max(self.soonest(Duration::ZERO).unwrap_or(now))
    }

    /// Half an interval behind the latest call's beginning, had that been so much earlier.
    fn soonest(&self, earlier: Duration) -> Option<Instant> {
        let began = self.began?;
        Some(began.checked_sub(earlier).unwrap_or(began) + self.interval / 2)
    }

    /// The beat of the next call. A call that began late, for a slow reader, is not followed by one on a beat
    /// that is all but there; that jitter put it off does not count as late.
    fn beat(&self, now: Instant) -> Instant {
        let beat = self.beat_after(now);
        match self.soonest(self.put_off) {
            Some(soonest) if beat < soonest => self.beat_after(soonest - Duration::from_nanos(1)),
            _ => beat,
        }
    }

    /// Twice the interval after the first failure, then doubling.
    fn backoff(&self) -> Duration {
        let cap = self
            .max_backoff
            .unwrap_or(self.interval.saturating_mul(10))
            .min(FAR);
        let factor = 2_u32.saturating_pow(self.failures);
        self.interval.saturating_mul(factor).min(cap)
    }

    /// The first beat that is not over; a call that took no time does not meet its own again.
    fn beat_after(&self, now: Instant) -> Instant {
        let since = self
            .origin
            .map_or(Duration::ZERO, |origin| now.duration_since(origin));
        let interval = self.interval.as_nanos().max(1);
        let into = since.as_nanos() % interval;
        let left = u64::try_from(interval - into).unwrap_or(u64::MAX);
        now + Duration::from_nanos(left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn rhythm() -> (Rhythm, Instant) {
        let mut rhythm = Rhythm::new();
        rhythm.every(secs(10));
        rhythm.jitter(0.0);
        let origin = Instant::now();
        rhythm.begin(origin);
        (rhythm, origin)
    }

    #[test]
    fn calls_keep_to_the_beats_and_leave_out_those_that_passed() {
        let (mut rhythm, origin) = rhythm();
        for (ended, next) in [(0, 10), (3, 10), (9, 10), (10, 20), (25, 30), (99, 100)] {
            assert_eq!(
                rhythm.next(origin + secs(ended), Ended::Well),
                origin + secs(next),
                "{ended}"
            );
        }
    }

    #[test]
    fn failures_double_the_pause_up_to_the_cap_and_a_success_ends_that() {
        let (mut rhythm, origin) = rhythm();
        rhythm.max_backoff(secs(50));
        let failed = Ended::Failed(None);
        for pause in [20, 40, 50, 50] {
            assert_eq!(rhythm.next(origin, failed), origin + secs(pause));
        }
        assert_eq!(rhythm.next(origin, Ended::Well), origin + secs(10));
        assert_eq!(rhythm.next(origin, failed), origin + secs(20));
        for _ in 0..100 {
            rhythm.next(origin, failed);
        }
        let (mut usual, origin) = self::rhythm();
        usual.failures = 1_000;
        assert_eq!(usual.next(origin, failed), origin + secs(100));
    }

    #[test]
    fn a_servers_wish_is_a_lower_bound() {
        let (mut rhythm, origin) = rhythm();
        let wish = |at: u64| Ended::Failed(Some(origin + secs(at)));
        assert_eq!(rhythm.next(origin, wish(5)), origin + secs(20));
        assert_eq!(rhythm.next(origin, wish(500)), origin + secs(500));
    }

    #[test]
    fn a_cap_below_the_interval_does_not_hurry() {
        let (mut rhythm, origin) = rhythm();
        rhythm.max_backoff(secs(1));
        assert_eq!(
            rhythm.next(origin + secs(2), Ended::Failed(None)),
            origin + secs(10)
        );
    }

    #[test]
    fn jitter_puts_off_by_a_share_of_the_interval_at_most() {
        let (mut rhythm, origin) = rhythm();
        rhythm.jitter(0.5);
        rhythm.seed(7);
        let offs: Vec<_> = (0..100)
            .map(|_| rhythm.next(origin, Ended::Well) - origin - secs(10))
            .collect();
        assert!(offs.iter().all(|off| *off <= secs(5)));
        assert!(offs.iter().any(|off| *off > secs(4)) && offs.iter().any(|off| *off < secs(1)));
        rhythm.seed(7);
        assert_eq!(
            rhythm.next(origin, Ended::Well) - origin - secs(10),
            offs[0]
        );
    }

    #[test]
    fn half_an_interval_lies_between_two_calls_however_late_the_first_and_however_large_the_jitter()
    {
        for (began, next) in [(14, 20), (15, 20), (16, 30), (19, 30), (20, 30), (35, 40)] {
            let (mut rhythm, origin) = rhythm();
            rhythm.next(origin, Ended::Well);
            let began = origin + secs(began);
            rhythm.begin(began);
            assert_eq!(rhythm.next(began, Ended::Well), origin + secs(next));
        }
        let (mut rhythm, origin) = rhythm();
        rhythm.jitter(1.0);
        rhythm.seed(3);
        let mut began = origin;
        for number in 1..200 {
            let next = rhythm.next(began, Ended::Well);
            assert!(next - began >= secs(5), "{number}");
            let beat = origin + secs(10) * number;
            assert!((beat..=beat + secs(10)).contains(&next), "{number}");
            rhythm.begin(next);
            began = next;
        }
    }

    #[test]
    fn absurd_settings_are_brought_into_range() {
        let (mut rhythm, origin) = rhythm();
        for jitter in [f64::NAN, -1.0, f64::INFINITY] {
            rhythm.jitter(jitter);
            let next = rhythm.next(origin, Ended::Well);
            assert!(
                next >= origin + secs(10) && next <= origin + secs(20),
                "{jitter}"
            );
        }
        rhythm.jitter(0.0);
        rhythm.every(Duration::ZERO);
        assert_eq!(
            rhythm.next(origin, Ended::Well),
            origin + Duration::from_millis(1)
        );
        rhythm.every(Duration::MAX);
        rhythm.max_backoff(Duration::MAX);
        rhythm.failures = u32::MAX;
        assert!(rhythm.next(origin, Ended::Failed(None)) > origin + secs(1));
    }
}
