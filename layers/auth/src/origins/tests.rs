use super::*;

fn place(origins: &Origins, uri: &str) -> Place {
    let uri = uri.parse().unwrap();
    let place = origins.place(&uri);
    // The short way is never more generous than the long one.
    assert!(
        place == Place::Inside || !origins.hold_at_once(&uri),
        "{uri}"
    );
    assert_eq!(origins.holds(&uri), place == Place::Inside, "{uri}");
    place
}

#[test]
fn what_is_written_as_most_do_is_held_at_once() {
    let at_once = |origins: &Origins, uri: &str| origins.hold_at_once(&uri.parse().unwrap());
    let api = Origins::only("https://API.example.com:443").unwrap();
    assert!(at_once(&api, "https://api.example.com/a"));
    assert!(!at_once(&api, "http://api.example.com/a"));
    assert!(!at_once(&api, "https://a.example/a"));
    assert!(at_once(&Origins::any(), "https://a.example/a"));
    assert!(!at_once(&Origins::any(), "http://a.example/a"));
    assert!(at_once(
        &Origins::any_even_unencrypted(),
        "http://a.example/a"
    ));
    assert!(!at_once(&api.relative(), "/a"));
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let api = Origins::only("https://API.example.com/v1?x=y").unwrap();
    for uri in [
        "https://api.example.com",
        "https://api.example.com/other",
        "HTTPS://Api.Example.Com:443/",
        "https://user:pass@api.example.com/",
        "https://api.example.com:/",
    ] {
        assert_eq!(place(&api, uri), Place::Inside, "{uri}");
    }
    for uri in [
        "https://api.example.com:8443/",
        "https://example.com/",
        "https://eu.api.example.com/",
        "https://api.example.com.evil.example/",
        "https://api.example.com@evil.example/",
        "https://api.example.com:443@evil.example:443/",
        "https://api.example.com./",
        "wss://api.example.com/",
        "http://elsewhere.example/",
        "https://api.example.com:99999/",
        "https://api.example.com:65979/",
        "https://api.example.com:abc/",
    ] {
        assert_eq!(place(&api, uri), Place::Elsewhere, "{uri}");
    }
    for uri in ["http://api.example.com/", "http://api.example.com:443/"] {
        assert_eq!(place(&api, uri), Place::Unencrypted, "{uri}");
    }
}

#[test]
fn ports_and_plain_http_can_be_named() {
    let local = Origins::only("http://[::1]:8080").unwrap();
    assert_eq!(place(&local, "http://[::1]:8080/a"), Place::Inside);
    assert_eq!(place(&local, "http://[::1]/a"), Place::Unencrypted);
    let plain = Origins::only("http://host").unwrap();
    assert_eq!(place(&plain, "http://HOST:80/a"), Place::Inside);
    assert_eq!(place(&plain, "https://host/a"), Place::Elsewhere);
}

#[test]
fn several_origins_are_held() {
    let both = Origins::only("https://a.example").unwrap();
    let both = both.and("https://b.example:8443").unwrap();
    assert_eq!(place(&both, "https://a.example/"), Place::Inside);
    assert_eq!(place(&both, "https://b.example:8443/"), Place::Inside);
    assert_eq!(place(&both, "https://b.example/"), Place::Elsewhere);
    let most = Origins::any().and("http://a.example").unwrap();
    assert_eq!(place(&most, "http://A.example/"), Place::Inside);
    assert_eq!(place(&most, "http://b.example/"), Place::Unencrypted);
}

#[test]
fn any_origin_is_any_encrypted_one() {
    assert_eq!(place(&Origins::any(), "https://a.example/"), Place::Inside);
    assert_eq!(place(&Origins::any(), "wss://a.example/"), Place::Inside);
    assert_eq!(
        place(&Origins::any(), "http://a.example/"),
        Place::Unencrypted
    );
    let all = Origins::any_even_unencrypted();
    assert_eq!(place(&all, "http://a.example/"), Place::Inside);
}

#[test]
fn a_request_without_authority_needs_somebody_who_vouches() {
    for origins in [Origins::only("https://a.example").unwrap(), Origins::any()] {
        assert_eq!(place(&origins, "/path"), Place::Unknown);
        assert_eq!(place(&origins, "a.example:443"), Place::Unknown);
        let bound = origins.relative();
        assert_eq!(place(&bound, "/path"), Place::Inside);
        assert_eq!(place(&bound, "*"), Place::Inside);
        assert_eq!(place(&bound, "a.example:443"), Place::Unknown);
    }
}

#[test]
fn what_is_no_origin_is_refused() {
    for uri in [
        "",
        "/path",
        "api.example.com",
        "https://u:p@a.example",
        "not a uri",
        "https://a.example:84430",
        "https://a.example:port",
    ] {
        assert_eq!(Origins::only(uri), Err(InvalidOrigin::new()), "{uri}");
    }
}
