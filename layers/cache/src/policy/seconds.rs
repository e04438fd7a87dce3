//! Numbers of seconds, and field values made of digits.

use std::time::Duration;

/// What a number that is too large counts as (RFC 9111 §1.2.2).
pub(super) const MOST: Duration = Duration::from_secs(1 << 31);

/// `delta-seconds`: digits and nothing else. Values above 2^31 count as that.
pub(super) fn parse(text: &[u8]) -> Option<Duration> {
    number(text).map(capped)
}

/// So many seconds, at most 2^31.
pub(super) fn capped(seconds: u64) -> Duration {
    Duration::from_secs(seconds).min(MOST)
}

/// A number that is not negative; one that does not fit counts as the largest that does.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

/// Without fractions: ages have no finer unit on the wire.
pub(super) const fn whole(duration: Duration) -> Duration {
    Duration::from_secs(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_digits_make_a_number_of_seconds() {
        let table: [(&[u8], Option<u64>); 11] = [
            (b"0", Some(0)),
            (b"3600", Some(3_600)),
            (b"003600", Some(3_600)),
            (b"2147483648", Some(2_147_483_648)),
            (b"2147483649", Some(2_147_483_648)),
            (b"99999999999999999999999999", Some(2_147_483_648)),
            (b"", None),
            (b"-1", None),
            (b"1.0", None),
            (b"1a", None),
            (b" 1", None),
        ];
        for (text, seconds) in table {
            assert_eq!(parse(text), seconds.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn a_number_too_large_is_the_largest() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number(b"18446744073709551616"), Some(u64::MAX));
        assert_eq!(number(b"99999999999999999999999"), Some(u64::MAX));
    }

    #[test]
    fn fractions_are_cut_off() {
        assert_eq!(whole(Duration::from_millis(1_999)), Duration::from_secs(1));
    }
}
