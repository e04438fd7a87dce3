//! Clients that do not finish what they send.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::response::IntoResponse;
use buttress::proxy::Proxy;
use buttress::{Body, BoxError, CircuitBreakerLayer, Client, ClientBuilder, ErrorKind};
use buttress_testkit::{FrameSender, channel};
use futures_util::future::join_all;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tower::{ServiceExt, service_fn};

use super::{Server, exchange, plain, problem};
use crate::support::upstream::Upstream;

const S: Duration = Duration::from_secs(1);

async fn reads_all(request: Request<Body>) -> Result<Response<Body>, BoxError> {
    request.into_body().collect().await?;
    Ok(Response::new(Body::from("well")))
}

/// A client with 5 s for an attempt and a breaker.
fn client() -> ClientBuilder {
    Client::builder()
        .base_uri("http://upstream.internal")
        .timeout(5 * S)
        .circuit_breaker(CircuitBreakerLayer::new())
}

async fn post(proxy: &Proxy, body: Body) -> Response<Body> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    proxy.clone().oneshot(request).await.unwrap()
}

async fn get(proxy: &Proxy) -> u16 {
    let mut request = Request::new(Body::empty());
    *request.version_mut() = http::Version::HTTP_2;
    let response = proxy.clone().oneshot(request).await.unwrap();
    response.status().as_u16()
}

/// A body of which so much came, and then nothing more.
fn unfinished(frames: usize) -> (FrameSender, Body) {
    let (sender, body) = channel();
    (0..frames).for_each(|_| sender.data("a"));
    (sender, body)
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_does_not_come_in_time_is_a_408_that_is_not_sent_again() {
    let proxy = Proxy::new(client().build_over(service_fn(reads_all)).unwrap()).unwrap();
    let start = tokio::time::Instant::now();
    let (_sender, body) = unfinished(1);
    let response = post(&proxy, body).await;
    assert_eq!((response.status().as_u16(), start.elapsed()), (408, 5 * S));
    assert_eq!(response.extensions().get(), Some(&ErrorKind::RequestBody));
    let (layer, text) = problem(response).await;
    assert_eq!(layer, "timeout");
    assert!(text.contains("the request's body did not come in time"));
}

#[tokio::test(start_paused = true)]
async fn unfinished_uploads_of_one_client_do_not_open_the_circuit_for_others() {
    for (name, idle, calls, frames) in [
        ("begun", None, 30, 1),
        ("nothing sent", None, 30, 0),
        ("begun, uploads limited", Some(S), 30, 1),
        ("nothing sent, uploads limited", Some(S), 30, 0),
    ] {
        let client = client().upload_idle(idle);
        let proxy = Proxy::new(client.build_over(service_fn(reads_all)).unwrap()).unwrap();
        let start = tokio::time::Instant::now();
        let calls = (0..calls).map(|_| async {
            let (_sender, body) = unfinished(frames);
            post(&proxy, body).await.status().as_u16()
        });
        let answers = join_all(calls).await;
        assert_eq!(answers, [408; 30], "{name}");
        assert_eq!(start.elapsed(), 5 * S, "{name}");
        assert_eq!(get(&proxy).await, 200, "{name}");
    }
}

#[tokio::test]
async fn over_sockets_as_well() {
    let upstream = Upstream::start(|_, request: Request<hyper::body::Incoming>| async move {
        request.into_body().collect().await?;
        Ok::<_, BoxError>(Response::new(Body::from("well")))
    })
    .await;
    let client = client().base_uri(upstream.uri()).timeout(S / 5);
    let proxy = Proxy::new(client.build().unwrap()).unwrap();
    let server = Server::start(Router::new().fallback_service(proxy)).await;
    let unfinished =
        "POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 100\r\n\r\na";
    for _ in 0..6 {
        let (status, answer) = exchange(server.address, unfinished.to_owned()).await;
        assert_eq!(status, 408, "{answer}");
    }
    let honest = plain().get(server.uri("/")).send().await.unwrap();
    assert_eq!(honest.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_does_not_come_in_time_is_given_back_without_a_verdict() {
    let failing = Arc::new(AtomicBool::new(true));
    let fails = Arc::clone(&failing);
    let stack = service_fn(move |request: Request<Body>| {
        let status = if fails.load(Ordering::SeqCst) {
            500
        } else {
            200
        };
        async move {
            request.into_body().collect().await?;
            Ok::<_, BoxError>(Response::builder().status(status).body(Body::empty())?)
        }
    });
    let proxy = Proxy::new(client().retry(None).build_over(stack).unwrap()).unwrap();
    for _ in 0..5 {
        get(&proxy).await;
    }
    assert_eq!(get(&proxy).await, 503, "open");
    failing.store(false, Ordering::SeqCst);
    tokio::time::sleep(20 * S).await;
    for _ in 0..2 {
        let (_sender, body) = unfinished(1);
        let probe = post(&proxy, body);
        let busy = async {
            tokio::time::sleep(S).await;
            get(&proxy).await
        };
        let (probe, busy) = futures_util::future::join(probe, busy).await;
        assert_eq!((probe.status().as_u16(), busy), (408, 503));
    }
    assert_eq!(get(&proxy).await, 200, "the next one may try at once");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_take_an_upload_is_slow_itself() {
    let deaf = service_fn(|request: Request<Body>| async move {
        let _request = request;
        std::future::pending::<Result<Response<Body>, BoxError>>().await
    });
    let proxy = Proxy::new(client().build_over(deaf).unwrap()).unwrap();
    for _ in 0..5 {
        let (_sender, body) = unfinished(1);
        assert_eq!(post(&proxy, body).await.status(), 504);
    }
    assert_eq!(get(&proxy).await, 503, "the circuit is open");
}

#[tokio::test(start_paused = true)]
async fn of_a_handlers_own_call_it_is_the_handlers_fault() {
    let client = client().build_over(service_fn(reads_all)).unwrap();
    let (_sender, body) = unfinished(1);
    let error = client.post("/a").body(body).send().await.unwrap_err();
    assert!(error.is_request_body(), "{error}");
    assert_eq!(error.into_response().status(), 500);
}
