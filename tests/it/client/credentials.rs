//! Whose credentials a client sends, and where.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use buttress::auth::{AuthLayer, Credential, Credentials, Origins, Token, Tokens};
use buttress::kernel::key::Authority;
use buttress::{Client, Explain, PriorityLayer};
use buttress_testkit::{Call, Scripted, Step};

use super::scripted_with;

fn bearer(token: &str) -> Credential {
    Credential::bearer(token).unwrap()
}

fn authorization(call: &Call) -> Option<&str> {
    call.headers.get("authorization")?.to_str().ok()
}

#[tokio::test]
async fn credentials_go_to_the_base_uris_origin_and_to_no_other() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.base_uri("https://api.example/v1")
            .credentials(bearer("s3cret"))
    });
    for (uri, sent) in [
        ("users", Some("Bearer s3cret")),
        ("https://api.example/elsewhere", Some("Bearer s3cret")),
        ("https://api.example:444/", None),
        ("http://api.example/", None),
        ("https://other.example/", None),
    ] {
        client.get(uri).send().await.unwrap();
        let calls = server.calls();
        assert_eq!(authorization(calls.last().unwrap()), sent, "{uri}");
    }
}

#[tokio::test]
async fn a_request_can_go_without_credentials_or_with_others() {
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.base_uri("https://api.example")
            .credentials(bearer("usual"))
    });
    let admin = bearer("admin");
    client.get("/").without_auth().send().await.unwrap();
    client
        .get("/")
        .credentials(admin.clone())
        .send()
        .await
        .unwrap();
    let own = client.get("/").header("authorization", "Basic own");
    own.send().await.unwrap();
    let elsewhere = client.get("https://other.example/").credentials(admin);
    elsewhere.send().await.unwrap();
    let calls = server.calls();
    let sent: Vec<_> = calls.iter().map(authorization).collect();
    assert_eq!(sent, [None, Some("Bearer admin"), Some("Basic own"), None]);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_token_is_replaced_within_one_attempt() {
    let tokens = Tokens::new(async || Token::new("fresh"));
    tokens.handle().set(Token::new("stale").unwrap()).unwrap();
    let server = Scripted::new([Step::status(401), Step::ok()]);
    let origin = Origins::only("https://api.example").unwrap();
    let client = Client::builder()
        .base_uri("https://api.example")
        .auth(AuthLayer::new(tokens, origin))
        .build_over(server.clone())
        .unwrap();
    let explain = Explain::new();
    let response = client.get("/").explain(&explain).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let calls = server.calls();
    let sent: Vec<_> = calls.iter().map(authorization).collect();
    assert_eq!(sent, [Some("Bearer stale"), Some("Bearer fresh")]);
    let trail = explain.trail().summary();
    assert!(!trail.contains("attempt 2"), "{trail}");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_during_a_backoff_is_not_sent() {
    let number = AtomicU32::new(1);
    let tokens = Tokens::new(move || {
        let token = Token::new(format!("t{}", number.fetch_add(1, Relaxed)));
        async { token.map(|token| token.expires_in(Duration::from_secs(60))) }
    });
    let (client, server) = scripted_with(
        [Step::status(503).header("retry-after", "120"), Step::ok()],
        |b| b.base_uri("https://api.example").credentials(tokens),
    );
    client.get("/").send().await.unwrap();
    let calls = server.calls();
    let sent: Vec<_> = calls.iter().map(authorization).collect();
    assert_eq!(sent, [Some("Bearer t1"), Some("Bearer t2")]);
}

#[test]
fn credentials_need_an_origin_and_are_set_once() {
    let error = Client::builder().credentials(bearer("s3cret")).build();
    let error = error.unwrap_err().to_string();
    assert!(error.contains("`base_uri`"), "{error}");
    assert!(!error.contains("s3cret"), "{error}");
    let twice = Client::builder()
        .base_uri("https://api.example")
        .credentials(bearer("s3cret"))
        .auth(AuthLayer::new(bearer("s3cret"), Origins::any()));
    let error = twice.build().unwrap_err().to_string();
    assert!(error.contains("by `credentials` and by `auth`"), "{error}");
}

#[tokio::test]
async fn a_requests_own_credentials_go_to_the_base_uris_origin_or_nowhere() {
    let (client, server) = scripted_with([Step::ok()], |b| b.base_uri("https://api.example"));
    for uri in ["/", "https://other.example/"] {
        let explain = Explain::new();
        let request = client.get(uri).credentials(bearer("own"));
        request.explain(&explain).send().await.unwrap();
        client.get(uri).explain(&explain).send().await.unwrap();
        let noted = explain.trail().summary().matches("auth").count();
        assert_eq!(
            noted,
            1,
            "a request without credentials: {}",
            explain.trail()
        );
    }
    let calls = server.calls();
    let sent: Vec<_> = calls.iter().map(authorization).collect();
    assert_eq!(sent, [Some("Bearer own"), None, None, None]);

    let server = Scripted::new([Step::ok()]);
    let homeless = Client::builder().build_over(server.clone()).unwrap();
    let request = homeless
        .get("https://api.example/")
        .credentials(bearer("s3cret"));
    let error = request.send().await.unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("`base_uri`"),
        "{error}"
    );
    assert!(server.calls().is_empty());
    let bound = AuthLayer::new(
        Credentials::none(),
        Origins::only("https://api.example").unwrap(),
    );
    let (bound, server) = scripted_with([Step::ok()], |b| b.auth(bound));
    let request = bound.get("https://api.example/").credentials(bearer("own"));
    request.send().await.unwrap();
    assert_eq!(authorization(&server.calls()[0]), Some("Bearer own"));
}

#[tokio::test]
async fn without_credentials_means_without_those_among_the_defaults_too() {
    let mut signature = http::HeaderValue::from_static("s3cret");
    signature.set_sensitive(true);
    let (client, server) = scripted_with([Step::ok()], |b| {
        b.base_uri("https://api.example")
            .header("authorization", "Basic s3cret")
            .header("x-signature", signature)
            .header("x-shown", "1")
            .cookie("session", "s3cret")
    });
    client.get("/").without_auth().send().await.unwrap();
    let own = client.get("/").header("cookie", "own=1").without_auth();
    own.send().await.unwrap();
    let calls = server.calls();
    for name in ["authorization", "x-signature", "cookie"] {
        assert_eq!(calls[0].header(name), None, "{name}");
    }
    assert_eq!(calls[0].header("x-shown"), Some("1"));
    assert_eq!(calls[1].header("cookie"), Some("own=1"));
}

#[tokio::test(start_paused = true)]
async fn the_most_urgent_request_goes_first() {
    let (client, server) = scripted_with([Step::ok().after(Duration::from_secs(1))], |b| {
        b.priority(PriorityLayer::new(1).unwrap().key(Authority))
    });
    let send = |path: &'static str, priority| client.get(path).priority(priority).send();
    let (a, b, c) = tokio::join!(send("/first", 0), send("/usual", 0), send("/urgent", 5));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    let paths: Vec<_> = server
        .calls()
        .iter()
        .map(|call| call.uri.path().to_owned())
        .collect();
    assert_eq!(paths, ["/v1/first", "/v1/urgent", "/v1/usual"]);
}
