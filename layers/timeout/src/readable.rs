use std::fmt;
use std::time::Duration;

/// A duration as people write it: `250 ms`, `1.5 s`.
///
/// To the thousandth of its unit; the rest is cut off, so that nobody is promised more than there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Readable(Duration);

impl Readable {
    /// As it is.
    pub(crate) const fn exactly(duration: Duration) -> Self {
        Self(duration)
    }

    /// Where the tenth of a second is enough, or the millisecond below one.
    pub(crate) fn about(duration: Duration) -> Self {
        let step = if duration < Duration::from_secs(1) {
            1_000_000
        } else {
            100_000_000
        };
        let nanos = duration.subsec_nanos();
        Self(Duration::new(duration.as_secs(), nanos - nanos % step))
    }
}

impl fmt::Display for Readable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.subsec_nanos();
        let (whole, thousandths, unit) = match self.0.as_secs() {
            0 => (u64::from(nanos / 1_000_000), nanos / 1_000 % 1_000, "ms"),
            seconds => (seconds, nanos / 1_000_000, "s"),
        };
        let fraction = format!(".{thousandths:03}");
        let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{whole}{fraction} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_in_the_unit_that_fits() {
        let cases = [
            (Duration::ZERO, "0 ms"),
            (Duration::from_nanos(999), "0 ms"),
            (Duration::from_micros(50), "0.05 ms"),
            (Duration::from_millis(250), "250 ms"),
            (Duration::from_micros(999_999), "999.999 ms"),
            (Duration::from_secs(1), "1 s"),
            (Duration::from_millis(1_500), "1.5 s"),
            (Duration::from_millis(61_007), "61.007 s"),
            (Duration::from_secs(600), "600 s"),
            (Duration::MAX, "18446744073709551615.999 s"),
        ];
        for (duration, expected) in cases {
            assert_eq!(Readable::exactly(duration).to_string(), expected);
        }
    }

    #[test]
    fn what_is_left_is_cut_to_what_anybody_wants_to_know() {
        let cases = [
            (Duration::from_micros(3_900), "3 ms"),
            (Duration::from_micros(999_999), "999 ms"),
            (Duration::from_millis(4_199), "4.1 s"),
            (Duration::from_millis(60_099), "60 s"),
        ];
        for (duration, expected) in cases {
            assert_eq!(Readable::about(duration).to_string(), expected);
        }
    }
}
