use std::fmt;
use std::ops::{RangeFrom, RangeFull, RangeInclusive, RangeToInclusive};

/// How often something is expected: `3`, `1..=3`, `1..`, `..=3`, or `..` for any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    min: usize,
    /// `None` for no bound.
    max: Option<usize>,
}

impl Times {
    /// Whether so many are enough.
    pub(super) const fn is_met_by(self, count: usize) -> bool {
        count >= self.min
    }

    /// Whether one more would be too many.
    pub(super) fn is_used_up_by(self, count: usize) -> bool {
        self.max.is_some_and(|max| count >= max)
    }
}

impl From<usize> for Times {
    fn from(times: usize) -> Self {
        (times..=times).into()
    }
}

impl From<RangeInclusive<usize>> for Times {
    fn from(times: RangeInclusive<usize>) -> Self {
        Self {
            min: *times.start(),
            max: Some(*times.end()),
        }
    }
}

impl From<RangeToInclusive<usize>> for Times {
    fn from(times: RangeToInclusive<usize>) -> Self {
        (0..=times.end).into()
    }
}

impl From<RangeFrom<usize>> for Times {
    fn from(times: RangeFrom<usize>) -> Self {
        Self {
            min: times.start,
            max: None,
        }
    }
}

impl From<RangeFull> for Times {
    fn from(_: RangeFull) -> Self {
        (0..).into()
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (1, Some(1)) => f.write_str("once"),
            (0, Some(0)) => f.write_str("never"),
            (min, Some(max)) if min == max => write!(f, "{min} times"),
            (0, Some(max)) => write!(f, "at most {}", Count(max)),
            (0, None) => f.write_str("any number of times"),
            (min, None) => write!(f, "at least {}", Count(min)),
            (min, Some(max)) => write!(f, "{min} to {max} times"),
        }
    }
}

/// A number of times, in words.
pub(super) struct Count(pub(super) usize);

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("never"),
            1 => f.write_str("once"),
            n => write!(f, "{n} times"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_says_what_it_means() {
        for (times, says, met, used_up) in [
            (Times::from(0), "never", 0, Some(0)),
            (1.into(), "once", 1, Some(1)),
            (2.into(), "2 times", 2, Some(2)),
            ((1..=3).into(), "1 to 3 times", 1, Some(3)),
            ((..=1).into(), "at most once", 0, Some(1)),
            ((2..).into(), "at least 2 times", 2, None),
            ((..).into(), "any number of times", 0, None),
        ] {
            assert_eq!(times.to_string(), says);
            for count in 0..5 {
                assert_eq!(times.is_met_by(count), count >= met, "{says}, {count}");
                let is_used_up = used_up.is_some_and(|most| count >= most);
                assert_eq!(times.is_used_up_by(count), is_used_up, "{says}, {count}");
            }
        }
    }
}
