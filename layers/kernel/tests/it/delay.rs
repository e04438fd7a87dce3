//! A server's wish to wait, as it comes in headers.

use std::time::{Duration, SystemTime};

use buttress_kernel::{Delay, DelaySource};
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

/// 1994-11-06 08:49:07, half a minute before the example date of RFC 9110.
const NOW: u64 = 784_111_747;

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(NOW)
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn delay(lines: &[(&'static str, &str)]) -> Option<Delay> {
    Delay::parse(&headers(lines), now())
}

fn millis(lines: &[(&'static str, &str)]) -> Option<u128> {
    delay(lines).map(|delay| delay.duration().as_millis())
}

fn retry_after(value: &str) -> Option<u128> {
    millis(&[("retry-after", value)])
}

#[test]
fn w02_retry_after_is_seconds_or_a_date_in_three_forms() {
    assert_eq!(retry_after("2"), Some(2_000));
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT"), Some(30_000));
    assert_eq!(retry_after("Sunday, 06-Nov-94 08:49:37 GMT"), Some(30_000));
    assert_eq!(retry_after("Sun Nov  6 08:49:37 1994"), Some(30_000));
}

#[test]
fn a_date_in_the_past_is_no_wait() {
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:06 GMT"), Some(0));
    assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:07 GMT"), Some(0), "now");
    assert_eq!(retry_after("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
    assert_eq!(retry_after("0"), Some(0));
}

#[test]
fn a_date_counts_to_the_nanosecond() {
    let now = now() + Duration::new(28, 999_999_999);
    let headers = headers(&[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]);
    let delay = Delay::parse(&headers, now).unwrap();
    assert_eq!(delay.duration(), Duration::new(1, 1));
}

#[test]
fn fractions_are_rounded_up_to_the_millisecond() {
    assert_eq!(retry_after("1.5"), Some(1_500));
    assert_eq!(retry_after("0.0001"), Some(1));
    assert_eq!(retry_after("2.0000000000000000000000000001"), Some(2_001));
    assert_eq!(millis(&[("retry-after-ms", "0.1")]), Some(1));
    assert_eq!(millis(&[("retry-after-ms", "1500.5")]), Some(1_501));
}

#[test]
fn a_malformed_value_is_no_delay() {
    for bad in [
        "",
        "-1",
        "-0",
        "+1",
        "1e3",
        "inf",
        "NaN",
        "0x10",
        "soon",
        "1 s",
        "1,2",
        "1;2",
        "Sun, 06 Nov 1994",
        "1994-11-06T08:49:37Z",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "99999999999999999999999999",
    ] {
        assert_eq!(retry_after(bad), None, "{bad}");
    }
}

#[test]
fn an_absurd_value_falls_to_the_next_field() {
    let longest = Delay::LONGEST.as_secs();
    assert_eq!(
        retry_after(&longest.to_string()),
        Some(Delay::LONGEST.as_millis())
    );
    for absurd in [
        &format!("{longest}.001"),
        &(longest + 1).to_string(),
        "Sun, 06 Nov 2094 08:49:37 GMT",
    ] {
        assert_eq!(retry_after(absurd), None, "{absurd}");
        let next = [("retry-after", absurd), ("x-ratelimit-retry-after", "3")];
        assert_eq!(millis(&next), Some(3_000), "{absurd}");
    }
}

#[test]
fn of_several_lines_the_longest_usable_one_counts() {
    assert_eq!(
        millis(&[
            ("retry-after", "1"),
            ("retry-after", "5"),
            ("retry-after", "3")
        ]),
        Some(5_000)
    );
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    assert_eq!(
        millis(&[
            ("retry-after", date),
            ("retry-after", "5"),
            ("retry-after", "soon")
        ]),
        Some(30_000)
    );
    assert_eq!(
        millis(&[("retry-after", "99999999"), ("retry-after", "5")]),
        Some(5_000),
        "one is absurd"
    );
    assert_eq!(
        millis(&[("x-ratelimit-reset", "5"), ("x-ratelimit-reset", "7")]),
        Some(7_000)
    );
}

/// Every field with a usable value, in the order in which they are asked.
const FIELDS: [(&str, &str, u128, DelaySource); 7] = [
    ("retry-after-ms", "1", 1, DelaySource::RetryAfterMs),
    ("retry-after", "2", 2_000, DelaySource::RetryAfter),
    ("ratelimit", "a;r=0;t=3", 3_000, DelaySource::RateLimit),
    (
        "x-ratelimit-retry-after",
        "4",
        4_000,
        DelaySource::XRateLimitRetryAfter,
    ),
    ("ratelimit-reset", "5", 5_000, DelaySource::Reset),
    ("x-ratelimit-reset", "6", 6_000, DelaySource::Reset),
    ("x-rate-limit-reset", "7", 7_000, DelaySource::Reset),
];

#[test]
fn the_fields_are_asked_in_order() {
    for first in 0..FIELDS.len() {
        let lines: Vec<_> = FIELDS[first..]
            .iter()
            .rev()
            .map(|field| (field.0, field.1))
            .collect();
        let delay = delay(&lines).unwrap();
        let (_, _, millis, source) = FIELDS[first];
        assert_eq!(
            (delay.duration().as_millis(), delay.source()),
            (millis, source)
        );
    }
    assert_eq!(delay(&[]), None);
}

#[test]
fn a_malformed_field_loses_only_itself() {
    for broken in 0..FIELDS.len() - 1 {
        let value = |place, value| if place <= broken { "-1" } else { value };
        let lines: Vec<_> = FIELDS
            .iter()
            .enumerate()
            .map(|(place, field)| (field.0, value(place, field.1)))
            .collect();
        assert_eq!(millis(&lines), Some(FIELDS[broken + 1].2));
    }
}

#[test]
fn a_quota_that_is_not_used_up_is_not_the_reason() {
    let left = [("ratelimit", "a;r=1;t=3"), ("x-ratelimit-reset", "6")];
    assert_eq!(millis(&left), Some(6_000));
    for family in ["ratelimit", "x-ratelimit", "x-rate-limit"] {
        let reset = |remaining: &str| {
            let mut headers = HeaderMap::new();
            let name = |end: &str| HeaderName::try_from(format!("{family}-{end}")).unwrap();
            headers.insert(name("remaining"), remaining.parse().unwrap());
            headers.insert(name("reset"), HeaderValue::from_static("9"));
            Delay::parse(&headers, now()).map(|delay| delay.duration().as_secs())
        };
        assert_eq!(reset("0"), Some(9));
        assert_eq!(reset("unknown"), Some(9));
        assert_eq!(reset("1"), None);
    }
    let other = [
        ("x-ratelimit-remaining", "1"),
        ("x-ratelimit-reset", "6"),
        ("x-rate-limit-reset", "7"),
    ];
    assert_eq!(
        millis(&other),
        Some(7_000),
        "another family may still be the reason"
    );
}

#[test]
fn a_reset_is_a_span_or_an_epoch() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    for (text, millis) in [
        ("30", 30_000),
        ("1800000030", 30_000),
        ("1800000030.5", 30_500),
        ("1800000030251", 30_251),
        ("1700000000", 0),
    ] {
        let reset = headers(&[("x-ratelimit-reset", text)]);
        let delay = Delay::parse(&reset, now).map(Delay::duration);
        // 1700000000 lies before 2024: as a span it is absurd.
        let wanted = (text != "1700000000").then(|| Duration::from_millis(millis));
        assert_eq!(delay, wanted, "{text}");
    }
}

#[test]
fn a_delay_says_what_it_was_made_with() {
    let delay = Delay::new(Duration::from_secs(7), DelaySource::Reset);
    assert_eq!(
        (delay.duration(), delay.source()),
        (Duration::from_secs(7), DelaySource::Reset)
    );
}

proptest! {
    #[test]
    fn never_shorter_than_the_wish_nor_a_millisecond_longer(
        whole in 0..2_678_400_u64, fraction in prop::collection::vec(b'0'..=b'9', 1..18),
    ) {
        let fraction = String::from_utf8(fraction).unwrap();
        let wait = delay(&[("retry-after", &format!("{whole}.{fraction}"))]).unwrap().duration();
        // Both in units of 10^-18 seconds, so that nothing is rounded.
        let wish = u128::from(whole) * 10_u128.pow(18) + format!("{fraction:0<18}").parse::<u128>().unwrap();
        let wait = wait.as_nanos() * 10_u128.pow(9);
        prop_assert!(wait >= wish);
        prop_assert!(wait - wish < 10_u128.pow(15));
    }

    #[test]
    fn an_epoch_in_milliseconds_is_met_exactly(after in 1..2_000_000_000_u64, nanos in 0..1_000_000_u32) {
        let now_ms = 1_800_000_000_000_u64;
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms) - Duration::from_nanos(u64::from(nanos));
        let headers = headers(&[("x-ratelimit-reset", &(now_ms + after).to_string())]);
        let wait = Delay::parse(&headers, now).unwrap().duration();
        prop_assert_eq!(wait, Duration::from_millis(after) + Duration::from_nanos(u64::from(nanos)));
    }

    #[test]
    fn a_date_is_met_exactly(after in 0..2_600_000_u64, nanos in 0..1_000_000_000_u32) {
        let date = httpdate::fmt_http_date(now() + Duration::from_secs(after));
        let now = now() - Duration::from_nanos(u64::from(nanos));
        let headers = headers(&[("retry-after", &date)]);
        let wait = Delay::parse(&headers, now).unwrap().duration();
        prop_assert_eq!(wait, Duration::from_secs(after) + Duration::from_nanos(u64::from(nanos)));
    }

    #[test]
    fn no_bytes_make_it_panic(fields in prop::collection::vec((0..7_usize, prop::collection::vec(any::<u8>(), 0..60)), 0..6)) {
        let mut headers = HeaderMap::new();
        for (field, value) in fields {
            if let Ok(value) = HeaderValue::from_bytes(&value) {
                headers.append(FIELDS[field].0, value);
            }
        }
        if let Some(delay) = Delay::parse(&headers, now()) {
            prop_assert!(delay.duration() <= Delay::LONGEST);
        }
    }
}
