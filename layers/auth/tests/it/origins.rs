use buttress_auth::{AuthLayer, Credential, Origins};
use buttress_kernel::Body;
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::*;

async fn sent_to(layer: &AuthLayer, uri: &str) -> Option<String> {
    let server = Scripted::new([Step::ok()]);
    let request = Request::get(uri).body(Body::empty()).unwrap();
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    let call = server.calls().remove(0);
    assert_eq!(call.uri, uri, "the request passes as it is");
    call.header("authorization").map(str::to_owned)
}

#[tokio::test]
async fn credentials_go_to_their_origin_and_nowhere_else() {
    let layer = layer(Credential::bearer("t").unwrap());
    let sent = Some("Bearer t".to_owned());
    assert_eq!(sent_to(&layer, "https://api.example.com/a").await, sent);
    assert_eq!(sent_to(&layer, "https://API.example.com:443/a").await, sent);
    for elsewhere in [
        "http://api.example.com/a",
        "https://api.example.com:8443/a",
        "https://evil.example/a",
        "https://api.example.com@evil.example/a",
        "/a",
    ] {
        assert_eq!(sent_to(&layer, elsewhere).await, None, "{elsewhere}");
    }
}

#[tokio::test]
async fn a_request_that_names_another_in_host_goes_without_credentials() {
    let layer = layer(Credential::bearer("t").unwrap());
    for (host, sent) in [
        ("api.example.com", true),
        ("API.example.com:443", true),
        ("tenant-evil.example", false),
        ("api.example.com:8443", false),
        ("api.example.com@evil.example", false),
        ("user@api.example.com", false),
        ("", false),
        ("no host at all", false),
    ] {
        let server = Scripted::new([Step::ok()]);
        let request = Request::get("https://api.example.com/a").header("host", host);
        let request = request.body(Body::empty()).unwrap();
        layer.layer(server.clone()).oneshot(request).await.unwrap();
        let carried = server.calls()[0].header("authorization").is_some();
        assert_eq!(carried, sent, "{host}");
    }
    // Two are as good as another.
    let server = Scripted::new([Step::ok()]);
    let request = Request::get("https://api.example.com/a")
        .header("host", "api.example.com")
        .header("host", "evil.example");
    let request = request.body(Body::empty()).unwrap();
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    assert_eq!(server.calls()[0].header("authorization"), None);
}

#[tokio::test]
async fn a_token_is_not_even_fetched_for_another_origin() {
    let issuer = Issuer::new([Fetch::Endless]);
    let layer = layer(usual(&issuer));
    assert_eq!(sent_to(&layer, "https://evil.example/a").await, None);
    assert_eq!(issuer.fetches(), 0);
}

#[tokio::test]
async fn the_callers_own_credentials_go_where_the_caller_sends_them() {
    let layer = layer(Credential::bearer("ours").unwrap()).overwrite(true);
    let server = Scripted::new([Step::ok()]);
    let request = Request::get("https://other.example/")
        .header("authorization", "Bearer own")
        .body(Body::empty())
        .unwrap();
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    assert_eq!(
        server.calls()[0].header("authorization"),
        Some("Bearer own")
    );
}

#[tokio::test]
async fn a_redirect_elsewhere_goes_without_credentials() {
    // Follows redirects above the layer, as a client does.
    let layer = layer(Credential::bearer("t").unwrap());
    let server = Scripted::new([
        Step::status(302).header("location", "https://evil.example/collect"),
        Step::ok(),
    ]);
    let service = layer.layer(server.clone());
    let redirect = send(&service, get()).await.unwrap();
    let location = redirect.headers()["location"].to_str().unwrap();
    let followed = Request::get(location).body(Body::empty()).unwrap();
    send(&service, followed).await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("authorization"), Some("Bearer t"));
    assert_eq!(calls[1].header("authorization"), None);
}

#[tokio::test]
async fn any_origin_has_to_be_asked_for_and_even_then_is_encrypted() {
    let bearer = Credential::bearer("t").unwrap();
    let any = AuthLayer::new(bearer.clone(), Origins::any());
    assert!(sent_to(&any, "https://a.example/").await.is_some());
    assert!(sent_to(&any, "http://a.example/").await.is_none());
    let all = AuthLayer::new(bearer, Origins::any_even_unencrypted());
    assert!(sent_to(&all, "http://a.example/").await.is_some());
}

#[tokio::test]
async fn a_request_without_an_authority_has_credentials_over_a_bound_connection_alone() {
    let bearer = Credential::bearer("t").unwrap();
    let origins = Origins::only("https://api.example.com").unwrap();
    let bound = AuthLayer::new(bearer, origins.relative());
    assert!(sent_to(&bound, "/a").await.is_some());
    assert!(sent_to(&bound, "https://evil.example/a").await.is_none());
}
