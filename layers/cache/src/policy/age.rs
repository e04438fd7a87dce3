//! How old a response was when it arrived (RFC 9111 §4.2.3, §5.1).

use std::time::Duration;

use http::{HeaderMap, header};

use super::{Arrival, dates, list, seconds};

/// `corrected_initial_age`, in whole seconds as all ages on the wire. The delay is that of all that
/// lies between the cache and the origin, queues of this process included: too old rather than too
/// young.
pub(super) fn initial(arrival: &Arrival<'_>) -> Duration {
    let date = dates::field(arrival.headers, &header::DATE, arrival.received);
    let since = |earlier| {
        let time = arrival.received.duration_since(earlier);
        seconds::whole(time.unwrap_or_default())
    };
    let apparent_age = date.map(since).unwrap_or_default();
    let response_delay = since(arrival.sent);
    let age = field(arrival.headers).unwrap_or_default();
    apparent_age.max(age.saturating_add(response_delay))
}

/// The `Age` field: the first of its members, over all lines. One that is no number is ignored, as
/// §5.1 asks.
fn field(headers: &HeaderMap) -> Option<Duration> {
    let line = headers.get(header::AGE)?.as_bytes();
    let first = line.split(|byte| *byte == b',').next()?;
    seconds::parse(list::trim(first))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderValue, StatusCode, Version};
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> SystemTime {
        let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_780_000_000);
        let by = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 { start - by } else { start + by }
    }

    fn age(lines: &[&'static str], date: Option<i64>, sent: i64, received: i64) -> u64 {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::AGE, HeaderValue::from_static(line));
        }
        if let Some(date) = date {
            headers.insert(header::DATE, dates::format(at(date)));
        }
        let arrival = Arrival {
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers: &headers,
            sent: at(sent),
            received: at(received),
        };
        initial(&arrival).as_secs()
    }

    #[test]
    fn the_greater_of_apparent_and_corrected_age_counts() {
        assert_eq!(age(&[], None, 0, 0), 0);
        assert_eq!(age(&["30"], None, 0, 0), 30);
        assert_eq!(age(&["30"], None, 0, 5_000), 35);
        assert_eq!(age(&["30"], Some(-20_000), 0, 0), 30);
        assert_eq!(age(&["30"], Some(-40_000), 0, 0), 40);
        assert_eq!(age(&[], Some(-7_200_000), 0, 0), 7_200);
        assert_eq!(age(&[], None, 0, 5_000), 5);
    }

    #[test]
    fn fractions_of_a_second_are_no_age() {
        assert_eq!(age(&[], Some(0), 0, 999), 0);
        assert_eq!(age(&[], None, 0, 1_999), 1);
    }

    #[test]
    fn clocks_that_run_ahead_make_nothing_younger() {
        assert_eq!(age(&["7"], Some(10_000), 0, 0), 7);
        assert_eq!(age(&["7"], None, 10_000, 0), 7);
    }

    #[test]
    fn of_a_list_the_first_member_counts() {
        for (lines, first) in [
            (&["7200,0"][..], 7_200),
            (&["7200, 0"], 7_200),
            (&["0,7200"], 0),
            (&["0\t, 7200"], 0),
            (&["7200", "0"], 7_200),
            (&["0", "7200"], 0),
            (&["3600, 3600"], 3_600),
        ] {
            assert_eq!(age(lines, None, 0, 0), first, "{lines:?}");
        }
    }

    #[test]
    fn an_age_that_is_no_number_is_ignored() {
        for line in [
            "abc",
            "-7200",
            "7200.0",
            "7200;foo=bar",
            "",
            ", 7200",
            "72 00",
        ] {
            assert_eq!(age(&[line], None, 0, 5_000), 5, "{line}");
        }
    }

    #[test]
    fn ages_at_the_edges_do_not_overflow() {
        assert_eq!(age(&["99999999999999999999"], None, 0, 0), 1 << 31);
        let headers = HeaderMap::from_iter([(header::AGE, HeaderValue::from_static("1"))]);
        let arrival = Arrival {
            status: StatusCode::OK,
            version: Version::HTTP_11,
            headers: &headers,
            sent: SystemTime::UNIX_EPOCH,
            received: SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 60),
        };
        assert_eq!(initial(&arrival), Duration::from_secs((1 << 60) + 1));
    }

    proptest! {
        /// RFC 9111 §4.2.3 written out in whole seconds.
        #[test]
        fn the_age_is_that_of_the_formula(
            age_value in 0_i64..100_000,
            date in -100_000_i64..100_000,
            sent in -1_000_i64..1_000,
            received in -1_000_i64..1_000,
        ) {
            let mut headers = HeaderMap::new();
            headers.insert(header::AGE, HeaderValue::from(age_value));
            headers.insert(header::DATE, dates::format(at(date * 1_000)));
            let arrival = Arrival {
                status: StatusCode::OK,
                version: Version::HTTP_11,
                headers: &headers,
                sent: at(sent * 1_000),
                received: at(received * 1_000),
            };
            let apparent_age = (received - date).max(0);
            let corrected_age = age_value + (received - sent).max(0);
            let expected = u64::try_from(apparent_age.max(corrected_age)).unwrap();
            prop_assert_eq!(initial(&arrival), Duration::from_secs(expected));
        }

        #[test]
        fn no_bytes_break_the_parser(line in prop::collection::vec(32_u8..127, 0..20)) {
            let value = HeaderValue::from_bytes(&line).unwrap();
            let _ = field(&HeaderMap::from_iter([(header::AGE, value)]));
        }
    }
}
