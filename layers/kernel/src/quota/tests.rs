use proptest::prelude::*;

use super::*;
use crate::Delay;

const NOW: Duration = Duration::from_secs(1_800_000_000);

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

fn quota(lines: &[(&'static str, &str)]) -> Option<Quota> {
    Quota::parse(&headers(lines), SystemTime::UNIX_EPOCH + NOW)
}

fn of(remaining: u64, seconds: u64) -> Option<Quota> {
    Some(Quota::new(remaining, Duration::from_secs(seconds)))
}

#[test]
fn the_name_may_be_quoted_or_not() {
    assert_eq!(
        quota(&[("ratelimit", r#""default";r=50;t=30"#)]),
        of(50, 30)
    );
    assert_eq!(quota(&[("ratelimit", "default;r=50;t=30")]), of(50, 30));
    let across = [
        ("ratelimit", "default;r=5"),
        ("ratelimit-policy", r#""default";q=9;w=60"#),
    ];
    assert_eq!(quota(&across), of(5, 60));
}

#[test]
fn several_lines_are_one_list() {
    let two = [("ratelimit", "a;r=5;t=10"), ("ratelimit", "b;r=0;t=7")];
    assert_eq!(quota(&two), of(0, 7));
    let broken = [("ratelimit", "a;r=5;t=10"), ("ratelimit", "b;r=;t=7")];
    assert_eq!(quota(&broken), None, "one malformed line spoils the field");
    let policies = [
        ("ratelimit", "b;r=3"),
        ("ratelimit-policy", "a;q=9;w=60"),
        ("ratelimit-policy", "b;q=9;w=61"),
    ];
    assert_eq!(quota(&policies), of(3, 61));
}

#[test]
fn a_policy_lends_its_window_where_the_reset_is_not_told() {
    let policy = ("ratelimit-policy", "a;q=9;w=60");
    assert_eq!(quota(&[("ratelimit", "a;r=5"), policy]), of(5, 60));
    assert_eq!(quota(&[("ratelimit", "a;r=5;t=7"), policy]), of(5, 7));
    assert_eq!(
        quota(&[("ratelimit", "b;r=5"), policy]),
        None,
        "no such policy"
    );
    assert_eq!(quota(&[("ratelimit", "a;r=5")]), None, "no policy at all");
    assert_eq!(
        quota(&[("ratelimit", "a;r=5"), ("ratelimit-policy", "a;q=9")]),
        None,
        "no window"
    );
    assert_eq!(
        quota(&[("ratelimit", "a;r=5;t=-1"), policy]),
        None,
        "a malformed reset is none"
    );
    assert_eq!(
        quota(&[("ratelimit", "a;r=5;t=1.5"), policy]),
        None,
        "a malformed reset is none"
    );
}

#[test]
fn what_does_not_count_requests_is_ignored() {
    let bytes = (
        "ratelimit-policy",
        r#"a;q=9;qu="content-bytes";w=60, b;q=9;qu="requests", c;q=9;qu=7"#,
    );
    assert_eq!(quota(&[("ratelimit", "a;r=0;t=5"), bytes]), None);
    assert_eq!(
        quota(&[("ratelimit", "c;r=0;t=5"), bytes]),
        None,
        "a unit that is no name"
    );
    assert_eq!(
        quota(&[("ratelimit", "a;r=0;t=5, b;r=3;t=6"), bytes]),
        of(3, 6)
    );
    let units = Policy::parse(&headers(&[bytes]));
    let units: Vec<_> = units
        .iter()
        .map(|policy| (policy.name(), policy.counts_requests()))
        .collect();
    assert_eq!(units, [("a", false), ("b", true), ("c", false)]);
}

#[test]
fn malformed_and_absurd_members_are_ignored() {
    for bad in [
        "a;t=5",
        "a;r=-1;t=5",
        "a;r=1.5;t=5",
        "a;r=\"1\";t=5",
        "7;r=1;t=5",
        "(a b);r=1;t=5",
        "?1;r=1;t=5",
        "a;r=1;t=2678401",
        "a;r=1;t=999999999999999",
        "a;r=1;t=9999999999999999",
        "",
        ",",
        "a;r",
        "a; r=1,",
        "\"a;r=1;t=5",
    ] {
        assert_eq!(quota(&[("ratelimit", bad)]), None, "{bad}");
        assert_eq!(
            quota(&[
                ("ratelimit", bad),
                ("x-ratelimit-remaining", "4"),
                ("x-ratelimit-reset", "9")
            ]),
            of(4, 9),
            "{bad}"
        );
    }
    assert_eq!(
        quota(&[("ratelimit", "a;r=1;t=2678400")]),
        of(1, 2_678_400),
        "31 days are believed"
    );
    assert_eq!(
        quota(&[("ratelimit", "a;r=x;t=5, b;r=2;t=5, c;r=1;t=9999999")]),
        of(2, 5)
    );
}

#[test]
fn the_older_dictionary_is_read() {
    assert_eq!(
        quota(&[("ratelimit", "limit=100, remaining=50, reset=5")]),
        of(50, 5)
    );
    assert_eq!(
        quota(&[
            ("ratelimit", "limit=100, remaining=50"),
            ("ratelimit", "reset=5")
        ]),
        of(50, 5)
    );
    for bad in [
        "remaining=50",
        "reset=5",
        "remaining=(1 2), reset=5",
        "remaining=1.5, reset=5",
        "remaining=5, reset=2678401",
        "remaining, reset",
    ] {
        assert_eq!(quota(&[("ratelimit", bad)]), None, "{bad}");
    }
}

#[test]
fn the_quota_that_binds_first_counts() {
    let binds = |field: &str| quota(&[("ratelimit", field)]);
    assert_eq!(
        binds("a;r=5;t=10, b;r=900;t=36000"),
        of(900, 36_000),
        "least for each second"
    );
    assert_eq!(binds("b;r=900;t=36000, a;r=5;t=10"), of(900, 36_000));
    assert_eq!(
        binds("a;r=0;t=10, b;r=1;t=36000"),
        of(0, 10),
        "nothing left"
    );
    assert_eq!(binds("b;r=1;t=36000, a;r=0;t=10"), of(0, 10));
    assert_eq!(
        binds("a;r=0;t=10, b;r=0;t=20"),
        of(0, 20),
        "the longest wait"
    );
    assert_eq!(binds("b;r=0;t=20, a;r=0;t=10"), of(0, 20));
    assert_eq!(
        binds("a;r=1;t=0, b;r=100;t=1"),
        of(100, 1),
        "a reset at once binds nobody"
    );
    assert_eq!(binds("b;r=100;t=1, a;r=1;t=0"), of(100, 1));
    assert_eq!(
        binds("a;r=999999999999999;t=2678400, b;r=999999999999999;t=1"),
        of(999_999_999_999_999, 2_678_400)
    );
}

#[test]
fn each_family_has_a_count_and_a_reset() {
    for (remaining, reset) in &FAMILIES {
        let family = |left: &str, until: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(remaining, left.parse().unwrap());
            headers.insert(reset, until.parse().unwrap());
            Quota::parse(&headers, SystemTime::UNIX_EPOCH + NOW)
        };
        assert_eq!(family("3", "60"), of(3, 60));
        assert_eq!(family(" 0 ", "1800000007"), of(0, 7));
        assert_eq!(
            family("3", "1800000007250"),
            Some(Quota::new(3, Duration::from_millis(7_250)))
        );
        assert_eq!(family("3", "2678401"), None, "absurd");
        assert_eq!(family("x", "60"), None);
        assert_eq!(family("-3", "60"), None);
        assert_eq!(family("3", "soon"), None);
    }
    let mixed = [("x-ratelimit-remaining", "3"), ("x-rate-limit-reset", "60")];
    assert_eq!(quota(&mixed), None, "of two families");
    let both = [
        ("x-ratelimit-remaining", "3"),
        ("x-rate-limit-remaining", "4"),
        ("x-rate-limit-reset", "60"),
    ];
    assert_eq!(quota(&both), of(4, 60), "the first one that is complete");
}

#[test]
fn of_several_lines_of_a_family_the_strictest_counts() {
    let lines = [
        ("x-ratelimit-remaining", "30"),
        ("x-ratelimit-remaining", "3"),
        ("x-ratelimit-remaining", "many"),
        ("x-ratelimit-reset", "5"),
        ("x-ratelimit-reset", "50"),
        ("x-ratelimit-reset", "99999999"),
    ];
    assert_eq!(quota(&lines), of(3, 50));
}

#[test]
fn no_field_is_no_quota() {
    assert_eq!(quota(&[]), None);
    assert_eq!(quota(&[("ratelimit-policy", "a;q=9;w=60")]), None);
    assert_eq!(Policy::parse(&HeaderMap::new()), []);
    assert_eq!(
        Policy::parse(&headers(&[("ratelimit-policy", "a;q=;w=1")])),
        []
    );
    assert_eq!(
        Policy::parse(&headers(&[("ratelimit-policy", "a;w=1, 7;q=1, b;q=-1")])),
        [],
        "none is a policy"
    );
}

#[test]
fn a_field_of_thousands_is_looked_at_in_part() {
    let many: Vec<_> = (0..20_000).map(|i| format!("p{i};r={i};q=1;t=5")).collect();
    let many = many.join(", ");
    let headers = headers(&[("ratelimit", &many), ("ratelimit-policy", &many)]);
    assert_eq!(Policy::parse(&headers).len(), 64);
    assert_eq!(Quota::parse(&headers, SystemTime::UNIX_EPOCH), of(0, 5));
    let last: Vec<_> = (0..65).rev().map(|i| format!("p{i};r={i};t=5")).collect();
    assert_eq!(
        quota(&[("ratelimit", &last.join(","))]),
        of(1, 5),
        "the 65th is not seen"
    );
}

#[test]
fn a_policy_says_how_much_it_allows() {
    let policies = Policy::parse(&headers(&[("ratelimit-policy", "a;q=100;w=60, b;q=7")]));
    let told: Vec<_> = policies
        .iter()
        .map(|policy| (policy.quota(), policy.window()))
        .collect();
    assert_eq!(told, [(100, Some(Duration::from_secs(60))), (7, None)]);
}

#[test]
fn quotas_say_what_they_were_made_with() {
    let quota = Quota::new(7, Duration::MAX);
    assert_eq!((quota.remaining(), quota.resets_in()), (7, Duration::MAX));
}

/// The model of "binds first": sort by the rule, in floating point.
fn binding(quotas: &[(u64, u64)]) -> (u64, u64) {
    let exhausted = quotas
        .iter()
        .filter(|(left, _)| *left == 0)
        .max_by_key(|(_, wait)| *wait);
    let rate = |(left, wait): &(u64, u64)| *left as f64 / *wait as f64;
    *exhausted.unwrap_or_else(|| {
        quotas
            .iter()
            .min_by(|a, b| rate(a).total_cmp(&rate(b)))
            .unwrap()
    })
}

proptest! {
    #[test]
    fn the_binding_quota_is_the_models(quotas in prop::collection::vec((0..20_u64, 1..50_u64), 1..8)) {
        let field: Vec<_> = quotas.iter().map(|(left, wait)| format!("p;r={left};t={wait}")).collect();
        let found = quota(&[("ratelimit", &field.join(", "))]).unwrap();
        let (left, wait) = binding(&quotas);
        if left == 0 {
            prop_assert_eq!(Some(found), of(0, wait));
        } else {
            let (mine, model) = (found.remaining() * wait, left * found.resets_in().as_secs());
            prop_assert_eq!(mine, model, "the same rate");
        }
    }

    #[test]
    fn no_bytes_make_it_panic(fields in prop::collection::vec((0..8_usize, prop::collection::vec(32_u8..255, 0..60)), 0..6)) {
        const NAMES: [&str; 8] = [
            "ratelimit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "x-ratelimit-remaining",
            "x-ratelimit-reset", "x-rate-limit-remaining", "x-rate-limit-reset",
        ];
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            if let Ok(value) = http::HeaderValue::from_bytes(&value) {
                headers.append(NAMES[name], value);
            }
        }
        if let Some(quota) = Quota::parse(&headers, SystemTime::UNIX_EPOCH + NOW) {
            prop_assert!(quota.resets_in() <= Delay::LONGEST);
        }
    }
}
