//! Numbers and dates in header fields: pure functions, hostile input included.

use std::time::{Duration, SystemTime};

/// Numbers from here on are dates: 2024-01-01 in seconds since the epoch. A span of time as long
/// as that is absurd, and a date before it has passed.
const FIRST_EPOCH: f64 = 1_704_067_200.0;

/// The same in milliseconds.
const FIRST_EPOCH_MS: f64 = FIRST_EPOCH * 1_000.0;

/// A non-negative decimal number: digits, with an optional fraction; no sign and no exponent.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t']);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (digits(whole) && digits(fraction))
        .then(|| text.parse().ok())
        .flatten()
}

/// Whole seconds exactly, fractions rounded up to the millisecond, so never early.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim_matches([' ', '\t']);
    match text.parse() {
        Ok(whole) if text.bytes().all(|b| b.is_ascii_digit()) => Some(Duration::from_secs(whole)),
        _ => decimal(text).and_then(|s| ceil_millis(s * 1_000.0)),
    }
}

/// Milliseconds, fractions rounded up.
pub(crate) fn milliseconds(text: &str) -> Option<Duration> {
    decimal(text).and_then(ceil_millis)
}

fn ceil_millis(millis: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(millis.ceil() / 1_000.0).ok()
}

/// One of the three date forms of [RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7),
/// as the time from `now` until then; zero when it has passed.
pub(crate) fn until_date(text: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(text.trim_matches([' ', '\t'])).ok()?;
    Some(until(date, now))
}

/// A reset as the field's families write it: a span in seconds, or an epoch in seconds or
/// milliseconds, told apart by size.
pub(crate) fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let number = decimal(text)?;
    if number < FIRST_EPOCH {
        return seconds(text);
    }
    let epoch = if number < FIRST_EPOCH_MS {
        seconds(text)
    } else {
        milliseconds(text)
    };
    Some(until(SystemTime::UNIX_EPOCH.checked_add(epoch?)?, now))
}

fn until(date: SystemTime, now: SystemTime) -> Duration {
    date.duration_since(now).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_digits_and_nothing_else() {
        assert_eq!(seconds("2"), Some(Duration::from_secs(2)));
        assert_eq!(seconds(" 1.5\t"), Some(Duration::from_millis(1_500)));
        assert_eq!(seconds("0.0001"), Some(Duration::from_millis(1)));
        for bad in ["", "-1", "+1", "1e3", "1.", ".5", "1.2.3", "inf", "NaN", "0x1", "1 2", "٣"] {
            assert_eq!(seconds(bad), None, "{bad}");
            assert_eq!(milliseconds(bad), None, "{bad}");
            assert_eq!(reset(bad, SystemTime::UNIX_EPOCH), None, "{bad}");
        }
    }

    #[test]
    fn numbers_too_large_for_a_duration_are_refused() {
        assert_eq!(seconds(&"9".repeat(400)), None);
        assert_eq!(milliseconds(&"9".repeat(30)), None);
    }

    #[test]
    fn a_reset_is_a_span_or_an_epoch_by_its_size() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        assert_eq!(reset("60", now), Some(Duration::from_secs(60)));
        assert_eq!(reset("1800000007", now), Some(Duration::from_secs(7)));
        assert_eq!(reset("1800000007250", now), Some(Duration::from_millis(7_250)));
        assert_eq!(reset("1799999999", now), Some(Duration::ZERO));
    }
}
