use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + NOW
}

fn reset_at_now(text: &str) -> Option<Duration> {
    reset(text, now())
}

#[test]
fn numbers_have_digits_and_nothing_else() {
    assert_eq!(seconds("2"), Some(Duration::from_secs(2)));
    assert_eq!(seconds(" 1.5\t"), Some(Duration::from_millis(1_500)));
    assert_eq!(milliseconds(" 7 "), Some(Duration::from_millis(7)));
    assert_eq!(count("\t7 "), Some(7));
    let bad = [
        "", " ", ".", "-1", "-0", "+1", "1e3", "1.", ".5", "1.2.3", "1.-2", "inf", "NaN", "0x1",
        "1 2", "1_000", "1,5", "٣", "½", "1\n", "1\u{a0}", "\0",
    ];
    for bad in bad {
        assert_eq!(seconds(bad), None, "{bad:?}");
        assert_eq!(milliseconds(bad), None, "{bad:?}");
        assert_eq!(reset_at_now(bad), None, "{bad:?}");
        assert_eq!(count(bad), None, "{bad:?}");
    }
    assert_eq!(count("1.5"), None, "half a request");
}

#[test]
fn fractions_are_rounded_up() {
    for (text, millis) in [
        ("0", 0),
        ("0.000", 0),
        ("0.0001", 1),
        ("0.9990", 999),
        ("0.9991", 1_000),
        ("2.5", 2_500),
    ] {
        assert_eq!(seconds(text), Some(Duration::from_millis(millis)), "{text}");
    }
    for (text, millis) in [
        ("1.0", 1),
        ("1.1", 2),
        ("0.0000000000000000000000000000001", 1),
    ] {
        assert_eq!(
            milliseconds(text),
            Some(Duration::from_millis(millis)),
            "{text}"
        );
    }
}

#[test]
fn a_fraction_too_fine_for_floating_point_still_counts() {
    // As an f64 this is exactly one millisecond.
    assert_eq!(
        seconds("0.00100000000000000000000001"),
        Some(Duration::from_millis(2))
    );
    // Beyond 2^53 an f64 has no fractions.
    assert_eq!(
        milliseconds("9007199254740992.5"),
        Some(Duration::from_millis((1 << 53) + 1))
    );
}

#[test]
fn zeros_do_not_make_a_number_large() {
    let zeros = "0".repeat(5_000);
    assert_eq!(
        seconds(&format!("{zeros}5.{zeros}")),
        Some(Duration::from_secs(5))
    );
    assert_eq!(count(&format!("{zeros}5")), Some(5));
}

#[test]
fn numbers_too_large_for_a_duration_are_refused() {
    for digits in [20, 30, 400, 8_000] {
        let text = "9".repeat(digits);
        assert_eq!(seconds(&text), None);
        assert_eq!(milliseconds(&text), None);
        assert_eq!(reset_at_now(&text), None);
        assert_eq!(count(&text), None);
    }
    let most = u64::MAX;
    assert_eq!(count(&most.to_string()), Some(most));
    assert_eq!(
        milliseconds(&most.to_string()),
        Some(Duration::from_millis(most))
    );
    assert_eq!(
        milliseconds(&format!("{most}.1")),
        None,
        "rounding up overflows"
    );
    assert_eq!(seconds(&most.to_string()), None);
    let seconds_left = most / 1_000;
    assert_eq!(
        seconds(&format!("{seconds_left}.615")),
        Some(Duration::from_millis(most))
    );
    assert_eq!(seconds(&format!("{seconds_left}.616")), None);
}

#[test]
fn a_reset_is_a_span_or_an_epoch_by_its_size() {
    assert_eq!(reset_at_now("60"), Some(Duration::from_secs(60)));
    assert_eq!(reset_at_now("0.25"), Some(Duration::from_millis(250)));
    assert_eq!(reset_at_now("1800000007"), Some(Duration::from_secs(7)));
    assert_eq!(
        reset_at_now("1800000007.25"),
        Some(Duration::from_millis(7_250))
    );
    assert_eq!(
        reset_at_now("1800000007250"),
        Some(Duration::from_millis(7_250))
    );
    assert_eq!(reset_at_now("1799999999"), Some(Duration::ZERO));
    assert_eq!(reset_at_now("1800000000"), Some(Duration::ZERO));
}

#[test]
fn the_first_epoch_is_the_start_of_2024() {
    assert_eq!(
        httpdate::parse_http_date("Mon, 01 Jan 2024 00:00:00 GMT").unwrap(),
        SystemTime::UNIX_EPOCH + Duration::from_secs(FIRST_EPOCH)
    );
    let before = SystemTime::UNIX_EPOCH;
    assert_eq!(
        reset("1704067199", before),
        Some(Duration::from_secs(1_704_067_199))
    );
    assert_eq!(
        reset_at_now("1704067199"),
        Some(Duration::from_secs(1_704_067_199)),
        "a span"
    );
    assert_eq!(
        reset_at_now("1704067200"),
        Some(Duration::ZERO),
        "a date that has passed"
    );
    let last = FIRST_EPOCH_MS - 1;
    assert_eq!(
        reset(&last.to_string(), before),
        Some(Duration::from_secs(last)),
        "in seconds"
    );
    assert_eq!(
        reset(&FIRST_EPOCH_MS.to_string(), before),
        Some(Duration::from_secs(FIRST_EPOCH))
    );
}

#[test]
fn an_epoch_in_milliseconds_is_not_a_nanosecond_early() {
    // Floating point made 1800000007.250999927 of this one.
    assert_eq!(
        reset_at_now("1800000007251"),
        Some(Duration::from_millis(7_251))
    );
    assert_eq!(
        reset_at_now("1800000007251.5"),
        Some(Duration::from_millis(7_252))
    );
}

#[test]
fn a_date_has_three_forms() {
    let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:07 GMT").unwrap();
    for text in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        " Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994\t",
    ] {
        assert_eq!(
            until_date(text, now),
            Some(Duration::from_secs(30)),
            "{text}"
        );
        assert_eq!(
            until_date(text, now + Duration::from_secs(31)),
            Some(Duration::ZERO),
            "{text}"
        );
    }
}

#[test]
fn what_is_no_date_is_none() {
    let bad = [
        "",
        "Sun",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 25:49:37 GMT",
        "06 Nov 1994",
        "1994-11-06T08:49:37Z",
        "Sun, 06 Nov 1994 08:49:37 GMT, x",
        "Sun, 06 Nov 99999 08:49:37 GMT",
    ];
    for bad in bad {
        assert_eq!(until_date(bad, now()), None, "{bad}");
    }
}

#[test]
fn a_clock_before_the_epoch_is_no_trouble() {
    let now = SystemTime::UNIX_EPOCH - Duration::from_secs(5);
    assert_eq!(
        reset("1704067200", now),
        Some(Duration::from_secs(1_704_067_205))
    );
    assert_eq!(
        until_date("Thu, 01 Jan 1970 00:00:00 GMT", now),
        Some(Duration::from_secs(5))
    );
}

/// The model: the number times 10^`places`, rounded up, by long-hand arithmetic in 128 bits.
fn model(whole: u64, fraction: &str, places: u32) -> u128 {
    let scale = 10_u128.pow(u32::try_from(fraction.len()).unwrap());
    let digits = u128::from(whole) * scale + fraction.parse::<u128>().unwrap();
    (digits * 10_u128.pow(places)).div_ceil(scale)
}

proptest! {
    #[test]
    fn no_wait_is_shorter_than_the_wish_or_a_millisecond_longer(
        whole in 0..1_u64 << 45, fraction in "[0-9]{1,15}",
    ) {
        let text = format!("{whole}.{fraction}");
        prop_assert_eq!(seconds(&text).unwrap().as_millis(), model(whole, &fraction, 3));
        prop_assert_eq!(milliseconds(&text).unwrap().as_millis(), model(whole, &fraction, 0));
    }

    #[test]
    fn an_epoch_is_never_early(
        after in 0_u64..3_000_000, nanos in 0_u32..1_000_000_000, in_millis in any::<bool>(), fraction in "[0-9]{1,6}",
    ) {
        let epoch = (NOW.as_secs() + after) * if in_millis { 1_000 } else { 1 };
        let now = now() - Duration::new(1, nanos);
        let wait = reset(&format!("{epoch}.{fraction}"), now).unwrap();
        let places = if in_millis { 0 } else { 3 };
        let since_epoch = now.duration_since(SystemTime::UNIX_EPOCH).unwrap() + wait;
        prop_assert_eq!(since_epoch.as_nanos(), model(epoch, &fraction, places) * 1_000_000);
    }

    #[test]
    fn no_text_makes_them_panic(text in any::<String>()) {
        let _ = (seconds(&text), milliseconds(&text), count(&text), reset_at_now(&text), until_date(&text, now()));
    }

    #[test]
    fn no_near_number_or_near_date_makes_them_panic(text in "[-+ 0-9.,:a-zA-Z]{0,40}|[0-9]{0,40}\\.?[0-9]{0,40}") {
        let _ = (seconds(&text), milliseconds(&text), count(&text), reset_at_now(&text), until_date(&text, now()));
    }
}
