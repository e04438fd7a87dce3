use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::bucket::Pace;
use crate::clock::nanos;

/// How fast a bucket is refilled, and how much it holds.
///
/// A value that exists is valid: none of its parts is zero, and it fills within 73 years.
///
/// ```
/// use std::time::Duration;
/// use buttress_rate_limit::Rate;
///
/// let rate = Rate::per_second(10)?.burst(30)?;
/// assert_eq!(rate.interval(), Duration::from_millis(100));
/// assert_eq!(rate.capacity(), 30);
/// assert!(Rate::per_minute(0).is_err());
/// # Ok::<_, buttress_rate_limit::InvalidRate>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval: u64,
    burst: u32,
}

/// 73 years, in nanoseconds.
const LONGEST: u64 = 1 << 61;

impl Rate {
    /// No bucket holds more.
    pub(crate) const LARGEST: Self = Self {
        interval: 1,
        burst: u32::MAX,
    };

    /// `tokens` a second, and a bucket that holds as many.
    ///
    /// # Errors
    ///
    /// See [`per`](Self::per).
    pub fn per_second(tokens: u32) -> Result<Self, InvalidRate> {
        Self::per(tokens, Duration::from_secs(1))
    }

    /// `tokens` a minute, and a bucket that holds as many.
    ///
    /// # Errors
    ///
    /// See [`per`](Self::per).
    pub fn per_minute(tokens: u32) -> Result<Self, InvalidRate> {
        Self::per(tokens, Duration::from_secs(60))
    }

    /// `tokens` in each `period`, and a bucket that holds as many.
    ///
    /// Tokens come one by one, evenly, each after an equal part of the period, which is rounded up to
    /// the nanosecond: never faster than asked.
    ///
    /// # Errors
    ///
    /// If there are no tokens, more than one in a nanosecond, or if the period is longer than 73 years.
    pub fn per(tokens: u32, period: Duration) -> Result<Self, InvalidRate> {
        if tokens == 0 {
            return Err(InvalidRate(Rule::NoTokens));
        }
        let period = nanos(period);
        if u64::from(tokens) > period {
            return Err(InvalidRate(Rule::TooFast));
        }
        let interval = period.div_ceil(tokens.into());
        let burst = tokens;
        Self { interval, burst }.checked()
    }

    /// The same speed with a bucket that holds `tokens`: so many can go at once after a rest.
    ///
    /// # Errors
    ///
    /// If it is zero, or takes longer than 73 years to fill.
    pub fn burst(mut self, tokens: u32) -> Result<Self, InvalidRate> {
        self.burst = tokens;
        self.checked()
    }

    fn checked(self) -> Result<Self, InvalidRate> {
        let fill = self.interval.saturating_mul(self.burst.into());
        match self.burst {
            0 => Err(InvalidRate(Rule::NoBurst)),
            _ if fill > LONGEST => Err(InvalidRate(Rule::TooSlow)),
            _ => Ok(self),
        }
    }

    /// The time in which one token comes.
    #[must_use]
    pub const fn interval(self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// How many tokens the bucket holds.
    #[must_use]
    pub const fn capacity(self) -> u32 {
        self.burst
    }

    /// The rate of a bucket with this pace.
    pub(crate) fn of(pace: Pace) -> Self {
        Self {
            interval: pace.price,
            burst: u32::try_from(pace.burst()).unwrap_or(u32::MAX),
        }
    }

    pub(crate) fn pace(self) -> Pace {
        Pace::new(self.interval, self.burst)
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "one each {:?}, bursts of {}",
            self.interval(),
            self.burst
        )
    }
}

/// A rate that no bucket can have; says which rule was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidRate(Rule);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    NoTokens,
    NoBurst,
    TooFast,
    TooSlow,
}

impl fmt::Display for InvalidRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::NoTokens => {
                "a rate of 0 lets nothing through: set at least 1 token in each period"
            }
            Rule::NoBurst => "a burst of 0 lets nothing through: set at least 1",
            Rule::TooFast => {
                "a rate must be at most 1 token a nanosecond: set fewer, or a longer period"
            }
            Rule::TooSlow => {
                "a bucket must fill within 73 years: set a smaller burst, or a faster rate"
            }
        })
    }
}

impl Error for InvalidRate {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broken_rule_is_named() {
        let day = Duration::from_secs(86_400);
        for (rate, words) in [
            (Rate::per_second(0), "a rate of 0"),
            (Rate::per_minute(0), "a rate of 0"),
            (Rate::per(0, Duration::ZERO), "a rate of 0"),
            (Rate::per_second(1).unwrap().burst(0), "a burst of 0"),
            (Rate::per(1, Duration::ZERO), "1 token a nanosecond"),
            (Rate::per_second(1_000_000_001), "1 token a nanosecond"),
            (Rate::per(1, Duration::MAX), "within 73 years"),
            (
                Rate::per(1, day).unwrap().burst(u32::MAX),
                "within 73 years",
            ),
        ] {
            let message = rate.unwrap_err().to_string();
            assert!(message.contains(words), "{message}");
        }
    }

    #[test]
    fn the_limits_themselves_are_valid() {
        assert!(Rate::per_second(1_000_000_000).is_ok());
        assert!(Rate::per(1, Duration::from_nanos(1)).is_ok());
        assert!(Rate::per(1, Duration::from_nanos(LONGEST)).is_ok());
        assert!(Rate::per(1, Duration::from_nanos(LONGEST + 1)).is_err());
        assert_eq!(Rate::per_second(u32::MAX), Err(InvalidRate(Rule::TooFast)));
    }

    #[test]
    fn a_rate_and_its_pace_are_the_same() {
        for rate in [
            Rate::per_minute(7).unwrap().burst(3).unwrap(),
            Rate::LARGEST,
        ] {
            assert_eq!(Rate::of(rate.pace()), rate);
        }
    }

    #[test]
    fn a_token_takes_its_part_of_the_period_rounded_up() {
        let third = Rate::per_second(3).unwrap();
        assert_eq!(third.interval(), Duration::from_nanos(333_333_334));
        assert_eq!(third.capacity(), 3);
        let sixty = Rate::per_minute(60).unwrap();
        assert_eq!(
            (sixty.interval(), sixty.capacity()),
            (Duration::from_secs(1), 60)
        );
        assert_eq!(
            sixty.burst(2).unwrap().to_string(),
            "one each 1s, bursts of 2"
        );
    }
}
