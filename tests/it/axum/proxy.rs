//! A client as a router's service.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body as Incoming;
use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::routing::{any, get};
use buttress::forward::ClientAddress;
use buttress::proxy::Proxy;
use buttress::{Body, CacheLayer, CircuitBreakerLayer, Client, Deadline, Partition};
use buttress_testkit::{Scripted, Step, channel};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use tower::{Service, ServiceExt};

use super::{Server, exchange, mirror, plain, problem};
use crate::support::raw::{Raw, refused};

fn client(upstream: &Server, path: &str) -> Client {
    let builder = Client::builder().base_uri(upstream.uri(path)).retry(None);
    builder.build().unwrap()
}

/// An upstream that says what it got, and an application that passes on what it does not know itself.
async fn passing(settings: impl FnOnce(Proxy) -> Proxy) -> (Server, Server) {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let proxy = settings(Proxy::new(client(&upstream, "/base")).unwrap());
    let app = Router::new().route("/own", get(|| async { "own" }));
    let server = Server::start(app.fallback_service(proxy)).await;
    (upstream, server)
}

async fn text(request: buttress::RequestBuilder) -> String {
    request.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn what_no_route_knows_goes_upstream_and_the_rest_stays() {
    let (upstream, server) = passing(|proxy| proxy).await;
    let client = plain();
    assert_eq!(text(client.get(server.uri("/own"))).await, "own");

    let request = client
        .post(server.uri("/a%2Fb//c?d=%20e"))
        .header("x-end-to-end", "stays")
        .header("connection", "x-hop")
        .header("x-hop", "goes")
        .header("proxy-authorization", "goes")
        .body("the body");
    let said = text(request).await;
    assert!(said.starts_with("POST /base/a%2Fb//c?d=%20e\n"), "{said}");
    for line in [
        "x-end-to-end: stays".to_owned(),
        format!("host: {}", upstream.address),
        "content-length: 8".to_owned(),
    ] {
        assert!(said.contains(&format!("\n{line}\n")), "{line}: {said}");
    }
    assert!(said.contains("\nvia: 1.1 "), "{said}");
    assert!(!said.contains("goes"), "{said}");
    assert!(said.ends_with("\nthe body"), "{said}");
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    let echo = |request: Request| async { request.into_body() };
    let upstream = Server::start(Router::new().fallback(echo)).await;
    let proxy = Proxy::new(client(&upstream, "")).unwrap();
    let server = Server::start(Router::new().fallback_service(proxy)).await;
    let (sender, body) = channel();
    sender.data("first");
    let response = plain()
        .post(server.uri("/"))
        .body(body)
        .send()
        .await
        .unwrap();
    // The rest of the request is not written yet.
    let mut body = response.into_body();
    let mut frame = async || body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(frame().await, "first");
    sender.data("second");
    assert_eq!(frame().await, "second");
    drop(sender);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_nested_proxy_is_a_prefix() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let proxy = Proxy::new(client(&upstream, "/v2")).unwrap();
    let server = Server::start(Router::new().nest_service("/api", proxy)).await;
    let said = text(plain().get(server.uri("/api/users?a=b"))).await;
    assert!(said.starts_with("GET /v2/users?a=b\n"), "{said}");
}

#[tokio::test]
async fn what_cannot_be_passed_on_is_told_so_and_not_sent() {
    let upstream = Raw::always("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let client = Client::builder().base_uri(upstream.uri("/base"));
    let proxy = Proxy::new(client.build().unwrap()).unwrap();
    let server = Server::start(Router::new().fallback_service(proxy)).await;
    let upgrade = "GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: WebSocket\r\n";
    for (head, status, why) in [
        (upgrade, 501, "upgrades are not passed on"),
        ("CONNECT a:443 HTTP/1.1\r\nhost: a\r\n", 501, "no tunnels"),
        (
            "TRACE / HTTP/1.1\r\nhost: a\r\n",
            501,
            "TRACE is not passed on",
        ),
        (
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n",
            400,
            "exactly one Host",
        ),
        ("GET /../x HTTP/1.1\r\nhost: a\r\n", 400, "lead elsewhere"),
        (
            "GET /%2E%2e/x HTTP/1.1\r\nhost: a\r\n",
            400,
            "lead elsewhere",
        ),
    ] {
        let request = format!("{head}connection: close\r\n\r\n");
        let (code, answer) = exchange(server.address, request).await;
        assert_eq!(code, status, "{head}: {answer}");
        assert!(answer.contains(why), "{head}: {answer}");
        assert!(answer.contains("application/problem+json"), "{answer}");
    }
    assert_eq!(upstream.connections(), 0);
    // Java's client asks every server for HTTP/2.
    let request = "GET / HTTP/1.1\r\nhost: a\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\
        connection: upgrade, http2-settings, close\r\n\r\n";
    let (code, answer) = exchange(server.address, request.to_owned()).await;
    assert_eq!(code, 200, "{answer}");
}

#[tokio::test]
async fn another_host_in_the_target_is_no_way_out() {
    let (upstream, server) = passing(|proxy| proxy).await;
    let request =
        "GET http://127.0.0.1:1/x HTTP/1.1\r\nhost: 127.0.0.1:1\r\nconnection: close\r\n\r\n";
    let (code, answer) = exchange(server.address, request.to_owned()).await;
    assert_eq!(code, 200, "{answer}");
    assert!(answer.contains("GET /base/x\n"), "{answer}");
    let host = format!("host: {}\n", upstream.address);
    assert!(answer.contains(&host), "{answer}");
}

#[tokio::test]
async fn failures_are_answers_that_tell_nothing() {
    let address = refused();
    let breaker = CircuitBreakerLayer::builder().consecutive(1);
    let client = Client::builder()
        .base_uri(format!("http://{address}/s3cret"))
        .retry(None)
        .circuit_breaker(breaker.build().unwrap())
        .build();
    let proxy = Proxy::new(client.unwrap()).unwrap();
    let server = Server::start(Router::new().fallback_service(proxy)).await;
    for (status, layer) in [(502, "transport"), (503, "circuit-breaker")] {
        let response = plain().get(server.uri("/users")).send().await.unwrap();
        assert_eq!(response.status(), status);
        let pause = response.headers().get("retry-after").cloned();
        assert_eq!(pause.is_some(), status == 503);
        let body = response.into_body();
        let head = http::Response::builder().status(status);
        let head = head.header("content-type", "application/problem+json");
        let (named, text) = problem(head.body(body).unwrap()).await;
        assert_eq!(named, layer);
        for secret in ["127.0.0.1", "s3cret", "users"] {
            assert!(!text.contains(secret), "{text}");
        }
    }
}

#[tokio::test]
async fn a_body_above_a_limit_is_a_413() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let proxy = Proxy::new(client(&upstream, "")).unwrap();
    let (sender, body) = channel();
    sender.data("12345");
    let request = http::Request::post("/").header("host", "a");
    let request = request.body(Limited::new(body, 4)).unwrap();
    let response = proxy.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(problem(response).await.0, "transport");
}

#[tokio::test]
async fn a_request_body_that_breaks_off_is_its_senders_fault() {
    let upstream = Server::start(Router::new().fallback(mirror)).await;
    let proxy = Proxy::new(client(&upstream, "")).unwrap();
    let (sender, body) = channel();
    sender.error("gone");
    let request = http::Request::post("/").header("host", "a").body(body);
    let response = proxy.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    let (_, text) = problem(response).await;
    assert!(text.contains("broke off"), "{text}");
}

#[tokio::test]
async fn ic82_where_a_request_comes_from_is_not_what_it_says() {
    type Set = fn(Proxy, ClientAddress) -> Proxy;
    let says = [
        ("x-forwarded-for", "6.6.6.6"),
        ("forwarded", "for=6.6.6.6"),
        ("x-real-ip", "6.6.6.6"),
        ("x-forwarded-host", "6.6.6.6"),
        ("x-forwarded-user", "6.6.6.6"),
    ];
    let peer = || {
        ClientAddress::of(|extensions| {
            let info = extensions.get::<ConnectInfo<SocketAddr>>();
            info.map(|info| info.0.ip())
        })
    };
    let settings: [(Set, Option<&str>, usize); 5] = [
        (|proxy, _| proxy, None, 0),
        (
            |proxy, peer| proxy.client_address(peer),
            Some("127.0.0.1"),
            0,
        ),
        (
            |proxy, peer| proxy.client_address(peer.trusting(|hop| !hop.is_loopback())),
            Some("127.0.0.1"),
            0,
        ),
        (
            |proxy, peer| proxy.client_address(peer.trusting(|hop| hop.is_loopback())),
            Some("6.6.6.6, 127.0.0.1"),
            1,
        ),
        (|proxy, _| proxy.keep_forwarded_fields(), Some("6.6.6.6"), 5),
    ];
    for (number, (set, told, believed)) in settings.into_iter().enumerate() {
        let (_upstream, server) = passing(|proxy| set(proxy, peer())).await;
        let mut request = plain().get(server.uri("/"));
        for (name, value) in says {
            request = request.header(name, value);
        }
        let said = text(request).await;
        let lines = said
            .lines()
            .filter_map(|line| line.strip_prefix("x-forwarded-for: "));
        assert_eq!(
            lines.collect::<Vec<_>>(),
            Vec::from_iter(told),
            "{number}: {said}"
        );
        assert_eq!(
            said.matches("6.6.6.6").count(),
            believed,
            "{number}: {said}"
        );
    }
}

/// What the upstream says to a request with these cookies, through a proxy over a private cache.
fn cached(settings: impl FnOnce(Proxy) -> Proxy) -> (Proxy, Scripted) {
    let server = Scripted::new([Step::answer(|call| {
        let cookie = call.header("cookie").unwrap_or("none").to_owned();
        let response = http::Response::builder().header("cache-control", "max-age=60");
        response.body(Body::from(cookie)).unwrap()
    })]);
    let client = Client::builder()
        .base_uri("http://upstream.internal")
        .cache(CacheLayer::private())
        .build_over(server.clone());
    let proxy = Proxy::new(client.unwrap()).unwrap().every_cookie();
    (settings(proxy), server)
}

async fn asked(proxy: &Proxy, cookie: Option<&'static str>) -> Bytes {
    let mut request = http::Request::new(Body::empty());
    *request.version_mut() = http::Version::HTTP_2;
    if let Some(cookie) = cookie {
        let value = HeaderValue::from_static(cookie);
        request.headers_mut().insert("cookie", value);
    }
    let response = proxy.clone().oneshot(request).await.unwrap();
    response.into_body().collect().await.unwrap().to_bytes()
}

#[tokio::test]
async fn user_a_never_sees_user_b_by_their_cookies() {
    let (proxy, server) = cached(|proxy| proxy);
    for _ in 0..2 {
        for cookie in [Some("session=a"), Some("session=b"), None] {
            assert_eq!(asked(&proxy, cookie).await, cookie.unwrap_or("none"));
        }
    }
    assert_eq!(server.calls().len(), 3, "each has his own");

    for set in [
        (|proxy| proxy.partition_by_cookies(false)) as fn(Proxy) -> Proxy,
        |proxy| proxy.for_one_user(),
        |proxy| proxy.partition_by_cookie("other").unwrap(),
    ] {
        let (proxy, server) = cached(set);
        for cookie in ["session=a", "session=b"] {
            assert_eq!(asked(&proxy, Some(cookie)).await, "session=a");
        }
        assert_eq!(server.calls().len(), 1, "asked for");
    }
}

#[tokio::test]
async fn extensions_of_the_servers_own_hold_for_the_call() {
    let (mut proxy, server) = cached(|proxy| proxy);
    let mut request = http::Request::new(Full::<Bytes>::default());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    let deadline = Deadline::at(deadline.into_std());
    request
        .headers_mut()
        .insert("host", HeaderValue::from_static("a"));
    request
        .headers_mut()
        .insert("cookie", HeaderValue::from_static("a=b"));
    request.extensions_mut().insert(deadline);
    request.extensions_mut().insert(Partition::named("tenant"));
    let ready = ServiceExt::<http::Request<Full<Bytes>>>::ready(&mut proxy);
    ready.await.unwrap().call(request).await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].extensions.get(), Some(&deadline));
    assert_eq!(calls[0].extensions.get(), Some(&Partition::named("tenant")));
}

#[tokio::test]
async fn a_stack_that_is_not_ready_is_an_answer() {
    let stack = Scripted::new([Step::ok()]).ready_error(|| "broken: s3cret");
    let base = "http://upstream.internal".parse().unwrap();
    let proxy = Proxy::over(base, stack);
    let request = http::Request::get("/")
        .header("host", "a")
        .body(Body::empty());
    let response = proxy.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    let (_, text) = problem(response).await;
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn the_service_that_was_ready_is_the_one_that_is_called() {
    // Room for one: a clone that is polled takes it, and what was ready then waits for ever.
    let stack = tower::limit::ConcurrencyLimit::new(Scripted::new([Step::ok()]), 1);
    let mut proxy = Proxy::over("http://upstream.internal".parse().unwrap(), stack);
    for _ in 0..3 {
        let request = http::Request::get("/")
            .header("host", "a")
            .body(Body::empty());
        let ready = ServiceExt::<http::Request<Body>>::ready(&mut proxy);
        let response = ready.await.unwrap().call(request.unwrap()).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn dropping_the_future_drops_the_call() {
    let stack = Scripted::new([Step::hang()]);
    let mut proxy = Proxy::over("http://upstream.internal".parse().unwrap(), stack.clone());
    let request = http::Request::get("/")
        .header("host", "a")
        .body(Body::empty());
    let ready = ServiceExt::<http::Request<Body>>::ready(&mut proxy);
    let call = ready.await.unwrap().call(request.unwrap());
    assert!(tokio::time::timeout(Duration::ZERO, call).await.is_err());
    assert_eq!((stack.in_flight(), stack.dropped()), (0, 1));
}

#[tokio::test]
async fn a_refusal_is_told_to_whoever_runs_the_program() {
    let (events, guard) = crate::support::events::capture();
    let stack = Scripted::new([Step::ok()]);
    let proxy = Proxy::over("http://upstream.internal".parse().unwrap(), stack);
    let request = http::Request::trace("/?s3cret")
        .header("host", "a")
        .body(Body::empty());
    let response = proxy.oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    drop(guard);
    let text = events.text();
    assert!(text.contains("DEBUG buttress::proxy"), "{text}");
    assert!(text.contains("not passed on reason=\"TRACE"), "{text}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn a_proxy_needs_a_base_uri() {
    let error = Proxy::new(plain()).unwrap_err().to_string();
    assert!(error.ends_with("set one with `base_uri`"), "{error}");
}

#[tokio::test]
async fn methods_and_answers_pass_as_they_are() {
    let answer = |method: Method, headers: HeaderMap, _: Incoming| async move {
        let seen = headers.get("x-in").cloned();
        let fields = [
            ("x-seen", seen.unwrap()),
            ("etag", HeaderValue::from_static("\"v\"")),
        ];
        (StatusCode::IM_A_TEAPOT, fields, method.to_string())
    };
    let upstream = Server::start(Router::new().fallback(any(answer))).await;
    let proxy = Proxy::new(client(&upstream, "")).unwrap();
    let server = Server::start(Router::new().fallback_service(proxy)).await;
    for method in ["GET", "DELETE", "PATCH", "OPTIONS", "PROPFIND"] {
        let method: Method = method.parse().unwrap();
        let request = plain()
            .request(method.clone(), server.uri("/"))
            .header("x-in", "7");
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        assert_eq!(response.headers()["x-seen"], "7");
        assert_eq!(response.headers()["etag"], "\"v\"");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, method.as_str());
    }
}
