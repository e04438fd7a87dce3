//! How fast to go when the server has said "too fast": down at once, and up again along a cubic, as
//! CUBIC does for TCP and AWS for API calls.

use crate::bucket::Pace;
use crate::clock::Nanos;

/// What a response says about our speed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Signal {
    pub(crate) throttled: bool,
    /// At most so many tokens a second, by what the server says is left.
    pub(crate) most: Option<f64>,
}

/// The speed after a refusal. Rates are tokens a second.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cubic {
    base: Pace,
    /// The rate that was too fast, to which the curve comes back, and beyond which it tries.
    crest: f64,
    since: Nanos,
}

/// What is left of a rate that was too fast.
const BETA: f64 = 0.7;

/// How steep the curve is.
const SCALE: f64 = 0.4;

/// So much of the base rate is left, however often the server refuses.
const LEAST: f64 = 0.01;

/// Nanoseconds in a second.
const SECOND: f64 = 1e9;

impl Cubic {
    /// A speed that nobody has complained about.
    pub(crate) fn new(base: Pace) -> Self {
        let crest = rate(base);
        let since = 0;
        Self { base, crest, since }
    }

    /// The pace from now on, after a response to a request that left at `left`.
    ///
    /// Requests that left before the last step down say nothing about the speed since then.
    pub(crate) fn hear(&mut self, now: Nanos, left: Nanos, current: Pace, signal: Signal) -> Pace {
        let is_news = signal.throttled && (self.since == 0 || left >= self.since);
        if is_news {
            self.crest = rate(current);
            self.since = now.max(1);
        }
        let most = signal.most.unwrap_or(f64::INFINITY);
        self.pace(self.curve(now).min(most))
    }

    fn curve(&self, now: Nanos) -> f64 {
        if self.since == 0 {
            return rate(self.base);
        }
        #[allow(clippy::cast_precision_loss, reason = "a time in seconds")]
        let elapsed = now.saturating_sub(self.since) as f64 / SECOND;
        let back = (self.crest * (1.0 - BETA) / SCALE).cbrt();
        SCALE * (elapsed - back).powi(3) + self.crest
    }

    /// As a pace: never faster than the base one, and never as good as none.
    fn pace(&self, wanted: f64) -> Pace {
        let usual = rate(self.base);
        if wanted >= usual {
            return self.base;
        }
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is positive, and a cast saturates"
        )]
        let price = (SECOND / wanted.max(usual * LEAST)).ceil() as u64;
        Pace {
            price,
            span: price.saturating_mul(self.base.burst()),
        }
    }
}

/// Tokens a second.
#[allow(clippy::cast_precision_loss, reason = "a rate need not be exact")]
pub(crate) fn rate(pace: Pace) -> f64 {
    SECOND / pace.price.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Pace = Pace {
        price: 10_000_000,
        span: 100_000_000,
    };

    const REFUSED: Signal = Signal {
        throttled: true,
        most: None,
    };

    fn seconds(seconds: u64) -> Nanos {
        seconds * 1_000_000_000
    }

    #[test]
    fn a_refusal_takes_three_tenths_off_at_once() {
        let mut cubic = Cubic::new(BASE);
        let now = seconds(100);
        let slow = cubic.hear(now, now, BASE, REFUSED);
        assert!((rate(slow) - 70.0).abs() < 0.01, "{slow:?}");
        assert_eq!(slow.burst(), 10, "the burst stays");
        let again = cubic.hear(now + 1, now, slow, REFUSED);
        assert!((rate(again) - 49.0).abs() < 0.01, "{again:?}");
    }

    #[test]
    fn refusals_of_requests_that_left_before_the_step_do_not_count_again() {
        let mut cubic = Cubic::new(BASE);
        let now = seconds(100);
        let slow = cubic.hear(now, now, BASE, REFUSED);
        let same = cubic.hear(now + 5, now - 1, slow, REFUSED);
        assert!((rate(same) - 70.0).abs() < 0.01, "{same:?}");
    }

    #[test]
    fn it_comes_back_along_the_curve_and_no_further_than_the_base() {
        let mut cubic = Cubic::new(BASE);
        let now = seconds(100);
        let mut pace = cubic.hear(now, now, BASE, REFUSED);
        let mut before = rate(pace);
        for second in 1..=20 {
            let at = now + seconds(second);
            pace = cubic.hear(at, at, pace, Signal::default());
            assert!(rate(pace) >= before, "second {second}");
            before = rate(pace);
        }
        // The cube root of 100 · 0.3 / 0.4 is 4.2 s.
        assert_eq!(pace, BASE);
        let mut cubic = Cubic::new(BASE);
        cubic.hear(now, now, BASE, REFUSED);
        let near = cubic.hear(now + seconds(4), now, BASE, Signal::default());
        assert!(rate(near) > 99.9 && near != BASE, "{near:?}");
    }

    #[test]
    fn what_the_server_says_is_left_caps_the_rate_while_it_says_so() {
        let mut cubic = Cubic::new(BASE);
        let capped = Signal {
            throttled: false,
            most: Some(20.0),
        };
        let pace = cubic.hear(seconds(1), 0, BASE, capped);
        assert!((rate(pace) - 20.0).abs() < 0.01);
        assert_eq!(cubic.hear(seconds(2), 0, pace, Signal::default()), BASE);
    }

    #[test]
    fn something_is_left_however_often_the_server_refuses() {
        let mut cubic = Cubic::new(BASE);
        let mut pace = BASE;
        for step in 0..100 {
            let now = seconds(100) + step;
            pace = cubic.hear(now, now, pace, REFUSED);
        }
        assert!((rate(pace) - 1.0).abs() < 0.01, "{pace:?}");
    }
}
