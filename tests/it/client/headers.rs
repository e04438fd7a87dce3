//! Default headers, cookies, and whose they are.

use buttress::Client;
use buttress_testkit::{Scripted, Step};
use http::HeaderMap;

use super::{scripted, scripted_with};

#[tokio::test]
async fn ic03_a_requests_own_header_wins_over_the_default() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header("x-version", "1").header("accept", "text/plain")
    });
    client
        .get("/")
        .header("accept", "image/png")
        .send()
        .await
        .unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.header("accept"), Some("image/png"));
    assert_eq!(call.header("x-version"), Some("1"));
}

#[tokio::test]
async fn ic03_no_content_type_is_made_up() {
    let (client, server) = scripted([Step::ok()]);
    client.get("/").send().await.unwrap();
    client.post("/").body("text").send().await.unwrap();
    assert!(
        server
            .calls()
            .iter()
            .all(|call| call.header("content-type").is_none())
    );
}

#[tokio::test]
async fn ic04_cookies_are_one_header() {
    let (client, server) = scripted_with([Step::ok()], |b| b.cookie("a", "1").cookie("b", ""));
    client.get("/").send().await.unwrap();
    client
        .get("/")
        .header("cookie", "mine=1")
        .send()
        .await
        .unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("cookie"), Some("a=1; b="));
    assert_eq!(calls[1].header("cookie"), Some("mine=1"));
}

#[tokio::test]
async fn ic10_a_header_can_depend_on_method_and_path() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header_when("x-api-version", "2", |_, uri| {
            uri.path().starts_with("/v1/new")
        })
    });
    client.get("/new/things").send().await.unwrap();
    client.get("/old/things").send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("x-api-version"), Some("2"));
    assert_eq!(calls[1].header("x-api-version"), None);
}

#[tokio::test]
async fn ic23_one_request_can_do_without_a_default() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header("authorization", "Bearer s3cret")
            .header("accept", "text/plain")
    });
    client
        .get("/")
        .without_default("authorization")
        .send()
        .await
        .unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.header("authorization"), None);
    assert_eq!(call.header("accept"), Some("text/plain"));
}

#[tokio::test]
async fn set_headers_replaces_by_name_and_keeps_several_values() {
    let (client, server) = scripted([Step::ok()]);
    let mut headers = HeaderMap::new();
    headers.append("x-tag", "a".parse().unwrap());
    headers.append("x-tag", "b".parse().unwrap());
    client
        .get("/")
        .header("x-tag", "z")
        .set_headers(&headers)
        .send()
        .await
        .unwrap();
    let call = &server.calls()[0];
    let tags: Vec<_> = call.headers.get_all("x-tag").iter().collect();
    assert_eq!(tags, ["a", "b"]);
}

#[tokio::test]
async fn credentials_stay_with_the_base_uris_origin() {
    let mut sensitive = http::HeaderValue::from_static("s3cret");
    sensitive.set_sensitive(true);
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header("authorization", "Bearer s3cret")
            .header("x-api-key", "s3cret")
            .header("x-signature", sensitive)
            .header("accept", "text/plain")
            .cookie("session", "s3cret")
    });
    client
        .get("http://elsewhere.example/")
        .send()
        .await
        .unwrap();
    client.get("https://api.example/v1/").send().await.unwrap();
    client.get("http://API.example:80/").send().await.unwrap();
    let [elsewhere, downgraded, home] = &server.calls()[..] else {
        panic!("three calls")
    };
    for away in [elsewhere, downgraded] {
        for name in ["authorization", "x-api-key", "x-signature", "cookie"] {
            assert_eq!(away.header(name), None, "{name} went to {}", away.uri);
        }
        assert_eq!(away.header("accept"), Some("text/plain"));
    }
    assert_eq!(home.header("authorization"), Some("Bearer s3cret"));
    assert_eq!(home.header("cookie"), Some("session=s3cret"));
}

#[tokio::test]
async fn ic05_sp04_two_clients_share_nothing() {
    let one = Scripted::new([Step::ok()]);
    let two = Scripted::new([Step::ok()]);
    let a = Client::builder()
        .base_uri("http://a")
        .header("x-from", "a")
        .build_over(one.clone())
        .unwrap();
    let b = Client::builder()
        .base_uri("http://b")
        .build_over(two.clone())
        .unwrap();
    a.get("/").send().await.unwrap();
    b.get("/").send().await.unwrap();
    assert_eq!(two.calls()[0].header("x-from"), None);
    assert_eq!(one.calls().len(), 1);
}

#[tokio::test]
async fn of_two_defaults_of_one_name_the_later_wins() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header("accept", "text/plain")
            .header("accept", "image/png")
            .header_when("accept", "text/html", |_, uri| uri.path().ends_with("page"))
    });
    client.get("/a").send().await.unwrap();
    client.get("/page").send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("accept"), Some("image/png"));
    assert_eq!(calls[1].header("accept"), Some("text/html"));
}

#[tokio::test]
async fn a_default_of_any_name_stays_at_home_unless_it_is_about_the_client() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.header("private-token", "s3cret")
            .header("user-agent", "tests")
    });
    client
        .get("http://elsewhere.example/")
        .send()
        .await
        .unwrap();
    client.get("/").send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("private-token"), None);
    assert_eq!(calls[0].header("user-agent"), Some("tests"));
    assert_eq!(calls[1].header("private-token"), Some("s3cret"));
}

#[tokio::test]
async fn a_credential_is_marked_so_that_no_debug_shows_it() {
    let (client, server) =
        scripted_with([Step::ok()], |b| b.header("authorization", "Bearer s3cret"));
    client.get("/").send().await.unwrap();
    assert!(server.calls()[0].headers["authorization"].is_sensitive());
}

#[tokio::test]
async fn without_a_home_the_layer_sends_no_credential() {
    use buttress::defaults::DefaultHeadersLayer;
    use tower::{Layer, ServiceExt};

    let server = Scripted::new([Step::ok()]);
    let layer = DefaultHeadersLayer::new()
        .header(
            http::header::AUTHORIZATION,
            http::HeaderValue::from_static("Bearer s3cret"),
        )
        .header(http::header::FROM, http::HeaderValue::from_static("tests"));
    let request = http::Request::get("http://h/")
        .body(buttress::Body::empty())
        .unwrap();
    layer.layer(server.clone()).oneshot(request).await.unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.header("authorization"), None);
    assert_eq!(call.header("from"), Some("tests"));
}
