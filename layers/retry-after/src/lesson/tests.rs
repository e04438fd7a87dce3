use super::*;

#[test]
fn names_of_quota_fields_are_told_from_others() {
    for name in [
        "ratelimit",
        "ratelimit-remaining",
        "x-ratelimit-remaining",
        "x-rate-limit-remaining",
    ] {
        assert!(is_quota(&HeaderName::from_static(name)), "{name}");
    }
    for name in [
        "retry-after",
        "x-request-id",
        "x-rat",
        "rate",
        "date",
        "content-type",
        "ratelimit-policy",
        "x-ratelimit-reset",
    ] {
        assert!(!is_quota(&HeaderName::from_static(name)), "{name}");
    }
}

#[test]
fn a_response_without_fields_speaks_only_by_its_status() {
    for (status, expected) in [
        (200, false),
        (404, false),
        (429, true),
        (500, false),
        (503, true),
    ] {
        let response = Response::builder().status(status).body(()).unwrap();
        assert_eq!(speaks(&response, || true), expected, "{status}");
    }
}

#[test]
fn a_quota_speaks_only_to_the_proactive() {
    let response = Response::builder()
        .header("ratelimit", "x")
        .body(())
        .unwrap();
    assert!(speaks(&response, || true));
    assert!(!speaks(&response, || false));
}
