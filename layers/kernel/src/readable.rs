use std::fmt;
use std::time::Duration;

/// A duration for people, as trails and errors tell it: `5 s`, `1.02 s`, `12.5 ms`.
///
/// To a hundredth of its unit, rounded up, so that a wait never reads as none and nobody is called
/// back too early.
///
/// ```
/// use std::time::Duration;
/// use buttress_kernel::Readable;
///
/// let waited = Duration::from_nanos(176_713_228);
/// assert_eq!(Readable(waited).to_string(), "176.72 ms");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Readable(pub Duration);

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hundredth, unit) = if self.0 <= LONGEST_IN_MILLIS {
            (10_000, "ms")
        } else {
            (10_000_000, "s")
        };
        let hundredths = self.0.as_nanos().div_ceil(hundredth);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{whole} {unit}"),
            (tenths, 0) => write!(f, "{whole}.{tenths} {unit}"),
            _ => write!(f, "{whole}.{rest:02} {unit}"),
        }
    }
}

/// What is longer is a second when it is rounded up.
const LONGEST_IN_MILLIS: Duration = Duration::from_nanos(999_990_000);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_the_unit_is_the_finest_that_is_told() {
        for (nanos, told) in [
            (0, "0 ms"),
            (1, "0.01 ms"),
            (10_000, "0.01 ms"),
            (10_001, "0.02 ms"),
            (12_500_000, "12.5 ms"),
            (999_000_000, "999 ms"),
            (999_990_000, "999.99 ms"),
            (999_990_001, "1 s"),
            (1_000_000_000, "1 s"),
            (1_000_000_001, "1.01 s"),
            (1_020_000_000, "1.02 s"),
            (4_980_000_000, "4.98 s"),
            (120_500_000_000, "120.5 s"),
        ] {
            assert_eq!(Readable(Duration::from_nanos(nanos)).to_string(), told);
        }
        let longest = Readable(Duration::MAX).to_string();
        assert_eq!(longest, "18446744073709551616 s");
    }
}
