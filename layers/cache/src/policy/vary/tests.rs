use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::Vary;

type Fields<'a> = &'a [(&'static str, &'a str)];

fn map(fields: Fields<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        let value = HeaderValue::from_str(value).unwrap();
        headers.append(HeaderName::from_static(name), value);
    }
    headers
}

fn vary(response: Fields<'_>, request: Fields<'_>) -> Option<Vary> {
    Vary::of(&map(response), &map(request), SystemTime::UNIX_EPOCH)
}

fn reused(value: &str, first: Fields<'_>, second: Fields<'_>) -> bool {
    let vary = vary(&[("vary", value)], first).unwrap();
    vary.matches(&map(second), &HeaderMap::new())
}

#[test]
fn a_response_without_vary_answers_all() {
    let vary = vary(&[], &[("foo", "1")]).unwrap();
    assert_eq!(vary, Vary::default());
    assert!(vary.matches(&map(&[]), &HeaderMap::new()));
    assert!(vary.matches(&map(&[("foo", "2")]), &HeaderMap::new()));
}

#[test]
fn a_star_anywhere_answers_nothing() {
    for lines in [
        &["*"][..],
        &["*, *"],
        &["*", "*"],
        &[", *"],
        &["", "*"],
        &["*, foo"],
        &["foo, *"],
        &["foo bar"],
    ] {
        let response: Vec<_> = lines.iter().map(|line| ("vary", *line)).collect();
        assert_eq!(vary(&response, &[("foo", "1")]), None, "{lines:?}");
    }
}

#[test]
fn nominated_fields_must_agree_and_others_need_not() {
    let first = &[("foo", "1"), ("bar", "abc"), ("other", "2")];
    assert!(reused("foo, bar", first, &[("bar", "abc"), ("foo", "1")]));
    assert!(!reused("Foo, Bar", first, &[("foo", "2"), ("bar", "abc")]));
    assert!(!reused("foo, bar", first, &[("foo", "1"), ("bar", "abcd")]));
    assert!(!reused("foo, bar", first, &[("foo", "1")]));
    assert!(!reused("foo, bar", first, &[]));
}

#[test]
fn an_absent_field_agrees_with_an_absent_one_only() {
    assert!(reused("foo, bar", &[("foo", "1")], &[("foo", "1")]));
    assert!(!reused("foo", &[], &[("foo", "1")]));
    assert!(!reused("foo", &[("foo", "1")], &[]));
    assert!(!reused("foo", &[], &[("foo", "")]));
    assert!(!reused("foo", &[("foo", "")], &[]));
    assert!(reused("foo", &[("foo", "")], &[("foo", "")]));
}

#[test]
fn names_that_are_listed_twice_count_once() {
    let vary = vary(&[("vary", "foo, FOO"), ("vary", "foo")], &[]).unwrap();
    assert_eq!(vary.names, ["foo"]);
}

#[test]
fn lines_and_white_space_mean_nothing() {
    assert!(reused(
        "foo",
        &[("foo", "1, 2")],
        &[("foo", "1"), ("foo", "2")]
    ));
    assert!(reused(
        "foo",
        &[("foo", "1"), ("foo", "2")],
        &[("foo", "1,2")]
    ));
    assert!(reused("foo", &[("foo", "1,2")], &[("foo", " 1, 2 ")]));
    assert!(!reused("foo", &[("foo", "1,2")], &[("foo", "2,1")]));
    assert!(!reused("foo", &[("foo", "a")], &[("foo", "A")]));
    assert!(!reused(
        "foo",
        &[("foo", "\"a,b\"")],
        &[("foo", "\"a, b\"")]
    ));
}

#[test]
fn languages_and_codings_are_compared_by_what_they_mean() {
    for name in ["accept-language", "accept-encoding"] {
        assert!(reused(name, &[(name, "en, de")], &[(name, "de, en")]));
        assert!(reused(name, &[(name, "en, de")], &[(name, "eN, De")]));
        assert!(reused(name, &[(name, "en, de")], &[(name, " en ,   de")]));
        assert!(reused(name, &[(name, "en")], &[(name, "en;q=1.0")]));
        assert!(!reused(name, &[(name, "en, de")], &[(name, "en, fr")]));
        assert!(!reused(name, &[(name, "en;x=1")], &[(name, "EN;x=1")]));
        assert!(!reused(name, &[(name, "en")], &[(name, "EN;x=1")]));
    }
}

#[test]
fn a_response_in_the_language_that_is_wanted_most_will_do() {
    let response = &[("vary", "accept-language")];
    let german = map(&[("content-language", "de")]);
    let vary = vary(response, &[("accept-language", "en, de")]).unwrap();
    let none = HeaderMap::new();
    let matches = |wanted, language| vary.matches(&map(&[("accept-language", wanted)]), language);
    assert!(matches("fr;q=0.5, de;q=1.0", &german));
    assert!(!matches("fr;q=0.5, de;q=1.0", &none));
    assert!(!matches("fr, de", &german));
    assert!(!matches("fr, de;q=0.5", &german));
}

#[test]
fn the_language_of_a_response_says_nothing_about_its_coding() {
    let response = &[("vary", "accept-encoding")];
    let vary = vary(response, &[("accept-encoding", "gzip")]).unwrap();
    let coding = map(&[("content-language", "br")]);
    assert!(!vary.matches(&map(&[("accept-encoding", "br")]), &coding));
}

#[test]
fn a_language_does_not_make_up_for_another_field() {
    let response = &[("vary", "accept-language, foo")];
    let vary = vary(response, &[("accept-language", "en, de"), ("foo", "1")]).unwrap();
    let german = map(&[("content-language", "de")]);
    let matches = |foo| vary.matches(&map(&[("accept-language", "de"), ("foo", foo)]), &german);
    assert!(matches("1"));
    assert!(!matches("2"));
}

#[test]
fn an_updated_response_answers_both_requests() {
    let response = &[("vary", "foo")];
    let one = vary(response, &[("foo", "1")]).unwrap();
    let two = vary(response, &[("foo", "2")]).unwrap();
    let both = two.clone().and(&one);
    assert!(both.matches(&map(&[("foo", "1")]), &HeaderMap::new()));
    assert!(both.matches(&map(&[("foo", "2")]), &HeaderMap::new()));
    assert!(!both.matches(&map(&[("foo", "3")]), &HeaderMap::new()));
    assert_eq!(both.clone().and(&both), both);
    assert_eq!(both.rows.len(), 2);
}

#[test]
fn an_update_with_other_nominated_fields_forgets_the_old_ones() {
    let one = vary(&[("vary", "foo")], &[("foo", "1")]).unwrap();
    let two = vary(&[("vary", "bar")], &[("bar", "1")]).unwrap();
    assert_eq!(two.clone().and(&one), two);
}

#[test]
fn no_more_than_sixteen_requests_are_remembered() {
    let nth = |n: usize| vary(&[("vary", "foo")], &[("foo", &n.to_string())]).unwrap();
    let all = (1..40).fold(nth(0), |old, n| nth(n).and(&old));
    assert_eq!(all.rows.len(), 16);
    assert!(all.matches(&map(&[("foo", "39")]), &HeaderMap::new()));
    assert!(all.matches(&map(&[("foo", "24")]), &HeaderMap::new()));
    assert!(!all.matches(&map(&[("foo", "23")]), &HeaderMap::new()));
}

#[test]
fn thousands_of_nominated_fields_answer_nothing() {
    let names = |count: usize| {
        let names: Vec<_> = (0..count).map(|n| format!("x{n}")).collect();
        names.join(", ")
    };
    assert_eq!(vary(&[("vary", &names(32))], &[]).unwrap().names.len(), 32);
    assert_eq!(vary(&[("vary", &names(33))], &[]), None);
    assert_eq!(vary(&[("vary", &names(10_000))], &[]), None);
}

proptest! {
    #[test]
    fn no_bytes_break_the_parser(
        vary in prop::collection::vec(32_u8..127, 0..40),
        value in prop::collection::vec(32_u8..=255, 0..40),
    ) {
        let read = |bytes: &[u8]| HeaderValue::from_bytes(bytes).unwrap_or(HeaderValue::from_static("x"));
        let response = HeaderMap::from_iter([(http::header::VARY, read(&vary))]);
        let request = HeaderMap::from_iter([(http::header::ACCEPT_LANGUAGE, read(&value))]);
        if let Some(vary) = Vary::of(&response, &request, SystemTime::UNIX_EPOCH) {
            prop_assert!(vary.matches(&request, &HeaderMap::new()));
        }
    }

    #[test]
    fn the_same_request_always_matches(
        foo in prop::option::of("[ -~]{0,20}"), language in prop::option::of("[ -~]{0,20}"),
    ) {
        let mut request = HeaderMap::new();
        for (name, value) in [("foo", foo), ("accept-language", language)] {
            if let Some(value) = value {
                request.append(name, HeaderValue::from_str(&value).unwrap());
            }
        }
        let response = map(&[("vary", "foo, accept-language, bar")]);
        prop_assert!(Vary::of(&response, &request, SystemTime::UNIX_EPOCH).unwrap().matches(&request, &HeaderMap::new()));
    }
}

#[test]
fn each_request_has_a_confirmation_of_its_own() {
    let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    let (response, none) = (map(&[("vary", "foo")]), HeaderMap::new());
    let of = |foo, seconds| Vary::of(&response, &map(&[("foo", foo)]), at(seconds)).unwrap();
    let confirmed = |vary: &Vary, foo| vary.confirmed(&map(&[("foo", foo)]), &none);
    let alone = of("1", 1);
    assert_eq!(confirmed(&alone, "1"), None, "that of the response");
    let mut both = of("2", 2).and(&alone);
    assert_eq!(confirmed(&both, "1"), Some(at(1)));
    assert_eq!(confirmed(&both, "2"), Some(at(2)));
    assert_eq!(confirmed(&both, "3"), None);
    both = of("1", 3).and(&both);
    assert_eq!(both.rows.len(), 2);
    assert_eq!(confirmed(&both, "1"), Some(at(3)));
    both.confirm(&map(&[("foo", "2")]), &none, at(4));
    assert_eq!(confirmed(&both, "1"), Some(at(3)));
    assert_eq!(confirmed(&both, "2"), Some(at(4)));
}

#[cfg(feature = "persistent")]
#[test]
fn what_is_sealed_answers_the_same_requests_and_is_not_kept_twice() {
    let said = |value| vary(&[("vary", "x-tenant, x-other")], &[("x-tenant", value)]).unwrap();
    let answers =
        |vary: &Vary, value| vary.matches(&map(&[("x-tenant", value)]), &HeaderMap::new());
    let mut sealed = said("a, b");
    sealed.seal(&[]);
    assert_ne!(sealed, said("a, b"));
    assert!(answers(&sealed, "a, b") && answers(&sealed, "a,b ") && !answers(&sealed, "a"));
    let absent = sealed.matches(&map(&[]), &HeaderMap::new());
    assert!(!absent, "a field that was there is missing");

    let mut again = sealed.clone();
    again.seal(&[]);
    assert_eq!(again, sealed, "what is sealed stays as it is");
    let both = said("a,b").and(&sealed);
    assert_eq!(both.rows.len(), 1, "it says the same");
    let both = said("c").and(&sealed);
    assert_eq!(both.rows.len(), 2);
    assert!(answers(&both, "a, b") && answers(&both, "c"));

    let mut clear = said("a");
    clear.seal(&[HeaderName::from_static("x-tenant")]);
    assert_eq!(clear, said("a"));
}
