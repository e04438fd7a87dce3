//! Which limit, circuit or hold a request belongs to.

use std::borrow::Cow;
use std::collections::HashMap;

use buttress_kernel::key::{
    self, Authority, ByPartition, ByRoute, Header, KeyExtractor, Route, Shared,
};
use buttress_kernel::{Key, Partition, PartitionHasher};
use http::{Request, header};
use proptest::prelude::*;

fn of_uri(uri: &str) -> String {
    Authority
        .extract(&Request::get(uri).body(()).unwrap())
        .into_owned()
}

fn of_host(host: &[u8]) -> String {
    let request = Request::get("/path")
        .header(header::HOST, host)
        .body(())
        .unwrap();
    Authority.extract(&request).into_owned()
}

#[test]
fn one_server_has_one_key_however_it_is_written() {
    for uri in [
        "http://example.com/",
        "http://example.com:80/a?b",
        "http://EXAMPLE.com:080",
        "http://user:pa55@example.com",
        "HTTP://Example.Com:/x",
        "http://user@example.com:80/",
    ] {
        assert_eq!(of_uri(uri), "example.com", "{uri}");
    }
    assert_eq!(of_uri("https://example.com:443/"), "example.com");
    for uri in [
        "https://[2001:DB8::1]:443/",
        "https://[2001:db8::1]",
        "https://a@[2001:db8::1]:",
    ] {
        assert_eq!(of_uri(uri), "[2001:db8::1]", "{uri}");
    }
}

#[test]
fn a_port_of_another_scheme_is_another_server() {
    assert_eq!(of_uri("http://example.com:443/"), "example.com:443");
    assert_eq!(of_uri("https://example.com:80/"), "example.com:80");
    assert_eq!(of_uri("https://example.com:8443/"), "example.com:8443");
    assert_eq!(of_uri("https://[::443]/"), "[::443]", "that is no port");
    assert_eq!(of_uri("https://[::443]:80/"), "[::443]:80");
    assert_eq!(of_uri("ftp://example.com:80/"), "example.com:80");
    assert_eq!(of_uri("https://example.com:8043/"), "example.com:8043");
    assert_eq!(of_uri("http://example.com80/"), "example.com80");
}

#[test]
fn the_host_header_speaks_where_the_uri_is_silent() {
    assert_eq!(of_host(b"API.example.com"), "api.example.com");
    assert_eq!(
        of_host(b"api.example.com:80"),
        "api.example.com:80",
        "whose scheme is not known"
    );
    assert_eq!(of_host(b"api.example.com:"), "api.example.com");
    assert_eq!(of_host(b"user:secret@api.example.com"), "api.example.com");
    assert_eq!(of_host(b"\xff\xfe"), "", "not text");
    assert_eq!(of_uri("/path"), "");
    let both = Request::get("http://a.example/")
        .header(header::HOST, "b.example")
        .body(())
        .unwrap();
    assert_eq!(Authority.extract(&both), "a.example");
    let connect = Request::connect("example.com:443").body(()).unwrap();
    assert_eq!(Authority.extract(&connect), "example.com:443");
}

#[test]
fn the_usual_authority_is_borrowed() {
    let request = Request::get("https://u@example.com:443/").body(()).unwrap();
    assert!(matches!(
        Authority.extract(&request),
        Cow::Borrowed("example.com")
    ));
}

#[test]
fn other_keys_follow_a_header_a_route_or_a_partition() {
    let mut request = Request::get("/")
        .header("x-tenant", "Ada")
        .body(())
        .unwrap();
    request
        .extensions_mut()
        .insert(Route("GET /users/{id}".into()));
    request
        .extensions_mut()
        .insert(Partition::named("tenant-42"));
    assert!(matches!(Shared.extract(&request), Cow::Borrowed("")));
    assert_eq!(Header("x-tenant".parse().unwrap()).extract(&request), "Ada");
    assert_eq!(ByRoute.extract(&request), "GET /users/{id}");
    assert_eq!(ByPartition.extract(&request), "tenant-42");
    let by_length = key::from_fn(|request: &Request<()>| request.uri().path().len().to_string());
    assert_eq!(by_length.extract(&request), "1");

    let bare = Request::get("/").body(()).unwrap();
    assert_eq!(Header(header::COOKIE).extract(&bare), "");
    assert_eq!(
        (ByRoute.extract(&bare), ByPartition.extract(&bare)),
        ("".into(), "".into())
    );
}

#[test]
fn a_key_is_found_in_a_map_by_its_text() {
    let states = HashMap::from([(Key::from("a"), 1), (Key::from(&String::from("b")), 2)]);
    assert_eq!(
        (states.get("a"), states.get("b"), states.get("c")),
        (Some(&1), Some(&2), None)
    );
    let key = Key::from(&Cow::Borrowed("example.com"));
    assert_eq!(
        (key.as_str(), key.to_string().as_str()),
        ("example.com", "example.com")
    );
}

#[test]
fn a_partition_never_shows_the_secret() {
    let hasher = PartitionHasher::new();
    let partition = hasher.of_secret(b"Bearer hunter2");
    assert_eq!(partition.as_str().len(), 32);
    for shown in [
        format!("{partition:?}"),
        partition.to_string(),
        format!("{hasher:?}"),
    ] {
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    assert_eq!(format!("{hasher:?}"), "PartitionHasher { .. }");
    assert_eq!(partition.to_string(), partition.as_str());
}

#[test]
fn a_partition_belongs_to_its_hasher() {
    let (one, other) = (PartitionHasher::new(), PartitionHasher::default());
    assert_eq!(
        one.of_secret(b"a"),
        one.clone().of_secret(b"a"),
        "clones agree"
    );
    assert_ne!(one.of_secret(b"a"), other.of_secret(b"a"), "others do not");
    assert_ne!(one.of_secret(b""), one.of_secret(b"\0"));
    let text = one.of_secret(b"a");
    let (high, low) = text.as_str().split_at(16);
    assert_ne!(high, low, "two hashes, not one twice");
}

proptest! {
    #[test]
    fn different_secrets_do_not_meet(secrets in prop::collection::hash_set(prop::collection::vec(any::<u8>(), 0..20), 2..30)) {
        let hasher = PartitionHasher::new();
        let partitions: std::collections::HashSet<_> = secrets.iter().map(|secret| hasher.of_secret(secret)).collect();
        prop_assert_eq!(partitions.len(), secrets.len());
    }

    #[test]
    fn no_host_makes_it_panic_and_each_is_settled(host in prop::collection::vec(any::<u8>(), 0..40)) {
        let Ok(host) = http::HeaderValue::from_bytes(&host) else { return Ok(()) };
        let key = of_host(host.as_bytes());
        prop_assert_eq!(key.to_ascii_lowercase(), key);
    }

    #[test]
    fn every_way_to_write_a_server_has_its_key(
        host in "[a-z][a-z0-9.-]{0,20}[a-z]|\\[[0-9a-f:]{2,20}\\]", port in prop::option::of(1..u16::MAX), tls in any::<bool>(),
        user in prop::option::of("[a-z]{1,5}(:[a-z]{0,5})?"), loud in any::<bool>(),
    ) {
        let (scheme, usual) = if tls { ("https", 443) } else { ("http", 80) };
        let user = user.map_or(String::new(), |user| format!("{user}@"));
        let written = if loud { host.to_ascii_uppercase() } else { host.clone() };
        let tail = port.map_or(String::new(), |port| format!(":{port}"));
        let uri = format!("{scheme}://{user}{written}{tail}/path");
        if uri.parse::<http::Uri>().is_ok() {
            let wanted = if port == Some(usual) { host } else { format!("{host}{tail}") };
            prop_assert_eq!(of_uri(&uri), wanted);
        }
    }
}
