use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{format, parse};

/// In the year 2026.
fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000)
}

fn seconds(text: &str) -> Option<i64> {
    let date = parse(text.as_bytes(), now())?;
    Some(match date.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap(),
        Err(before) => -i64::try_from(before.duration().as_secs()).unwrap(),
    })
}

#[test]
fn all_three_forms_are_read() {
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        " Sun, 06 Nov 1994 08:49:37 GMT\t",
    ] {
        assert_eq!(seconds(text), Some(784_111_777), "{text}");
    }
}

#[test]
fn names_in_any_case_and_wrong_days_of_the_week_pass() {
    for text in [
        "SUN, 06 Nov 1994 08:49:37 GMT",
        "sun, 06 NOV 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 gMT",
        "Tue, 06 Nov 1994 08:49:37 GMT",
        "sunDAY, 06-nov-94 08:49:37 gmt",
        "Friday, 06-Nov-94 08:49:37 GMT",
        "Thu Nov  6 08:49:37 1994",
        "Thu Nov 06 08:49:37 1994",
    ] {
        assert_eq!(seconds(text), Some(784_111_777), "{text}");
    }
}

#[test]
fn the_day_of_the_month_has_two_digits_in_asctime_too() {
    assert_eq!(seconds("Wed Nov 16 08:49:37 1994"), Some(784_975_777));
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "0",
        "-1",
        "foo",
        "Thu, 18 Aug 2050 02:01:18 UTC",
        "Thu, 18 Aug 2050 02:01:18 AEST",
        "Thu, 18 Aug 2050 02:01:18",
        "Thu, 18 Aug 2050 02:01:18 GMT+1",
        "Thu, 18 Aug 50 02:01:18 GMT",
        "Thu 18 Aug 2050 02:01:18 GMT",
        "Thu, 18  Aug  2050 02:01:18 GMT",
        "Thu, 18-Aug-2050 02:01:18 GMT",
        "Thu, 18 Aug 2050 02.01.18 GMT",
        "Thu, 18 Aug 2050 2:01:18 GMT",
        "Thu, 18 Aug 2050 24:01:18 GMT",
        "Thu, 18 Aug 2050 02:60:18 GMT",
        "Thu, 18 Aug 2050 02:01:61 GMT",
        "Thu, 00 Aug 2050 02:01:18 GMT",
        "Thu, 32 Aug 2050 02:01:18 GMT",
        "Thu, 31 Sep 2050 02:01:18 GMT",
        "Thu, 29 Feb 2050 02:01:18 GMT",
        "Thu, 29 Feb 2100 02:01:18 GMT",
        "Thu, 18 Xxx 2050 02:01:18 GMT",
        "Xxx, 18 Aug 2050 02:01:18 GMT",
        "Sund, 06-Nov-94 08:49:37 GMT",
        "Xxx Nov  6 08:49:37 1994",
        "Sun Nov  6 08:49:37",
        "Sun Nov  6 08:49:37 994",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Tue 19 Jan 2038 14:14:08 GMT",
    ] {
        assert_eq!(seconds(text), None, "{text}");
    }
}

#[test]
fn leap_days_and_leap_seconds_exist() {
    assert_eq!(seconds("Tue, 29 Feb 2000 00:00:00 GMT"), Some(951_782_400));
    assert_eq!(
        seconds("Sat, 31 Dec 2016 23:59:60 GMT"),
        Some(1_483_228_800)
    );
    assert_eq!(
        seconds("Sun, 31 Dec 2017 23:59:59 GMT"),
        Some(1_514_764_799)
    );
}

#[test]
fn years_of_two_digits_are_at_most_fifty_years_ahead() {
    assert_eq!(
        seconds("Thursday, 18-Aug-50 02:01:18 GMT"),
        seconds("Thu, 18 Aug 2050 02:01:18 GMT")
    );
    assert_eq!(
        seconds("Thursday, 01-Jan-76 00:00:00 GMT"),
        seconds("Wed, 01 Jan 2076 00:00:00 GMT")
    );
    assert_eq!(
        seconds("Thursday, 01-Jan-77 00:00:00 GMT"),
        seconds("Sat, 01 Jan 1977 00:00:00 GMT")
    );
}

#[test]
fn the_edges_of_time_are_dates() {
    assert_eq!(seconds("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(seconds("Wed, 31 Dec 1969 23:59:59 GMT"), Some(-1));
    assert_eq!(
        seconds("Sat, 01 Jan 0000 00:00:00 GMT"),
        Some(-62_167_219_200)
    );
    assert_eq!(
        seconds("Fri, 31 Dec 9999 23:59:59 GMT"),
        Some(253_402_300_799)
    );
}

#[test]
fn dates_beyond_what_a_field_can_hold_become_the_nearest() {
    let day = Duration::from_secs(86_400);
    let before = SystemTime::UNIX_EPOCH - day;
    let beyond = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800) + day;
    assert_eq!(format(before), "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(format(beyond), "Fri, 31 Dec 9999 23:59:59 GMT");
}

proptest! {
    #[test]
    fn a_date_that_was_written_is_read_again(seconds in 0_u64..253_402_300_800) {
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        prop_assert_eq!(parse(format(date).as_bytes(), now()), Some(date));
    }

    #[test]
    fn whatever_the_strict_parser_reads_is_read_alike(
        text in "(Sun|Mon|Tue), [0-3][0-9] (Jan|Feb|Mar|Dec) (19|20)[0-9]{2} [0-2][0-9]:[0-5][0-9]:[0-5][0-9] GMT"
    ) {
        if let Ok(date) = httpdate::parse_http_date(&text) {
            prop_assert_eq!(parse(text.as_bytes(), now()), Some(date));
        }
    }

    #[test]
    fn no_bytes_break_the_parser(text in prop::collection::vec(any::<u8>(), 0..40)) {
        let _ = parse(&text, now());
    }

    #[test]
    fn nothing_that_looks_like_a_date_breaks_the_parser(
        text in "[A-Za-z]{3,9},? [0-9 ]{2}[ -][A-Za-z]{3}[ -][0-9]{2,5} [0-9:]{8}( [A-Z]{3}| [0-9]{4})?",
    ) {
        let _ = parse(text.as_bytes(), now());
    }
}
