//! The cache's flags. What is stored, and when, is the business of `tests/conformance`.

use std::convert::Infallible;

use buttress::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;

use crate::support::gateway::{Gateway, text};
use crate::support::upstream::Upstream;

/// Numbers its answers, which are fresh for an hour, and as long as the path asks for.
pub(super) async fn numbered() -> Upstream {
    Upstream::start(|n, request| async move {
        let path = request.uri().path().trim_start_matches('/');
        let length = path.parse().unwrap_or(0);
        let body = format!("{n}{}", "x".repeat(length));
        let response = Response::builder().header("cache-control", "max-age=3600");
        Ok::<_, Infallible>(response.body(Body::from(body)).unwrap())
    })
    .await
}

fn status(response: &Response<Incoming>) -> &str {
    response.headers()["cache-status"].to_str().unwrap()
}

fn from(user: &str) -> Request<Full<Bytes>> {
    let request = Request::get("/").header("authorization", user);
    request.body(Full::default()).unwrap()
}

#[tokio::test]
async fn a_stored_response_is_served_again_and_says_so() {
    for kind in ["private", "shared"] {
        let upstream = numbered().await;
        let flags = format!("--explain --cache {kind}");
        let gateway = Gateway::start(&upstream.uri(), &flags);
        let first = gateway.get("/").await;
        assert_eq!(status(&first), "buttress; fwd=uri-miss; stored");
        assert_eq!(text(first).await, "0");
        let second = gateway.get("/").await;
        assert!(
            status(&second).starts_with("buttress; hit; ttl=3"),
            "{kind}"
        );
        let trail = second.headers()["buttress-trail"].to_str().unwrap();
        assert!(trail.contains("cache: hit"), "{trail}");
        assert_eq!(text(second).await, "0");
        assert_eq!(upstream.requests(), 1, "{kind}");
    }
}

#[tokio::test]
async fn users_are_told_apart_by_their_credentials() {
    let upstream = numbered().await;
    let gateway = Gateway::start(&upstream.uri(), "--cache private");
    let answers = ["Bearer a", "Bearer b", "Bearer a"];
    let mut got = Vec::new();
    for user in answers {
        got.push(text(gateway.send(from(user)).await).await);
    }
    assert_eq!(got, ["0", "1", "0"]);

    // What is for one user alone is not stored for all.
    let gateway = Gateway::start(&upstream.uri(), "--cache shared");
    let mut got = Vec::new();
    for user in answers {
        got.push(text(gateway.send(from(user)).await).await);
    }
    assert_eq!(got, ["2", "3", "4"]);
}

#[tokio::test]
async fn fields_for_gateways_count_in_a_shared_cache() {
    let upstream = Upstream::start(|n, request| async move {
        let field = request.uri().path().trim_start_matches('/').to_owned();
        let response = Response::builder()
            .header("cache-control", "no-store")
            .header(field, "max-age=60");
        Ok::<_, Infallible>(response.body(Body::from(n.to_string())).unwrap())
    })
    .await;
    for (kind, answers) in [
        ("private", ["0", "1", "2", "3"]),
        ("shared", ["4", "4", "5", "5"]),
    ] {
        let gateway = Gateway::start(&upstream.uri(), &format!("--cache {kind}"));
        let mut got = Vec::new();
        for path in ["/cdn-cache-control", "/surrogate-control"] {
            got.push(text(gateway.get(path).await).await);
            got.push(text(gateway.get(path).await).await);
        }
        assert_eq!(got, answers, "{kind}");
    }
}

#[tokio::test]
async fn cache_size_bounds_what_is_kept() {
    let upstream = numbered().await;
    for (flags, requests) in [("", 1), ("--cache-size 8192", 2), ("--cache-size 80000", 1)] {
        let before = upstream.requests();
        let gateway = Gateway::start(&upstream.uri(), &format!("--cache private {flags}"));
        for _ in 0..2 {
            assert!(text(gateway.get("/5000").await).await.len() > 5_000);
        }
        assert_eq!(upstream.requests() - before, requests, "{flags}");
    }
}

#[tokio::test]
async fn only_what_is_stored_may_be_asked_for() {
    let upstream = numbered().await;
    let gateway = Gateway::start(&upstream.uri(), "--cache private");
    let only = Request::get("/").header("cache-control", "only-if-cached");
    let response = gateway.send(only.body(Full::default()).unwrap()).await;
    assert_eq!(response.status(), 504);
    assert_eq!(upstream.requests(), 0);
}
