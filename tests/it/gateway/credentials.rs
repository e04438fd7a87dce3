//! Who the gateway says is calling.

use std::convert::Infallible;
use std::sync::mpsc::{Receiver, channel};

use buttress::Body;
use bytes::Bytes;
use futures_util::future::join_all;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

use crate::support::gateway::{Gateway, example, text};
use crate::support::upstream::Upstream;

/// Answers with the credentials that came.
async fn mirror() -> Upstream {
    Upstream::start(|_, request| async move {
        let headers = request.headers();
        let came = ["authorization", "x-api-key"].map(|name| headers.get(name).cloned());
        let came: Vec<_> = came
            .iter()
            .flatten()
            .filter_map(|v| v.to_str().ok())
            .collect();
        Ok::<_, Infallible>(Response::new(Body::from(came.join("; "))))
    })
    .await
}

#[tokio::test]
async fn each_flag_is_a_header_for_the_upstream() {
    let upstream = mirror().await;
    for (flags, came) in [
        ("", ""),
        ("--bearer s3cret", "Bearer s3cret"),
        (
            "--basic Aladdin:open:sesame",
            "Basic QWxhZGRpbjpvcGVuOnNlc2FtZQ==",
        ),
        ("--api-key X-API-Key:s3cret:s3cret", "s3cret:s3cret"),
        (
            "--bearer s3cret --retry 3 --retry-after hold",
            "Bearer s3cret",
        ),
    ] {
        let gateway = Gateway::start(&upstream.uri(), flags);
        assert_eq!(text(gateway.get("/").await).await, came, "{flags}");
    }
}

#[tokio::test]
async fn a_requests_own_credentials_stay() {
    let upstream = mirror().await;
    let gateway = Gateway::start(&upstream.uri(), "--bearer ours");
    let own = Request::get("/").header("authorization", "Bearer own");
    let response = gateway
        .send(own.body(Full::<Bytes>::default()).unwrap())
        .await;
    assert_eq!(text(response).await, "Bearer own");
}

#[tokio::test]
async fn events_and_trails_do_not_tell_them() {
    let upstream = mirror().await;
    let mut gateway = Gateway::start(
        &upstream.uri(),
        "--bearer s3cret --explain --events --rate 1 --burst 1 --rate-mode reject",
    );
    let response = gateway.get("/").await;
    let trail = response.headers()["buttress-trail"].to_str().unwrap();
    assert!(trail.contains("auth: credentials added"), "{trail}");
    assert!(!trail.contains("s3cret"), "{trail}");
    while gateway.get("/").await.status() == 200 {}
    let line = gateway.next_line();
    assert!(line.contains("buttress_rate_limit"), "{line}");
    assert!(!line.contains("s3cret"), "{line}");
}

/// Hands out tokens by number, and tells what was asked.
async fn identity_provider(answer: fn(usize) -> (u16, String)) -> (Upstream, Receiver<String>) {
    let (tell, asked) = channel();
    let provider = Upstream::start(move |n, request| {
        let tell = tell.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.unwrap().to_bytes();
            let client = head.headers["authorization"].to_str().unwrap();
            tell.send(format!("{client} {}", String::from_utf8_lossy(&body)))
                .unwrap();
            let (status, answer) = answer(n);
            let response = Response::builder().status(status);
            let response = response.header("content-type", "application/json");
            Ok::<_, Infallible>(response.body(Body::from(answer)).unwrap())
        }
    })
    .await;
    (provider, asked)
}

fn token(n: usize) -> (u16, String) {
    let token = format!(r#"{{"access_token":"t{n}","token_type":"Bearer","expires_in":3600}}"#);
    (200, token)
}

#[tokio::test]
async fn tokens_are_fetched_once_for_all_and_replaced_when_rejected() {
    let (provider, asked) = identity_provider(token).await;
    // Takes the second token alone.
    let upstream = Upstream::start(|_, request| async move {
        let good = request.headers()["authorization"] == "Bearer t1";
        let status = if good { 200 } else { 401 };
        Ok::<_, Infallible>(
            Response::builder()
                .status(status)
                .body(Body::empty())
                .unwrap(),
        )
    })
    .await;
    let flags = format!("--oauth2 {}/token,me,s3cret,read", provider.uri());
    let gateway = Gateway::start(&upstream.uri(), &flags);
    let responses = join_all((0..20).map(|_| gateway.get("/"))).await;
    assert!(responses.iter().all(|response| response.status() == 200));
    assert_eq!(provider.requests(), 2);
    assert!(upstream.requests() <= 40, "each is sent twice at most");
    let asked = asked.recv().unwrap();
    assert_eq!(
        asked,
        "Basic bWU6czNjcmV0 grant_type=client_credentials&scope=read"
    );
}

#[tokio::test]
async fn without_a_token_the_answer_is_a_502_of_auth() {
    for answer in [
        |_| (400, r#"{"error":"invalid_client"}"#.to_owned()),
        |_| (200, "<html>s3cret</html>".to_owned()),
    ] {
        let (provider, _asked) = identity_provider(answer).await;
        let upstream = mirror().await;
        let flags = format!("--oauth2 {}/token,me,s3cret --events", provider.uri());
        let mut gateway = Gateway::start(&upstream.uri(), &flags);
        let response = gateway.get("/").await;
        assert_eq!(response.status(), 502);
        let problem = text(response).await;
        assert!(problem.contains(r#""layer":"auth""#), "{problem}");
        assert!(!problem.contains("s3cret"), "{problem}");
        let event = gateway.next_line();
        assert!(
            event.contains("buttress_auth") && !event.contains("s3cret"),
            "{event}"
        );
        assert_eq!(upstream.requests(), 0);
    }
}

#[test]
fn wrong_credentials_are_named_by_their_flag_and_not_repeated() {
    for (flag, value, words) in [
        ("--bearer", "s3cret s3cret", "one word"),
        ("--bearer", "", "must not be empty"),
        ("--bearer", "s3cret\n", "control characters"),
        ("--basic", "s3cret", "USER:PASSWORD"),
        ("--basic", ":s3cret", "must not be empty"),
        ("--api-key", "s3cret", "NAME:VALUE"),
        ("--api-key", "a b:s3cret", "not a name"),
        ("--api-key", "x-key: ", "must not be empty"),
        ("--oauth2", "https://a.example/token,me", "CLIENT_SECRET"),
        ("--oauth2", "/token,me,s3cret", "absolute"),
        ("--oauth2", "http://a.example/token,me,s3cret", "over https"),
    ] {
        let flags = ["--upstream", "http://127.0.0.1:9", flag, value];
        let output = example("gateway").args(flags).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{flag} {value}: {said}");
        assert!(
            said.contains(flag) && said.contains(words),
            "{flag} {value}: {said}"
        );
        assert!(!said.contains("s3cret"), "{said}");
    }
}

#[test]
fn two_kinds_of_credentials_are_a_contradiction() {
    let flags = [
        "--upstream",
        "http://127.0.0.1:9",
        "--bearer",
        "s3cret",
        "--basic",
        "u:s3cret",
    ];
    let output = example("gateway").args(flags).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(
        said.contains("--bearer") && said.contains("--basic"),
        "{said}"
    );
    assert!(!said.contains("s3cret"), "{said}");
}
