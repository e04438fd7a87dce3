//! What the upstream is told of where requests come from.

use std::net::{IpAddr, Ipv4Addr};

use buttress::forward::ClientAddress;
use buttress::proxy::Proxy;
use http::{HeaderName, Method};

use buttress_testkit::Step;

use super::{passed, request};

const HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// What a peer's request becomes; each peer of 10/8 is trusted.
async fn told(
    peer: Option<[u8; 4]>,
    address: impl FnOnce(ClientAddress) -> ClientAddress,
    fields: &[(&'static str, &'static str)],
) -> buttress_testkit::Call {
    let known =
        ClientAddress::of(|extensions| extensions.get::<Ipv4Addr>().copied().map(Into::into));
    let known = known.trusting(|hop| matches!(hop, IpAddr::V4(hop) if hop.octets()[0] == 10));
    let mut request = request(Method::GET, fields);
    if let Some(peer) = peer {
        request.extensions_mut().insert(Ipv4Addr::from(peer));
    }
    let address = address(known);
    let set = |proxy: Proxy<_>| proxy.client_address(address);
    passed(set, Step::ok(), request).await.1.unwrap()
}

#[tokio::test]
async fn of_a_trusted_peer_only_what_is_named_is_believed() {
    let fields = [
        ("x-forwarded-for", "6.6.6.6, 1.1.1.1, 10.2.2.2"),
        ("x-forwarded-host", "www.example.com"),
        ("x-forwarded-user", "6.6.6.6"),
        ("true-client-ip", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6"),
    ];
    let keeping = |address: ClientAddress| address.keeping([HOST]);
    let call = told(Some([10, 1, 1, 1]), keeping, &fields).await;
    assert_eq!(
        call.header("x-forwarded-for"),
        Some("1.1.1.1, 10.2.2.2, 10.1.1.1")
    );
    assert_eq!(call.header("x-forwarded-host"), Some("www.example.com"));
    assert!(!format!("{:?}", call.headers).contains("6.6.6.6"));

    let call = told(Some([10, 1, 1, 1]), |address| address, &fields).await;
    assert_eq!(call.header("x-forwarded-host"), None, "nobody named it");
    let call = told(Some([7, 7, 7, 7]), keeping, &fields).await;
    assert_eq!(call.header("x-forwarded-for"), Some("7.7.7.7"));
    assert_eq!(call.header("x-forwarded-host"), None, "a stranger");
}

#[tokio::test]
async fn that_nobody_knows_the_peer_is_told_once() {
    let (events, guard) = crate::support::events::capture();
    let fields = [("x-forwarded-for", "6.6.6.6")];
    let known = ClientAddress::of(|_| None);
    for _ in 0..3 {
        let known = known.clone();
        let call = told(None, |_| known, &fields).await;
        assert_eq!(call.header("x-forwarded-for"), None);
    }
    drop(guard);
    let text = events.text();
    assert_eq!(
        text.matches("no request says where it comes from").count(),
        1,
        "{text}"
    );
}
