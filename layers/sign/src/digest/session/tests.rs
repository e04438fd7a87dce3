use http::{HeaderMap, header};

use super::super::algorithm::Hash;
use super::super::challenge::strongest;
use super::*;

fn challenge(rest: &str) -> Challenge {
    let mut headers = HeaderMap::new();
    let realm = if rest.contains("realm=") {
        ""
    } else {
        "realm=r, "
    };
    let line = format!("Digest {realm}qop=auth, {rest}");
    headers.insert(
        header::WWW_AUTHENTICATE,
        line.parse().expect("a valid value"),
    );
    strongest(&headers, Hash::Md5).expect("a challenge")
}

fn knowing(nonce: &str) -> Realms {
    let mut realms = Realms::default();
    assert!(told(&mut realms, None, &format!("nonce={nonce}")));
    realms
}

fn drawn(realms: &mut Realms) -> (String, u32, String) {
    let ticket = realms.draw(|| "fresh".to_owned()).expect("a ticket");
    (ticket.challenge.nonce, ticket.count, ticket.cnonce)
}

fn nonce(realms: &mut Realms) -> (String, u32) {
    let (nonce, count, _) = drawn(realms);
    (nonce, count)
}

fn used(nonce: &str) -> Used {
    let (realm, nonce) = ("r".to_owned(), nonce.to_owned());
    Used { realm, nonce }
}

fn asked(realms: &mut Realms, with: Option<&str>, rest: &str, is_answer: bool) -> bool {
    let with = with.map(used);
    realms.challenged(
        with.as_ref(),
        challenge(rest),
        is_answer,
        "first".to_owned(),
    )
}

fn told(realms: &mut Realms, with: Option<&str>, rest: &str) -> bool {
    asked(realms, with, rest, false)
}

#[test]
fn each_request_has_a_count_of_its_own() {
    let mut realms = knowing("a");
    assert_eq!(drawn(&mut realms), ("a".into(), 1, "fresh".into()));
    assert_eq!(drawn(&mut realms), ("a".into(), 2, "fresh".into()));
    realms.0[0].sessions[0].count = u32::MAX;
    assert!(realms.draw(String::new).is_none());
    assert!(realms.0[0].sessions.is_empty());
}

#[test]
fn a_session_keeps_its_first_nonces_of_both_sides() {
    let mut realms = knowing("a, algorithm=SHA-256-sess");
    assert_eq!(drawn(&mut realms), ("a".into(), 1, "first".into()));
    realms.accepted(&used("a"), Some("b".to_owned()));
    let ticket = realms.draw(String::new).expect("a ticket");
    assert_eq!((ticket.challenge.nonce.as_str(), ticket.count), ("b", 1));
    assert_eq!(
        (ticket.first_nonce.as_str(), ticket.cnonce.as_str()),
        ("a", "first")
    );
    // Another challenge, of the same nonce even, begins another session.
    assert!(told(&mut realms, None, "nonce=b, algorithm=SHA-256-sess"));
    let ticket = realms.draw(String::new).expect("a ticket");
    assert_eq!((ticket.first_nonce.as_str(), ticket.count), ("b", 2));
}

#[test]
fn the_challenge_that_came_is_the_one_that_is_answered() {
    let mut realms = knowing("a");
    assert_eq!(nonce(&mut realms), ("a".into(), 1));
    assert!(told(&mut realms, None, "nonce=b"));
    assert_eq!(nonce(&mut realms), ("b".into(), 1));
    assert!(told(&mut realms, Some("a"), "realm=other, nonce=c"));
    assert_eq!(nonce(&mut realms), ("c".into(), 1));
}

#[test]
fn a_nonce_that_is_handed_out_twice_is_counted_on() {
    let mut realms = knowing("a");
    assert_eq!(nonce(&mut realms), ("a".into(), 1));
    assert!(told(&mut realms, None, "nonce=b"));
    assert_eq!(nonce(&mut realms), ("b".into(), 1));
    assert!(told(&mut realms, None, "nonce=a"));
    assert_eq!(nonce(&mut realms), ("a".into(), 2));
    assert!(told(&mut realms, Some("a"), "nonce=a, stale=true"));
    assert_eq!(nonce(&mut realms), ("a".into(), 3));
    assert!(told(&mut realms, Some("a"), "nonce=c, stale=true"));
    assert!(told(&mut realms, Some("c"), "nonce=a, stale=true"));
    assert_eq!(nonce(&mut realms), ("a".into(), 4));
}

#[test]
fn a_wrong_password_is_not_tried_twice() {
    let mut realms = knowing("a");
    assert!(!told(&mut realms, Some("a"), "nonce=b"));
    assert_eq!(
        nonce(&mut realms),
        ("b".into(), 1),
        "the next request tries anew"
    );
    // Nor is it when another request, with the same password, was refused first.
    assert!(!told(&mut realms, Some("a"), "nonce=c"));
}

#[test]
fn a_nonce_that_is_stale_or_has_worked_is_replaced() {
    let mut realms = knowing("a");
    assert!(told(&mut realms, Some("a"), "nonce=b, stale=TRUE"));
    realms.accepted(&used("b"), None);
    assert!(told(&mut realms, Some("b"), "nonce=c"));
    assert_eq!(nonce(&mut realms), ("c".into(), 1));
    assert!(
        told(&mut realms, Some("b"), "nonce=d"),
        "one that was under way meanwhile"
    );
    assert_eq!(nonce(&mut realms), ("d".into(), 1));
}

#[test]
fn a_password_that_has_worked_is_trusted_until_an_answer_is_refused() {
    let mut realms = knowing("a");
    realms.accepted(&used("a"), None);
    assert!(told(&mut realms, Some("a"), "nonce=b"));
    asked(&mut realms, Some("b"), "nonce=c, stale=true", true);
    assert!(
        told(&mut realms, Some("c"), "nonce=d"),
        "stale says nothing of the password"
    );
    asked(&mut realms, Some("d"), "nonce=e", true);
    assert!(!told(&mut realms, Some("e"), "nonce=f"));
}

#[test]
fn each_realm_trusts_for_itself() {
    let mut realms = knowing("a");
    realms.accepted(&used("a"), None);
    assert!(told(&mut realms, Some("a"), "realm=other, nonce=b"));
    let other = Used {
        realm: "other".to_owned(),
        nonce: "b".to_owned(),
    };
    let again = challenge("realm=other, nonce=c");
    assert!(!realms.challenged(Some(&other), again, false, String::new()));
    assert!(told(&mut realms, Some("a"), "nonce=d"));
}

#[test]
fn the_next_nonce_begins_a_new_count() {
    let mut realms = knowing("a");
    drawn(&mut realms);
    realms.accepted(&used("other"), Some("b".to_owned()));
    assert_eq!(drawn(&mut realms).1, 2, "a late answer changes nothing");
    realms.accepted(&used("a"), Some("a".to_owned()));
    assert_eq!(drawn(&mut realms).1, 3);
    realms.accepted(&used("a"), Some("b".to_owned()));
    assert_eq!(nonce(&mut realms), ("b".into(), 1));
    assert!(told(&mut realms, None, "nonce=c"));
    realms.accepted(&used("c"), Some("b".to_owned()));
    assert_eq!(nonce(&mut realms), ("b".into(), 2), "it is counted on");
}

#[test]
fn no_server_makes_the_memory_grow() {
    let mut realms = Realms::default();
    for number in 0..100 {
        assert!(told(&mut realms, None, &format!("nonce=n{number}")));
    }
    assert_eq!(realms.0[0].sessions.len(), MOST_NONCES);
    for number in 0..100 {
        assert!(told(
            &mut realms,
            None,
            &format!("realm=r{number}, nonce=n")
        ));
    }
    assert_eq!(realms.0.len(), MOST_REALMS);
    assert_eq!(realms.0[0].name, "r99");
}
