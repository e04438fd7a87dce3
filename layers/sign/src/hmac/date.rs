use std::time::{Duration, SystemTime};

use http::HeaderValue;

/// How a date is written in a header.
// Open: ISO 8601 has been seen in the wild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFormat {
    /// As HTTP writes dates ([RFC 9110 §5.6.7](https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7)).
    #[default]
    Http,
    /// Seconds since 1970 in UTC.
    UnixSeconds,
    /// Milliseconds since 1970 in UTC.
    UnixMillis,
}

/// The end of the year 9999, in seconds since 1970: HTTP's dates have four digits for a year.
const LAST: u64 = 253_402_300_799;

impl DateFormat {
    /// The date, unless it is before 1970 or after 9999.
    pub(crate) fn write(self, date: SystemTime) -> Option<HeaderValue> {
        let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        if since.as_secs() > LAST {
            return None;
        }
        let text = match self {
            Self::Http => httpdate::fmt_http_date(date),
            Self::UnixSeconds => since.as_secs().to_string(),
            Self::UnixMillis => since.as_millis().to_string(),
        };
        HeaderValue::try_from(text).ok()
    }

    pub(crate) fn read(self, text: &str) -> Option<SystemTime> {
        let since = match self {
            Self::Http => return httpdate::parse_http_date(text).ok(),
            Self::UnixSeconds => Duration::from_secs(number(text)?),
            Self::UnixMillis => Duration::from_millis(number(text)?),
        };
        if since.as_secs() > LAST {
            return None;
        }
        SystemTime::UNIX_EPOCH.checked_add(since)
    }
}

/// Digits alone: `str::parse` allows a plus.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [DateFormat; 3] = [
        DateFormat::Http,
        DateFormat::UnixSeconds,
        DateFormat::UnixMillis,
    ];

    #[test]
    fn a_date_that_no_header_can_show_is_not_written() {
        let year_10000 = SystemTime::UNIX_EPOCH + Duration::from_secs(LAST + 1);
        let year_1969 = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        for format in ALL {
            assert_eq!(format.write(year_10000), None);
            assert_eq!(format.write(year_1969), None);
            assert!(format.write(year_10000 - Duration::from_secs(1)).is_some());
        }
        assert_eq!(DateFormat::UnixSeconds.read("253402300800"), None);
        assert_eq!(DateFormat::UnixMillis.read("+1"), None);
    }

    proptest! {
        #[test]
        fn a_date_reads_as_it_was_written(secs in 0..=LAST) {
            let date = SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
            for format in ALL {
                let text = format.write(date);
                let read = text.and_then(|text| format.read(text.to_str().ok()?));
                prop_assert_eq!(read, Some(date));
            }
        }

        #[test]
        fn any_text_can_be_tried_as_a_date(text in ".{0,40}") {
            for format in ALL {
                let _ = format.read(&text);
            }
        }
    }
}
