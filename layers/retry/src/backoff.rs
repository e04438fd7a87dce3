use std::time::Duration;

use crate::error::{InvalidRetry, Rule};

/// How long to wait before each retry, before [`Jitter`](crate::Jitter) spreads it.
///
/// Retries are counted from 1. A delay never exceeds the cap.
///
/// | shape | before retry `n` |
/// | --- | --- |
/// | [`constant`](Self::constant) | `base` |
/// | [`linear`](Self::linear) | `base × n` |
/// | [`exponential`](Self::exponential) | `base × factor^(n − 1)` |
///
/// tower's `ExponentialBackoff` owns the random numbers as well, and clones of it draw the same ones;
/// here a backoff is a plain value and the draw is made elsewhere, anew for each wait.
///
/// ```
/// use std::time::Duration;
/// use buttress_retry::Backoff;
///
/// // 10, 100, 1 000, 10 000 and at most 30 000 ms
/// let tens = Backoff::exponential(Duration::from_millis(10))
///     .factor(10.0)
///     .cap(Duration::from_secs(30));
///
/// assert_eq!(tens.delay(2), Duration::from_millis(100));
/// assert_eq!(tens.delay(9), Duration::from_secs(30));
/// ```
///
/// A [`RetryLayer`](crate::RetryLayer) refuses a backoff whose cap is below its base, or whose factor
/// is below 1 or not a number. In an [`Override`](crate::Override), which cannot refuse anything, the
/// cap wins over the base, and such a factor counts as 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Backoff {
    shape: Shape,
    base: Duration,
    cap: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    Constant,
    Linear,
    Exponential { factor: f64 },
}

/// The longest delay unless set.
const CAP: Duration = Duration::from_secs(20);

impl Backoff {
    /// The same delay before every retry.
    #[must_use]
    pub const fn constant(delay: Duration) -> Self {
        Self {
            shape: Shape::Constant,
            base: delay,
            cap: delay,
        }
    }

    /// One `base` more before every further retry, up to a cap of 20 s.
    #[must_use]
    pub const fn linear(base: Duration) -> Self {
        Self {
            shape: Shape::Linear,
            base,
            cap: CAP,
        }
    }

    /// Twice as long before every further retry, up to a cap of 20 s.
    #[must_use]
    pub const fn exponential(base: Duration) -> Self {
        Self {
            shape: Shape::Exponential { factor: 2.0 },
            base,
            cap: CAP,
        }
    }

    /// By how much an exponential delay grows with each retry; the others have no factor.
    #[must_use]
    pub const fn factor(mut self, factor: f64) -> Self {
        if let Shape::Exponential { .. } = self.shape {
            self.shape = Shape::Exponential { factor };
        }
        self
    }

    /// The longest delay.
    #[must_use]
    pub const fn cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// The delay before retry `n`, counted from 1.
    #[must_use]
    pub fn delay(&self, n: u32) -> Duration {
        let grown = match self.shape {
            Shape::Constant => self.base,
            Shape::Linear => self.base.saturating_mul(n.max(1)),
            Shape::Exponential { factor } => self.grown(factor, n),
        };
        grown.min(self.cap)
    }

    fn grown(&self, factor: f64, n: u32) -> Duration {
        let exponent = i32::try_from(n.saturating_sub(1)).unwrap_or(i32::MAX);
        // `max` takes the number when the factor is none.
        let times = factor.max(1.0).powi(exponent);
        Duration::try_from_secs_f64(self.base.as_secs_f64() * times).unwrap_or(Duration::MAX)
    }

    pub(crate) const fn base(&self) -> Duration {
        self.base
    }

    pub(crate) const fn ceiling(&self) -> Duration {
        self.cap
    }

    /// The same shape and cap, starting from no less than `base`.
    pub(crate) fn starting_at_least(mut self, base: Duration) -> Self {
        self.base = self.base.max(base);
        if self.shape == Shape::Constant {
            self.cap = self.cap.max(base);
        }
        self
    }

    pub(crate) fn check(&self) -> Result<(), InvalidRetry> {
        if self.cap < self.base {
            return Err(Rule::CapBelowBase.into());
        }
        match self.shape {
            Shape::Exponential { factor } if factor.is_nan() || factor < 1.0 => {
                Err(Rule::FactorBelowOne.into())
            }
            _ => Ok(()),
        }
    }
}

impl Default for Backoff {
    /// Exponential: 100 ms, doubling, at most 20 s.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(backoff: Backoff, retries: u32) -> Vec<u128> {
        (1..=retries)
            .map(|n| backoff.delay(n).as_millis())
            .collect()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ic31_linear_is_a_base_for_each_retry_and_exponential_doubles() {
        assert_eq!(
            millis(Backoff::linear(SECOND), 4),
            [1_000, 2_000, 3_000, 4_000]
        );
        assert_eq!(
            millis(Backoff::exponential(SECOND), 4),
            [1_000, 2_000, 4_000, 8_000]
        );
    }

    #[test]
    fn jp11_a_second_doubles_over_three_retries() {
        assert_eq!(
            millis(Backoff::exponential(SECOND), 3),
            [1_000, 2_000, 4_000]
        );
    }

    #[test]
    fn bq24_powers_of_ten_end_at_thirty_seconds() {
        let tens = Backoff::exponential(Duration::from_millis(10))
            .factor(10.0)
            .cap(Duration::from_secs(30));
        assert_eq!(millis(tens, 6), [10, 100, 1_000, 10_000, 30_000, 30_000]);
    }

    #[test]
    fn a_constant_stays() {
        assert_eq!(millis(Backoff::constant(SECOND * 30), 3), [30_000; 3]);
        assert_eq!(millis(Backoff::constant(SECOND).factor(3.0), 3), [1_000; 3]);
    }

    #[test]
    fn the_default_starts_at_a_tenth_of_a_second_and_ends_at_twenty() {
        let all = [
            100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 20_000, 20_000,
        ];
        assert_eq!(millis(Backoff::default(), 10), all);
    }

    #[test]
    fn no_retry_is_so_late_that_the_delay_overflows() {
        let longest = Backoff::exponential(Duration::MAX).cap(Duration::MAX);
        assert_eq!(longest.delay(u32::MAX), Duration::MAX);
        assert_eq!(
            Backoff::linear(Duration::MAX).cap(Duration::MAX).delay(9),
            Duration::MAX
        );
        assert_eq!(Backoff::default().delay(u32::MAX), CAP);
        assert_eq!(Backoff::default().delay(0), Backoff::default().delay(1));
        assert_eq!(Backoff::linear(SECOND).delay(0), SECOND);
    }

    #[test]
    fn what_an_override_cannot_refuse_is_still_sound() {
        for factor in [f64::NAN, -1.0, 0.5, f64::NEG_INFINITY] {
            let odd = Backoff::exponential(SECOND).factor(factor);
            assert_eq!(millis(odd, 3), [1_000; 3], "{factor}");
            assert!(odd.check().is_err(), "{factor}");
        }
        let infinite = Backoff::exponential(SECOND).factor(f64::INFINITY);
        assert_eq!(infinite.delay(2), CAP);
        assert_eq!(
            Backoff::exponential(SECOND).cap(SECOND / 2).delay(1),
            SECOND / 2
        );
    }

    #[test]
    fn starting_later_keeps_the_shape_and_the_cap() {
        assert_eq!(
            millis(Backoff::default().starting_at_least(SECOND), 2),
            [1_000, 2_000]
        );
        assert_eq!(Backoff::default().starting_at_least(CAP * 2).delay(1), CAP);
        assert_eq!(
            Backoff::constant(SECOND / 2)
                .starting_at_least(SECOND)
                .delay(1),
            SECOND
        );
        assert_eq!(
            Backoff::linear(SECOND * 2)
                .starting_at_least(SECOND)
                .delay(1),
            SECOND * 2
        );
    }

    #[test]
    fn a_cap_equal_to_the_base_and_a_factor_of_one_are_sound_settings() {
        assert!(
            Backoff::exponential(SECOND)
                .cap(SECOND)
                .factor(1.0)
                .check()
                .is_ok()
        );
        assert!(Backoff::linear(SECOND).cap(SECOND / 2).check().is_err());
    }
}
