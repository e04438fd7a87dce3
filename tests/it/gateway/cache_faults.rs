//! The cache over real sockets: bodies that break, interim responses, HTTP/2.

use std::convert::Infallible;
use std::io::{Read, Write};

use buttress::Body;
use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use tokio::task::JoinSet;

use crate::support::gateway::{Gateway, text};
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

const WHOLE: &str =
    "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 5\r\n\r\nwhole";

/// All that comes until the connection ends, in whatever way.
fn get(gateway: &Gateway) -> String {
    let mut stream = gateway.connect();
    let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Answers the first connection with these bytes, and all others with a whole response.
fn first(answer: &'static str) -> Raw {
    Raw::each(move |number, mut peer| {
        while peer.hear().is_some() {
            peer.say(if number == 1 { answer } else { WHOLE });
            if number == 1 {
                return peer.part();
            }
        }
    })
}

#[test]
fn a_body_that_breaks_off_looks_broken_and_is_never_served_again() {
    let framing = [
        "content-length: 10\r\n\r\nbroke",
        "transfer-encoding: chunked\r\n\r\n5\r\nbroke",
        "transfer-encoding: chunked\r\n\r\n5\r\nbroke\r\n",
        "transfer-encoding: chunked\r\n\r\n9\r\nbroke",
        "transfer-encoding: chunked\r\n\r\n5\r\nbroke\r\nzz\r\n",
        "transfer-encoding: chunked\r\n\r\n5\r\nbroken\r\n0\r\n\r\n",
    ];
    for framing in framing {
        let answer = format!("HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\n{framing}");
        for kind in ["private", "shared"] {
            let upstream = first(answer.clone().leak());
            let gateway = Gateway::start(&upstream.uri(""), &format!("--cache {kind}"));
            let broken = get(&gateway);
            assert!(!broken.ends_with("\r\n0\r\n\r\n"), "{framing:?}: {broken}");
            assert!(!broken.contains("whole"), "{framing:?}: {broken}");
            for _ in 0..2 {
                let got = get(&gateway);
                assert!(got.ends_with("whole"), "{framing:?}: {got}");
            }
            assert_eq!(upstream.connections(), 2, "{framing:?}");
        }
    }
}

#[test]
fn bytes_beyond_the_announced_length_reach_nobody() {
    let upstream = first(
        "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\ncontent-length: 2\r\n\r\nhi and more",
    );
    let gateway = Gateway::start(&upstream.uri(""), "--cache private");
    for _ in 0..2 {
        let got = get(&gateway);
        assert!(got.ends_with("\r\n\r\nhi"), "{got}");
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_broken_body_that_can_be_completed_is_completed() {
    let upstream = Raw::each(|number, mut peer| {
        let Some(request) = peer.hear() else { return };
        let fields = "cache-control: max-age=60\r\netag: \"a\"\r\n";
        if number == 1 {
            peer.say(format!(
                "HTTP/1.1 200 OK\r\n{fields}content-length: 10\r\n\r\n01234"
            ));
        } else {
            let rest = request.contains("range: bytes=5-\r\n");
            assert!(rest && request.contains("if-range: \"a\"\r\n"), "{request}");
            peer.say(format!(
                "HTTP/1.1 206 Partial Content\r\n{fields}content-range: bytes 5-9/10\r\n\
                 content-length: 5\r\n\r\n56789"
            ));
        }
        peer.part();
    });
    let gateway = Gateway::start(&upstream.uri(""), "--cache private");
    assert!(!get(&gateway).contains("56789"));
    for _ in 0..2 {
        let got = get(&gateway);
        assert!(got.starts_with("HTTP/1.1 200"), "{got}");
        assert!(got.ends_with("0123456789"), "{got}");
    }
    assert_eq!(upstream.connections(), 2);
}

#[test]
fn an_interim_response_does_not_confuse_the_cache() {
    for interim in ["102 Processing", "103 Early Hints"] {
        let upstream = Raw::always(format!(
            "HTTP/1.1 {interim}\r\nlink: </style.css>; rel=preload\r\nx-early: 1\r\n\r\n{WHOLE}"
        ));
        for kind in ["private", "shared"] {
            let gateway = Gateway::start(&upstream.uri(""), &format!("--cache {kind}"));
            for status in ["fwd=uri-miss; stored", "hit; ttl="] {
                let got = get(&gateway);
                assert!(got.starts_with("HTTP/1.1 200"), "{got}");
                assert!(got.contains(status) && got.ends_with("whole"), "{got}");
                assert!(!got.contains("link:") && !got.contains("x-early"), "{got}");
            }
        }
    }
}

#[tokio::test]
async fn over_http2_many_requests_at_once_are_one_fetch() {
    for kind in ["private", "shared"] {
        let upstream = Upstream::start(|n, _| async move {
            let response = Response::builder().header("cache-control", "max-age=3600");
            Ok::<_, Infallible>(response.body(Body::from(format!("answer {n}"))).unwrap())
        })
        .await;
        let gateway = Gateway::start(&upstream.uri(), &format!("--cache {kind}"));
        let gateway = std::sync::Arc::new(gateway);
        let mut all = JoinSet::new();
        for _ in 0..20 {
            let gateway = std::sync::Arc::clone(&gateway);
            all.spawn(async move {
                let request = Request::get("/").version(Version::HTTP_2);
                let request = request.body(Full::<Bytes>::default()).unwrap();
                let response = gateway.send(request).await;
                assert_eq!(response.version(), Version::HTTP_2);
                text(response).await
            });
        }
        let all = all.join_all().await;
        assert!(all.iter().all(|body| body == "answer 0"), "{all:?}");
        assert_eq!(upstream.requests(), 1, "{kind}");
    }
}
