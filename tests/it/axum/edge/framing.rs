//! How long a body is, and what may follow it.

use axum::Router;
use buttress::proxy::Proxy;
use buttress::{Body, CacheLayer, Client};
use buttress_testkit::{Step, channel};
use http::{HeaderMap, HeaderValue, Method, Response};
use http_body_util::BodyExt;

use super::super::{Server, exchange, mirror, plain};
use super::{passed, plainly, request};
use crate::support::raw::Raw;

/// Ten bytes in a chunk, beside a length of another number.
fn lying(length: usize) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\ncache-control: max-age=60\r\n\
         transfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"
    )
}

async fn asked(server: &Server, path: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    exchange(server.address, request).await.1
}

#[tokio::test]
async fn a_length_beside_chunks_is_believed_by_nobody() {
    for length in [3, 30] {
        let upstream = Raw::always(lying(length));
        let client = Client::builder()
            .base_uri(upstream.uri(""))
            .cache(CacheLayer::shared())
            .build()
            .unwrap();
        let response = client.get("/of-the-client").send().await.unwrap();
        assert_eq!(response.headers().get("content-length"), None);
        assert_eq!(response.text().await.unwrap(), "0123456789");

        let proxy = Proxy::new(client).unwrap();
        let server = Server::start(Router::new().fallback_service(proxy)).await;
        // The second is from the store.
        for _ in 0..2 {
            let answer = asked(&server, "/").await;
            assert!(answer.contains("0123456789"), "{answer}");
            let lie = format!("content-length: {length}\r\n");
            assert!(!answer.contains(&lie), "{answer}");
        }
        #[cfg(feature = "http2")]
        {
            let transport = buttress::transport::Transport::builder().http2_only(true);
            let browser = Client::builder().retry(None).transport(transport).build();
            let response = browser.unwrap().get(server.uri("/")).send().await.unwrap();
            assert_eq!(response.text().await.unwrap(), "0123456789");
        }
    }
}

#[tokio::test]
async fn a_length_beside_chunks_stays_behind_whoever_parsed_them() {
    let fields = [("content-length", "3"), ("transfer-encoding", "chunked")];
    let (sender, body) = channel();
    sender.data("0123456789");
    drop(sender);
    let request = request(Method::POST, &fields).map(|_| body);
    let answer = Step::answer(|_| {
        Response::builder()
            .header("content-length", "3")
            .header("transfer-encoding", "chunked")
            .body(Body::from("0123456789"))
            .unwrap()
    });
    let (response, call) = passed(plainly, answer, request).await;
    assert_eq!(response.headers().get("content-length"), None);
    let call = call.unwrap();
    assert_eq!(call.header("content-length"), None);
    assert_eq!(call.header("transfer-encoding"), Some("chunked"));
    assert_eq!(call.body, "0123456789");
}

#[tokio::test]
async fn a_post_without_a_body_says_so() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let client = Client::builder().base_uri(upstream.uri("")).retry(None);
    let client = client.build().unwrap();
    let said = client.post("/").send().await.unwrap().text().await.unwrap();
    assert!(said.contains("content-length: 0\n"), "{said}");
    let said = client.get("/").send().await.unwrap().text().await.unwrap();
    assert!(!said.contains("content-length"), "{said}");

    let server = Server::start(Router::new().fallback_service(Proxy::new(client).unwrap())).await;
    let response = plain().post(server.uri("/")).send().await.unwrap();
    let said = response.text().await.unwrap();
    assert!(said.contains("content-length: 0\n"), "{said}");
}

fn trailers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let fields = fields.iter().copied();
    fields
        .map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        })
        .collect()
}

#[tokio::test]
async fn trailers_do_not_bring_back_what_was_left_out() {
    let of_request = trailers(&[
        ("x-checksum", "stays"),
        ("x-forwarded-for", "goes"),
        ("x_real_ip", "goes"),
        ("x-original-url", "goes"),
        ("x-hop", "goes"),
        ("x-own", "goes"),
        ("cookie", "goes"),
        ("content-length", "0"),
        ("host", "goes"),
    ]);
    let of_response = trailers(&[
        ("grpc-status", "stays"),
        ("set-cookie", "goes"),
        ("x-hop-back", "goes"),
        ("connection", "goes"),
        ("content-type", "goes"),
    ]);
    let with = |trailers| {
        let (sender, body) = channel();
        sender.data("data");
        sender.trailers(trailers);
        drop(sender);
        body
    };
    let fields = [("te", "trailers"), ("connection", "x-hop, te")];
    let request = request(Method::POST, &fields).map(|_| with(of_request));
    let answer = Step::ok()
        .header("connection", "x-hop-back")
        .body(with(of_response));
    let own = |proxy: Proxy<_>| proxy.leave_out(http::HeaderName::from_static("x-own"));
    let (response, call) = passed(own, answer, request).await;
    let call = call.unwrap();
    assert_eq!(call.body, "data");
    assert_eq!(call.trailers, Some(trailers(&[("x-checksum", "stays")])));
    let back = response.into_body().collect().await.unwrap();
    assert_eq!(
        back.trailers(),
        Some(&trailers(&[("grpc-status", "stays")]))
    );
    assert_eq!(back.to_bytes(), "data");
}
