//! Messages that a well-behaved peer would not send, byte by byte.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use crate::support::gateway::Gateway;
use crate::support::raw::Raw;
use crate::support::upstream::Upstream;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

/// A server that answers always the same and tells what it heard.
fn listener(answer: &'static str) -> (Raw, Receiver<String>) {
    let (tell, heard) = channel();
    let raw = Raw::each(move |_, mut peer| {
        while let Some(request) = peer.hear() {
            tell.send(request).unwrap();
            peer.say(answer);
        }
    });
    (raw, heard)
}

/// The status that a gateway without flags answers with.
fn status(answer: &str) -> u16 {
    let code = answer.split(' ').nth(1).unwrap_or_default();
    code.parse().unwrap_or_else(|_| panic!("{answer:?}"))
}

fn assert_problem(answer: &str, code: u16, of: &str) {
    assert_eq!(status(answer), code, "{of:?}: {answer}");
    assert!(
        answer.contains("application/problem+json"),
        "{of:?}: {answer}"
    );
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let problem: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(problem["status"], code, "{of:?}");
    assert_eq!(problem["layer"], "transport", "{of:?}");
}

#[test]
fn a_request_that_cannot_be_passed_on_is_refused_and_never_sent() {
    let (upstream, heard) = listener(OK);
    let gateway = Gateway::start(&upstream.uri(""), "");
    for (head, code) in [
        // Targets that are no paths: appended to an authority, the second names another one.
        ("OPTIONS * HTTP/1.1\r\nhost: a\r\n", 400),
        ("OPTIONS * HTTP/1.0\r\n", 400),
        ("CONNECT a:443 HTTP/1.1\r\nhost: a\r\n", 501),
        ("CONNECT 127.0.0.1:1 HTTP/1.1\r\nhost: a\r\n", 501),
        ("GET / HTTP/1.1\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a\r\nhost: a\r\n", 400),
        ("GET / HTTP/1.0\r\nhost: a\r\nhost: b\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: a b\r\n", 400),
        ("GET / HTTP/1.1\r\nhost: \u{ff}\r\n", 400),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip, chunked\r\n",
            501,
        ),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
            501,
        ),
        (
            "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: x, chunked\r\n",
            501,
        ),
    ] {
        let answer = gateway.exchange(format!("{head}connection: close\r\n\r\n"));
        assert_problem(&answer, code, head);
    }
    assert!(heard.try_recv().is_err(), "something was sent");
    assert_eq!(upstream.connections(), 0);
}

#[test]
fn targets_stay_below_the_upstream() {
    let (upstream, heard) = listener(OK);
    let gateway = Gateway::start(&upstream.uri("/base"), "");
    for (target, sent) in [
        ("//evil.example/x", "/base//evil.example/x"),
        ("/@evil.example/", "/base/@evil.example/"),
        ("/:99@evil.example/", "/base/:99@evil.example/"),
        ("http://evil.example/x?y", "/base/x?y"),
        ("http://evil.example?y", "/base/?y"),
        ("http://evil.example", "/base/"),
    ] {
        let answer = gateway.exchange(format!(
            "GET {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
        ));
        assert_eq!(status(&answer), 200, "{target}");
        let request = heard.recv().unwrap();
        let line = request.lines().next().unwrap();
        assert_eq!(line, format!("GET {sent} HTTP/1.1"), "{target}");
    }
}

#[test]
fn fields_of_the_connection_go_no_further() {
    for (fields, stays, goes) in [
        (
            &b"connection: x-hop, \xff\r\nx-hop: hop\r\nx-end: end"[..],
            "x-end: end",
            "x-hop",
        ),
        (
            b"connection: \xff\r\nconnection: x-hop\r\nx-hop: hop\r\nx-end: end",
            "x-end: end",
            "x-hop",
        ),
        (
            b"connection:\tX-HOP\t,\r\nx-hop: hop\r\nx-end: end",
            "x-end: end",
            "x-hop",
        ),
        (
            b"te: trailers;q=0.5, gzip\r\nx-end: end",
            "x-end: end",
            "gzip",
        ),
        (b"te: gzip\r\nx-end: end", "x-end: end", "te: "),
        (b"te: gzip, Trailers", "te: trailers\r\n", "gzip"),
        (b"te: trailers", "connection: te\r\n", "close"),
        (b"trailer: x-sum", "trailer: x-sum\r\n", "close"),
    ] {
        let (upstream, heard) = listener(OK);
        let gateway = Gateway::start(&upstream.uri(""), "");
        let head = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n";
        let answer = gateway.exchange([head, fields, b"\r\n\r\n"].concat());
        let shown = String::from_utf8_lossy(fields);
        assert_eq!(status(&answer), 200, "{shown}");
        let request = heard.recv().unwrap();
        assert!(request.contains(stays), "{shown}: {request}");
        assert!(!request.contains(goes), "{shown}: {request}");
    }
}

#[test]
fn via_says_in_which_version_the_request_came() {
    let (upstream, heard) = listener(OK);
    let gateway = Gateway::start(&upstream.uri(""), "");
    for (version, host, via) in [
        ("1.0", "", "via: 1.0 "),
        ("1.1", "host: a\r\n", "via: 1.1 "),
    ] {
        gateway.exchange(format!(
            "GET / HTTP/{version}\r\n{host}connection: close\r\n\r\n"
        ));
        let request = heard.recv().unwrap();
        assert!(request.contains(via), "{request}");
    }
}

#[test]
fn a_response_that_cannot_be_passed_on_is_a_502() {
    for answer in [
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\nconnection: close\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
    ] {
        let upstream = Raw::once(answer);
        let gateway = Gateway::start(&upstream.uri(""), "");
        let got = gateway.exchange(
            "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade, close\r\nupgrade: x\r\n\r\n",
        );
        assert_problem(&got, 502, answer);
    }
}

#[test]
fn a_request_body_that_breaks_off_is_the_clients_fault() {
    let upstream = Raw::each(|_, peer| peer.linger());
    for flags in ["", "--retry 3 --retry-base 1"] {
        let gateway = Gateway::start(&upstream.uri(""), flags);
        let answer = gateway
            .exchange("PUT / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nno-size\r\n");
        assert_problem(&answer, 400, flags);
    }
}

#[test]
fn a_problem_does_not_tell_where_the_upstream_is() {
    let address = crate::support::raw::refused();
    let flags = "--breaker --breaker-consecutive 1 --breaker-open 60000";
    let gateway = Gateway::start(&format!("http://{address}"), flags);
    for code in [502, 503] {
        let answer = gateway.exchange("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
        assert_eq!(status(&answer), code, "{answer}");
        assert!(!answer.contains("127.0.0.1"), "{answer}");
        assert!(!answer.contains(&address.port().to_string()), "{answer}");
    }
}

#[test]
fn trailers_pass_both_ways_to_those_who_read_them() {
    let answer = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum\r\n\r\n\
        2\r\nhi\r\n0\r\nx-sum: 42\r\n\r\n";
    let (tell, heard) = channel();
    let tell = Arc::new(tell);
    let upstream = Raw::each(move |_, mut peer| {
        let mut request = peer.hear().unwrap().into_bytes();
        while !request.ends_with(b"x-in: 7\r\n\r\n") {
            request.extend(peer.take(1).unwrap());
        }
        tell.send(String::from_utf8(request).unwrap()).unwrap();
        peer.say(answer);
    });
    let flags = "--timeout 60000 --retry-after hold --idempotency";
    let gateway = Gateway::start(&upstream.uri(""), flags);
    let got = gateway.exchange(
        "PUT / HTTP/1.1\r\nhost: a\r\nconnection: te, close\r\nte: trailers\r\ntrailer: x-in\r\n\
         transfer-encoding: chunked\r\n\r\n2\r\nho\r\n0\r\nx-in: 7\r\n\r\n",
    );
    assert!(got.contains("trailer: x-sum\r\n"), "{got}");
    assert!(got.ends_with("x-sum: 42\r\n\r\n"), "{got}");
    let request = heard.recv().unwrap();
    assert!(request.contains("te: trailers\r\n"), "{request}");
    assert!(request.contains("trailer: x-in\r\n"), "{request}");
}

#[test]
fn an_answer_without_a_body_stays_one() {
    for (method, answer) in [
        ("GET", "HTTP/1.1 204 No Content\r\netag: \"v\"\r\n\r\n"),
        ("GET", "HTTP/1.1 304 Not Modified\r\netag: \"v\"\r\n\r\n"),
        (
            "HEAD",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\netag: \"v\"\r\n\r\n",
        ),
    ] {
        let upstream = Raw::always(answer);
        for flags in [
            "",
            "--retry 2 --timeout 60000 --total 60000 --body-idle 60000",
        ] {
            let gateway = Gateway::start(&upstream.uri(""), flags);
            let got = gateway.exchange(format!(
                "{method} / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
            ));
            assert_eq!(status(&got), status(answer), "{got}");
            assert!(got.ends_with("\r\n\r\n"), "{got}");
            assert!(got.contains("etag: \"v\"\r\n"), "{got}");
            let length = "content-length: 5\r\n";
            assert_eq!(got.contains(length), answer.contains(length), "{got}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_get_in_chunks_arrives_with_its_body_and_is_not_cached() {
    let upstream = Upstream::start(|_, request: http::Request<_>| async move {
        let body = http_body_util::BodyExt::collect(request.into_body())
            .await
            .unwrap();
        let response = http::Response::builder().header("cache-control", "max-age=60");
        let body = buttress::Body::from(body.to_bytes());
        Ok::<_, std::convert::Infallible>(response.body(body).unwrap())
    })
    .await;
    for flags in [
        "",
        "--cache private",
        "--cache shared --retry 2 --timeout 60000",
    ] {
        let gateway = Gateway::start(&upstream.uri(), flags);
        for body in ["one", "two"] {
            let request = format!(
                "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n\
                 3\r\n{body}\r\n0\r\n\r\n"
            );
            let got = tokio::task::block_in_place(|| gateway.exchange(request));
            assert!(got.contains(body), "{flags}: {got}");
        }
    }
}
