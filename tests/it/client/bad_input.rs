//! What is refused, when, and in which words.

use std::convert::Infallible;
use std::time::Duration;

use buttress::{Body, CircuitBreakerLayer, Client, ClientBuilder, ErrorKind, Sent};
use buttress_testkit::Step;
use bytes::Bytes;
use http::Request;
use http_body_util::{Empty, StreamBody};
use hyper::body::Frame;
use tokio::time::Instant;

use super::{scripted, scripted_with};

fn refused(settings: impl FnOnce(ClientBuilder) -> ClientBuilder) -> String {
    settings(Client::builder()).build().unwrap_err().to_string()
}

#[test]
fn sp35_a_wrong_setting_is_an_error_that_says_which() {
    for (error, words) in [
        (
            refused(|b| b.base_uri("api.example.com")),
            "base URI is invalid: the URI has no scheme",
        ),
        (
            refused(|b| b.header("a", "b\nc")),
            "default header is invalid",
        ),
        (
            refused(|b| b.header("a b", "c")),
            "default header is invalid",
        ),
        (refused(|b| b.cookie("a", "b; c")), "cookie `a`"),
        (
            refused(|b| {
                b.base_uri("http://h")
                    .cookie("a", "1")
                    .header("cookie", "b=2")
            }),
            "by `cookie` and by a default header",
        ),
        (
            refused(|b| b.header("authorization", "Bearer s3cret")),
            "`authorization` is a credential",
        ),
        (refused(|b| b.cookie("a", "1")), "`cookie` is a credential"),
        (
            refused(|b| b.timeout(Duration::ZERO)),
            "timeout of one attempt is zero",
        ),
        (refused(|b| b.total(Duration::ZERO)), "total is zero"),
        (
            refused(|b| {
                b.upload_idle(Duration::from_secs(3))
                    .total(Duration::from_secs(2))
            }),
            "frames of an upload (3s) is above the total (2s)",
        ),
        (
            refused(|b| {
                b.timeout(Duration::from_secs(3))
                    .total(Duration::from_secs(2))
            }),
            "timeout of one attempt (3s) is above the total (2s)",
        ),
        (
            refused(|b| {
                b.body_idle(Duration::from_secs(3))
                    .total(Duration::from_secs(2))
            }),
            "limit between body frames (3s) is above the total (2s)",
        ),
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn a_breakers_window_must_hold_two_attempts() {
    let seconds = Duration::from_secs;
    let window = |of: u64| CircuitBreakerLayer::builder().window(seconds(of)).build();
    for (settings, error) in [
        (
            refused(|b| {
                b.timeout(seconds(16))
                    .circuit_breaker(CircuitBreakerLayer::new())
            }),
            "window (30s) is shorter than two attempts that time out (16s each)",
        ),
        (
            // Beside the default timeout.
            refused(|b| b.circuit_breaker(window(59).unwrap())),
            "window (59s) is shorter than two attempts that time out (30s each)",
        ),
        (
            // The total cuts attempts short.
            refused(|b| b.total(seconds(6)).circuit_breaker(window(11).unwrap())),
            "(6s each)",
        ),
    ] {
        assert!(settings.contains(error), "{settings}");
    }
    let fitting: [fn(ClientBuilder) -> ClientBuilder; 5] = [
        |b| b,
        |b| b.timeout(Duration::from_secs(15)),
        |b| b.total(Duration::from_secs(10)),
        |b| b.timeout(None),
        |b| b.timeout(Duration::MAX).circuit_breaker(None),
    ];
    for settings in fitting {
        let client = Client::builder().circuit_breaker(CircuitBreakerLayer::new());
        settings(client).build().unwrap();
    }
    let client = Client::builder().circuit_breaker(window(60).unwrap());
    client.build().unwrap();
}

#[test]
fn the_first_wrong_setting_is_the_one_that_is_told() {
    let error = refused(|b| b.header("a b", "c").base_uri("nonsense"));
    assert!(error.contains("default header"), "{error}");
}

#[test]
fn a_cookies_value_is_not_told() {
    assert!(!refused(|b| b.cookie("a", "s3cret;")).contains("s3cret"));
}

#[tokio::test(start_paused = true)]
async fn the_default_timeout_gives_way_to_a_shorter_total() {
    let (client, _) = scripted_with([Step::hang()], |b| b.total(Duration::from_secs(2)));
    let start = Instant::now();
    assert!(client.get("/").send().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test]
async fn an_error_names_what_was_given_and_what_is_wrong_with_it() {
    let (client, _) = scripted([Step::ok()]);
    let error = client.get("../x?token=s3cret").send().await.unwrap_err();
    let said = error.to_string();
    assert!(
        said.starts_with("GET ../x: ") && !said.contains("s3cret"),
        "{said}"
    );
    for uri in [
        "https://alice:s3cr?et@h.example/",
        "https://h example/?q=a@s3cret",
    ] {
        let said = client.get(uri).send().await.unwrap_err().to_string();
        assert!(
            said.starts_with("GET https://: ") && !said.contains("s3cr"),
            "{said}"
        );
    }
    let error = client
        .get("/")
        .header("x-y", "s3cret\n")
        .send()
        .await
        .unwrap_err();
    let cause = error
        .failure()
        .find::<buttress::InvalidHeader>()
        .unwrap()
        .to_string();
    assert!(
        cause.contains("`x-y`") && !cause.contains("s3cret"),
        "{cause}"
    );
}

#[tokio::test]
async fn a_malformed_request_is_told_before_anything_is_sent() {
    let (client, server) = scripted([Step::ok()]);
    for request in [
        client.get("/").header("a", "b\nc"),
        client.get("/").header("a b", "c"),
        client.get("/").without_default("a b"),
        client.get("//evil.example/"),
        client.get("../secrets"),
        client.get("a b"),
        client.get("ftp://h/"),
    ] {
        let error = request.send().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.sent()),
            (ErrorKind::Request, Sent::No),
            "{error}"
        );
        assert!(error.is_request());
    }
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn a_relative_request_needs_a_base_uri() {
    let client = Client::builder().build().unwrap();
    let relative = Request::get("/users").body(Empty::<Bytes>::new()).unwrap();
    for error in [
        client.get("/users").send().await.unwrap_err(),
        client.execute(relative).await.unwrap_err(),
    ] {
        assert!(error.is_request());
        let cause = error
            .failure()
            .find::<buttress::InvalidUri>()
            .unwrap()
            .to_string();
        assert!(cause.contains("no base URI"), "{cause}");
    }
}

#[tokio::test]
async fn retries_demanded_for_a_body_that_is_sent_once_are_refused() {
    let once = || {
        let frames = futures_util::stream::empty::<Result<Frame<Bytes>, Infallible>>();
        Body::stream(StreamBody::new(frames)).replay_limit(0)
    };
    let (client, server) = scripted([Step::ok()]);
    let error = client
        .post("/")
        .body(once())
        .retry(3)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_request());
    assert!(error.failure().find::<buttress::NotReplayable>().is_some());
    assert!(
        error.to_string().contains("cannot be sent twice"),
        "{error}"
    );
    assert!(server.calls().is_empty());

    // Without the demand it is sent, once.
    client.post("/").body(once()).send().await.unwrap();
    client.post("/").body(once()).retry(1).send().await.unwrap();
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test]
async fn a_path_that_leaves_the_prefix_is_refused_in_a_raw_request_too() {
    let (client, server) = scripted([Step::ok()]);
    let request = Request::get("/a/../../x")
        .body(Empty::<Bytes>::new())
        .unwrap();
    assert!(client.execute(request).await.unwrap_err().is_request());
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn neither_errors_nor_debug_show_a_query_or_a_header() {
    let (client, _) = scripted([Step::error(|| std::io::Error::other("broken"))]);
    let request = client
        .get("/path?token=s3cret")
        .header("authorization", "s3cret")
        .no_retry();
    let debug = format!("{request:?} {client:?}");
    let error = request.send().await.unwrap_err();
    let shown = format!("{debug} {error} {error:?}");
    assert!(shown.contains("GET http://api.example/v1/path"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
}
