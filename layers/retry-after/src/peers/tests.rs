use super::*;
use crate::settings::Settings;
use crate::shared::now;

const URIS: [&str; 12] = [
    "https://API.example.com:443/a?b",
    "https://api.example.com:80/",
    "http://user:pw@api.example.com:80/",
    "http://api.example.com:443/",
    "http://api.example.com/",
    "ftp://api.example.com/",
    "http://[2001:DB8::1]:8080/",
    "http://127.0.0.1/",
    "http://127.0.0.1:/",
    "ftp://example.com:21/",
    "/relative",
    "example.com:443",
];

fn request(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

fn peers() -> Peers {
    let shared = Shared {
        settings: Settings::default(),
        gate: Arc::new(Gate::new(now())),
    };
    Peers::new(Arc::new(shared))
}

fn key<K: KeyExtractor<Request<()>> + 'static>(
    peers: &Peers,
    extractor: &K,
    request: &Request<()>,
) -> Key {
    let found = peers.find(extractor, request);
    found.map_or_else(|name| name.key(), |peer| peer.name.key())
}

/// Which of the first the requests find, `None` for those whose names are carried.
fn places(peers: &Peers, uris: &[&str]) -> Vec<Option<usize>> {
    let place = |uri: &&str| {
        let request = request(uri);
        let found = peers.find(&Authority, &request).ok()?;
        let is_it =
            |place: &OnceLock<Arc<Peer>>| place.get().is_some_and(|p| Arc::ptr_eq(p, found));
        peers.first.iter().position(is_it)
    };
    uris.iter().map(place).collect()
}

#[test]
fn the_key_found_later_is_the_one_that_the_extractor_finds() {
    for uri in URIS {
        let request = request(uri);
        let expected = Authority.extract(&request);
        assert_eq!(
            key(&peers(), &Authority, &request).as_str(),
            expected,
            "{uri}"
        );
    }
}

#[test]
fn whatever_came_before_the_key_is_the_same() {
    for first in 0..URIS.len() {
        let peers = peers();
        for at in first..first + 2 * URIS.len() {
            let request = request(URIS[at % URIS.len()]);
            let key = key(&peers, &Authority, &request);
            let expected = Authority.extract(&request);
            assert_eq!(key.as_str(), expected, "{first} {}", request.uri());
        }
    }
}

#[test]
fn the_first_authorities_are_recognised() {
    let peers = peers();
    let found = places(
        &peers,
        &[
            "https://a.example:8443/x",
            "https://b.example/",
            "https://a.example:8443/y",
            "http://a.example:8443/z",
            "http://b.example/",
        ],
    );
    assert_eq!(found, [Some(0), Some(1), Some(0), Some(0), Some(1)]);
    let hosts: Vec<_> = (2..=FEW).map(|n| format!("http://{n}.example/")).collect();
    let hosts: Vec<_> = hosts.iter().map(String::as_str).collect();
    let mut expected: Vec<_> = (2..FEW).map(Some).collect();
    expected.push(None);
    assert_eq!(places(&peers, &hosts), expected);
    assert_eq!(places(&peers, &hosts), expected);
}

#[test]
fn user_info_is_not_kept() {
    let peers = peers();
    let found = places(&peers, &["http://user:pw@a.example/", "http://a.example/"]);
    assert_eq!(found, [None, Some(0)]);
    for place in &peers.first {
        let kept = place.get().map(|peer| (peer.name.key(), &*peer.authority));
        assert!(kept.is_none_or(|kept| kept == ("a.example".into(), "a.example")));
    }
}

#[test]
fn a_relative_request_is_named_by_its_host_field() {
    let mut request = request("/a");
    request
        .headers_mut()
        .insert("host", "Api.example.com".parse().unwrap());
    assert_eq!(
        key(&peers(), &Authority, &request).as_str(),
        "api.example.com"
    );
}

#[test]
fn another_extractor_is_asked_at_once() {
    let route = buttress_kernel::key::from_fn(|r: &Request<()>| r.uri().path().to_owned());
    let peers = peers();
    for n in (0..2 * FEW).chain(0..2 * FEW) {
        let request = request(&format!("http://a/{n}"));
        assert_eq!(key(&peers, &route, &request).as_str(), request.uri().path());
        assert_eq!(peers.find(&route, &request).is_ok(), n < FEW, "{n}");
    }
}

#[test]
fn texts_are_equal_when_all_of_their_bytes_are() {
    let text = "0123456789abcdefghijklmnopqrstuvwxyz";
    for length in 0..text.len() {
        let one = &text[..length];
        assert!(same(one, one), "{length}");
        assert!(!same(one, &text[..=length]), "{length}");
        for at in 0..length {
            let mut other = one.to_owned();
            other.replace_range(at..=at, "-");
            assert!(!same(one, &other), "{length} {at}");
        }
    }
}

#[test]
fn only_the_first_of_all_is_seen_at_a_glance() {
    let peers = peers();
    let glance = |uri| peers.first::<(), Authority>(&request(uri)).is_some();
    assert!(!glance("http://a.example/"), "nobody is known");
    places(&peers, &["http://a.example/", "http://b.example/"]);
    assert!(glance("http://a.example/x"));
    assert!(!glance("http://b.example/"));
    assert!(!glance("/relative"));
    let by_route = peers.first::<(), buttress_kernel::key::ByRoute>(&request("http://a.example/"));
    assert!(by_route.is_none(), "another key than the authority");
}
