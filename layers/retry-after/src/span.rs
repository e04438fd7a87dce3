use std::fmt;
use std::time::Duration;

/// A duration for people: `5 s`, `1.02 s`, `12.5 ms`; to a hundredth of its unit.
pub(crate) struct Span(pub(crate) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = if self.0 < Duration::from_secs(1) {
            (1_000_000, "ms")
        } else {
            (1_000_000_000, "s")
        };
        let hundredths = (self.0.as_nanos() + unit / 200) / (unit / 100);
        let (whole, rest) = (hundredths / 100, hundredths % 100);
        match (rest / 10, rest % 10) {
            (0, 0) => write!(f, "{whole} {name}"),
            (tenths, 0) => write!(f, "{whole}.{tenths} {name}"),
            _ => write!(f, "{whole}.{rest:02} {name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundredth_of_the_unit_is_the_finest_that_is_told() {
        for (nanos, told) in [
            (0, "0 ms"),
            (4_999, "0 ms"),
            (5_000, "0.01 ms"),
            (12_500_000, "12.5 ms"),
            (999_000_000, "999 ms"),
            (1_000_000_000, "1 s"),
            (1_020_023_947, "1.02 s"),
            (1_994_999_999, "1.99 s"),
            (1_995_000_000, "2 s"),
            (4_980_000_000, "4.98 s"),
            (120_500_000_000, "120.5 s"),
        ] {
            assert_eq!(Span(Duration::from_nanos(nanos)).to_string(), told);
        }
        let longest = Span(Duration::MAX).to_string();
        assert_eq!(longest, "18446744073709551616 s");
    }
}
