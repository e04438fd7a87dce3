//! What reporters print that go through the chain of sources, as those of anyhow and eyre do.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use buttress::circuit_breaker::CircuitOpen;
use buttress::envelope::tagged::Tagged;
use buttress::kernel::{TransportError, key::Authority};
use buttress::rate_limit::RateLimited;
use buttress::retry::Exhausted;
use buttress::timeout::Elapsed;
use buttress::{
    ApiError, BoxError, CircuitBreakerLayer, Client, Error, ErrorKind, Failure, Kind,
    RateLimitLayer, Sent,
};
use buttress_testkit::{Step, channel};

use super::{scripted, scripted_with};

/// The links as they are printed one by one.
fn printed(error: &Error) -> Vec<String> {
    let mut links = vec![error.to_string()];
    let mut link = error.source();
    while let Some(error) = link {
        links.push(error.to_string());
        link = error.source();
    }
    links
}

/// That no link is said by the one before it, and that an error around it hides nothing.
fn check<T: StdError + 'static>(error: Error, kind: ErrorKind) -> Vec<String> {
    let links = printed(&error);
    for pair in links.windows(2) {
        assert!(!pair[0].contains(&pair[1]), "{links:#?}");
    }
    assert_eq!(error.kind(), kind, "{links:#?}");
    let own = error.failure();
    let (sent, attempts, retry_at) = (own.sent(), own.attempts(), own.retry_at());
    assert!(own.find::<T>().is_some(), "{links:#?}");

    let around: BoxError = io::Error::other(error).into();
    let seen = Failure::of(&*around);
    assert_eq!(
        (seen.sent(), seen.attempts(), seen.retry_at()),
        (sent, attempts, retry_at)
    );
    assert!(seen.find::<T>().is_some(), "{links:#?}");
    assert_eq!(seen.find::<Error>().unwrap().kind(), kind);
    links
}

async fn failed(client: &Client) -> Error {
    client.get("/").send().await.unwrap_err()
}

fn refused() -> BoxError {
    TransportError::connect(io::Error::from(io::ErrorKind::ConnectionRefused)).into()
}

#[tokio::test]
async fn a_refused_connection_is_printed_once() {
    let (client, _) = scripted_with([Step::error(refused)], |b| b.retry(None));
    let links = check::<TransportError>(failed(&client).await, ErrorKind::Connect);
    assert_eq!(
        links,
        [
            "GET http://api.example/v1/: no connection could be made",
            "connect, the request was not sent",
            "connection refused",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn attempts_that_were_given_up_are_printed_once() {
    let (client, _) = scripted([Step::error(refused)]);
    let error = failed(&client).await;
    assert!(error.attempts() > 1);
    let links = check::<Exhausted>(error, ErrorKind::Connect);
    assert!(links[0].contains("gave up after"), "{links:#?}");
    assert_eq!(links.last().unwrap(), "connection refused");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_printed_once() {
    let (client, _) = scripted_with([Step::hang()], |b| {
        b.retry(None).timeout(Duration::from_secs(1))
    });
    check::<Elapsed>(failed(&client).await, ErrorKind::Timeout);
}

#[tokio::test]
async fn an_open_circuit_is_printed_once() {
    let circuit = CircuitBreakerLayer::consecutive(1).build().unwrap();
    let (client, _) = scripted_with([Step::status(503)], |b| {
        b.retry(None).circuit_breaker(circuit)
    });
    client.get("/").send().await.unwrap();
    check::<CircuitOpen>(failed(&client).await, ErrorKind::CircuitOpen);
}

#[tokio::test]
async fn a_rate_limit_is_printed_once() {
    let limit = RateLimitLayer::per_second(1)
        .unwrap()
        .key(Authority)
        .reject();
    let (client, _) = scripted_with([Step::ok()], |b| b.retry(None).rate_limit(limit));
    client.get("/").send().await.unwrap();
    let error = failed(&client).await;
    assert!(error.retry_at().is_some());
    check::<RateLimited>(error, ErrorKind::RateLimited);
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_is_printed_once() {
    let (client, _) = scripted([Step::ok()]);
    let error = client.get("/{id}").send().await.unwrap_err();
    check::<buttress::MissingParameters>(error, ErrorKind::Request);
}

#[tokio::test]
async fn a_body_that_is_not_what_was_expected_is_printed_once() {
    let (client, _) = scripted([Step::ok().body(r#"{"a":"x"}"#)]);
    let response = client.get("/").send().await.unwrap();
    let json = response.json::<std::collections::BTreeMap<String, u8>>();
    check::<buttress::DecodeError>(json.await.unwrap_err(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_printed_once() {
    let (client, _) = scripted([Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.data("{");
        frames.error(TransportError::broken(
            Sent::Yes,
            io::Error::from(io::ErrorKind::ConnectionReset),
        ));
        body
    })]);
    let response = client.get("/").send().await.unwrap();
    let error = response.bytes().await.unwrap_err();
    assert_eq!(error.failure().kind(), Kind::Transport);
    let links = check::<TransportError>(error, ErrorKind::Transport);
    assert_eq!(
        links,
        [
            "GET http://api.example/v1/: the body of the 200 response did not come to its end: \
             the connection broke",
            "transport, the server has seen the request",
            "connection reset",
        ]
    );
}

#[tokio::test]
async fn what_an_api_tells_and_what_a_status_says_are_printed_once() {
    let told = r#"{"t":"error","error":{"title":"gone","status":404}}"#;
    let (client, _) = scripted([Step::ok().body(told), Step::status(404).body(told)]);
    let open = async || {
        let response = client.get("/").send().await.unwrap();
        response.open::<u8>(&Tagged).await.unwrap_err()
    };
    check::<ApiError>(open().await, ErrorKind::NotFound);
    let links = check::<buttress::StatusError>(open().await, ErrorKind::NotFound);
    assert_eq!(links[1], "the server has seen the request");
}
