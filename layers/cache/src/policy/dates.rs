//! Dates in fields (RFC 9110 §5.6.7): all three forms, and a little more patience than the grammar.
//!
//! Names of days, months and the zone in any case, as RFC 9111 §4.2 wants of caches; a wrong day of
//! the week is passed over. Everything else that is not a date is none.

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};

use super::list;

const MONTHS: [&[u8; 3]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];
const DAYS: [&str; 7] = [
    "sunday",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
];

/// The first line of a field as a date.
pub(super) fn field(headers: &HeaderMap, name: &HeaderName, now: SystemTime) -> Option<SystemTime> {
    parse(headers.get(name)?.as_bytes(), now)
}

/// A date; `now` gives years of two digits their century.
pub(super) fn parse(text: &[u8], now: SystemTime) -> Option<SystemTime> {
    let text = list::trim(text);
    let comma = text.iter().position(|byte| *byte == b',');
    match comma {
        None => asctime(text),
        Some(3) => fixdate(text),
        Some(at) => rfc850(&text[..at], &text[at..], now),
    }
}

/// A date as a field's value. Dates that no field can hold become the nearest that it can.
pub(super) fn format(date: SystemTime) -> HeaderValue {
    const LAST: Duration = Duration::from_secs(253_402_300_799);
    let since = date.duration_since(SystemTime::UNIX_EPOCH);
    let date = SystemTime::UNIX_EPOCH + since.unwrap_or_default().min(LAST);
    let text = httpdate::fmt_http_date(date);
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn fixdate(text: &[u8]) -> Option<SystemTime> {
    let [
        n1,
        n2,
        n3,
        b',',
        b' ',
        d1,
        d2,
        b' ',
        m1,
        m2,
        m3,
        b' ',
        y1,
        y2,
        y3,
        y4,
        b' ',
        time @ ..,
    ] = text
    else {
        return None;
    };
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    let date = Date::new(year, [*m1, *m2, *m3], digits(&[*d1, *d2])?)?;
    let seconds = clock(zoned(time)?)?;
    is_day(&[*n1, *n2, *n3], 3).then(|| date.at(seconds))?
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(day: &[u8], rest: &[u8], now: SystemTime) -> Option<SystemTime> {
    let [
        b',',
        b' ',
        d1,
        d2,
        b'-',
        m1,
        m2,
        m3,
        b'-',
        y1,
        y2,
        b' ',
        time @ ..,
    ] = rest
    else {
        return None;
    };
    if !is_day(day, usize::MAX) {
        return None;
    }
    let seconds = clock(zoned(time)?)?;
    let (month, day) = ([*m1, *m2, *m3], digits(&[*d1, *d2])?);
    // More than 50 years ahead means the last such year in the past.
    let year = digits(&[*y1, *y2])?;
    let limit = now.checked_add(Duration::from_secs(50 * 31_556_952))?;
    let in_century = |century| Date::new(century + year, month, day)?.at(seconds);
    [2000, 1900]
        .into_iter()
        .filter_map(in_century)
        .find(|date| *date <= limit)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &[u8]) -> Option<SystemTime> {
    let [
        n1,
        n2,
        n3,
        b' ',
        m1,
        m2,
        m3,
        b' ',
        d1,
        d2,
        b' ',
        time @ ..,
        b' ',
        y1,
        y2,
        y3,
        y4,
    ] = text
    else {
        return None;
    };
    let tens = if *d1 == b' ' { b'0' } else { *d1 };
    let year = digits(&[*y1, *y2, *y3, *y4])?;
    let date = Date::new(year, [*m1, *m2, *m3], digits(&[tens, *d2])?)?;
    let seconds = clock(time)?;
    is_day(&[*n1, *n2, *n3], 3).then(|| date.at(seconds))?
}

fn is_day(name: &[u8], length: usize) -> bool {
    DAYS.iter().any(|day| {
        let day = &day.as_bytes()[..length.min(day.len())];
        day.eq_ignore_ascii_case(name)
    })
}

fn zoned(text: &[u8]) -> Option<&[u8]> {
    let (time, zone) = text.split_at_checked(8)?;
    zone.eq_ignore_ascii_case(b" gmt").then_some(time)
}

/// `08:49:37` in seconds. 60 seconds may be a leap second.
fn clock(text: &[u8]) -> Option<u64> {
    let [h1, h2, b':', m1, m2, b':', s1, s2] = text else {
        return None;
    };
    let (hours, minutes) = (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?);
    let seconds = digits(&[*s1, *s2])?;
    let valid = hours < 24 && minutes < 60 && seconds <= 60;
    valid.then_some(u64::from((hours * 60 + minutes) * 60 + seconds))
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// A day of the Gregorian calendar.
struct Date {
    year: u32,
    month: u32,
    day: u32,
}

impl Date {
    fn new(year: u32, month: [u8; 3], day: u32) -> Option<Self> {
        let name = month.to_ascii_lowercase();
        let month = (1..).zip(MONTHS).find(|(_, month)| name == **month)?.0;
        let date = Self { year, month, day };
        (1..=date.days_in_month()).contains(&day).then_some(date)
    }

    const fn days_in_month(&self) -> u32 {
        match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if self.is_leap_year() => 29,
            2 => 28,
            _ => 31,
        }
    }

    const fn is_leap_year(&self) -> bool {
        self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400))
    }

    /// Days since the first of March of the year −400, which makes the leap day the last of its year.
    fn number(&self) -> u64 {
        let (year, month) = match self.month {
            1 | 2 => (self.year + 399, self.month + 9),
            _ => (self.year + 400, self.month - 3),
        };
        let leap_days = year / 4 - year / 100 + year / 400;
        let days = year * 365 + leap_days + (month * 153 + 2) / 5 + self.day - 1;
        u64::from(days)
    }

    fn at(&self, seconds: u64) -> Option<SystemTime> {
        const EPOCH: Date = Date {
            year: 1970,
            month: 1,
            day: 1,
        };
        let (days, epoch) = (self.number(), EPOCH.number());
        let seconds = Duration::from_secs(seconds);
        let day = |days| Duration::from_secs(days * 24 * 60 * 60);
        match days.checked_sub(epoch) {
            Some(since) => SystemTime::UNIX_EPOCH.checked_add(day(since) + seconds),
            None => SystemTime::UNIX_EPOCH
                .checked_sub(day(epoch - days))?
                .checked_add(seconds),
        }
    }
}

#[cfg(test)]
mod tests;
