//! Requests that cannot be sent, and bodies that fail on the way.

use std::io;

use buttress::transport::Proxy;
use buttress_kernel::{Body, Failure, Kind, Sent};
use bytes::Bytes;
use http::{Request, Version};
use http_body::Frame;
use http_body_util::{Full, StreamBody};
use tower::ServiceExt;

use super::{builder, get, send, transport, verdict, words};
use crate::support::raw::Raw;

#[tokio::test]
async fn a_request_that_names_no_server_is_refused_before_anything_is_done() {
    for (uri, reason) in [
        ("/relative", "no host"),
        ("example.test:80", "neither http nor https"),
        ("ftp://example.test/", "neither http nor https"),
        ("http://user:secret@example.test/", "user name or password"),
        ("http://localhost:80*", "port is not a number"),
        ("http://localhost:99999/", "port is not a number"),
        ("https://localhost:+443/", "port is not a number"),
        ("http://[::1]80/", "port is not a number"),
        ("http://localhost*/", "host is neither a name"),
        ("https://local,host:443/", "host is neither a name"),
        ("http://[v1.x]/", "host is neither a name"),
    ] {
        let error = get(&transport(), uri).await.unwrap_err();
        let told = error.to_string();
        assert!(
            told.starts_with("the request cannot be sent: ") && told.contains(reason),
            "{uri}: {told}"
        );
        assert!(!words(&error).contains("secret"));
        assert_eq!(
            verdict(Err::<(), _>(error)),
            (Kind::Request, Sent::No),
            "{uri}"
        );
    }
}

#[tokio::test]
async fn a_port_that_is_left_empty_is_the_schemes() {
    let (proxy, asked) = super::proxy::forwarding();
    let through = Proxy::all(format!("http://{}", proxy.address()));
    let transport = builder().proxy(through).build().unwrap();
    get(&transport, "http://api.test:/").await.unwrap();
    let request = asked.recv().unwrap();
    assert!(request.contains("host: api.test\r\n"), "{request}");
}

#[tokio::test]
async fn plain_text_can_be_forbidden() {
    let server = Raw::always("HTTP/1.1 204 No Content\r\n\r\n");
    let transport = builder().https_only(true).build().unwrap();
    assert_eq!(
        verdict(get(&transport, server.uri("/")).await),
        (Kind::Request, Sent::No)
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_version_that_cannot_be_had_is_the_requests_fault() {
    let server = Raw::always("HTTP/1.1 204 No Content\r\n\r\n");
    for version in [Version::HTTP_09, Version::HTTP_2, Version::HTTP_3] {
        let request = Request::get(server.uri("/"))
            .version(version)
            .body(Body::empty())
            .unwrap();
        let end = send(&transport(), request).await;
        assert_eq!(verdict(end), (Kind::Request, Sent::No), "{version:?}");
    }
}

fn failing() -> Body {
    let frames = [
        Ok(Frame::data(Bytes::from("some"))),
        Err(io::Error::other("the disk is gone")),
    ];
    Body::stream(StreamBody::new(futures_util::stream::iter(frames)))
}

#[tokio::test]
async fn a_body_that_fails_is_told_with_its_reason() {
    let server = Raw::each(|_, peer| peer.linger());
    let transports = [
        transport(),
        #[cfg(feature = "http2")]
        builder().http2_only(true).build().unwrap(),
    ];
    for transport in transports {
        let request = Request::post(server.uri("/")).body(failing()).unwrap();
        let error = send(&transport, request).await.unwrap_err();
        let failure = Failure::of(&*error);
        assert_eq!(
            (failure.kind(), failure.sent()),
            (Kind::RequestBody, Sent::Maybe)
        );
        assert_eq!(
            failure.find::<io::Error>().unwrap().to_string(),
            "the disk is gone"
        );
    }
}

#[tokio::test]
async fn bodies_of_another_type_are_sent_as_they_are() {
    let server = Raw::each(|_, mut peer| {
        let request = peer.hear().unwrap();
        let body = request.split("\r\n\r\n").nth(1).unwrap();
        peer.say(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        ));
    });
    let transport = builder().build_for::<Full<Bytes>>().unwrap();
    let request = Request::put(server.uri("/"))
        .body(Full::from("as it is"))
        .unwrap();
    let response = transport.oneshot(request).await.unwrap();
    assert_eq!(super::whole(response).await.unwrap(), "as it is");
}
