//! Numbers and dates in header fields: pure functions, hostile input included. Integers all the
//! way, since floating point would round a wait down.

use std::time::{Duration, SystemTime};

/// Numbers from here on are dates: 2024-01-01 in seconds since the epoch. A span of time as long
/// as that is absurd, and a date before it has passed.
const FIRST_EPOCH: u64 = 1_704_067_200;

/// The same in milliseconds.
const FIRST_EPOCH_MS: u64 = FIRST_EPOCH * 1_000;

/// A non-negative decimal number: digits, with an optional fraction; no sign and no exponent.
struct Decimal<'a> {
    whole: u64,
    fraction: &'a [u8],
}

impl<'a> Decimal<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let text = trim(text);
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.parse().ok()?, fraction.as_bytes());
        Some(Self { whole, fraction })
    }

    /// The number in units of 10^-`places`, rounded up; `None` when there are too many of them.
    fn ceil(&self, places: usize) -> Option<u64> {
        let digit = |place| {
            self.fraction
                .get(place)
                .map_or(0, |digit| u64::from(digit - b'0'))
        };
        let units = (0..places).try_fold(self.whole, |units, place| {
            units.checked_mul(10)?.checked_add(digit(place))
        })?;
        let more = self
            .fraction
            .iter()
            .skip(places)
            .any(|digit| *digit != b'0');
        units.checked_add(u64::from(more))
    }

    fn seconds(&self) -> Option<Duration> {
        self.ceil(3).map(Duration::from_millis)
    }

    fn milliseconds(&self) -> Option<Duration> {
        self.ceil(0).map(Duration::from_millis)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Without the white space that [RFC 9110 §5.6.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.3)
/// allows around a value.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A whole number that is not negative.
pub(crate) fn count(text: &str) -> Option<u64> {
    let text = trim(text);
    if is_number(text) {
        text.parse().ok()
    } else {
        None
    }
}

/// Seconds, fractions rounded up to the millisecond, so never early.
pub(crate) fn seconds(text: &str) -> Option<Duration> {
    Decimal::parse(text)?.seconds()
}

/// Milliseconds, fractions rounded up.
pub(crate) fn milliseconds(text: &str) -> Option<Duration> {
    Decimal::parse(text)?.milliseconds()
}

/// One of the three date forms of [RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7),
/// as the time from `now` until then; zero when it has passed.
pub(crate) fn until_date(text: &str, now: SystemTime) -> Option<Duration> {
    let date = httpdate::parse_http_date(trim(text)).ok()?;
    Some(until(date, now))
}

/// A reset as the field's families write it: a span in seconds, or an epoch in seconds or
/// milliseconds, told apart by size.
pub(crate) fn reset(text: &str, now: SystemTime) -> Option<Duration> {
    let number = Decimal::parse(text)?;
    let epoch = match number.whole {
        ..FIRST_EPOCH => return number.seconds(),
        FIRST_EPOCH..FIRST_EPOCH_MS => number.seconds()?,
        FIRST_EPOCH_MS.. => number.milliseconds()?,
    };
    Some(until(SystemTime::UNIX_EPOCH.checked_add(epoch)?, now))
}

fn until(date: SystemTime, now: SystemTime) -> Duration {
    date.duration_since(now).unwrap_or(Duration::ZERO)
}

#[cfg(test)]
mod tests;
