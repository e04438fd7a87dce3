//! Messages that are between this hop and another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use buttress::proxy::Proxy;
use buttress::{Body, Client};
use buttress_testkit::{Scripted, Step};
use http::{Method, StatusCode};
use tower::limit::ConcurrencyLimit;
use tower::{Service, ServiceExt};

use super::super::{exchange, plain, problem};
use super::{BASE, passed, plainly, request, sent};

#[tokio::test]
async fn a_loop_ends_where_it_closes() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let hops = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&hops);
    let client = Client::builder()
        .base_uri(format!("http://{address}"))
        .retry(None);
    let proxy = Proxy::new(client.build().unwrap()).unwrap();
    let counted = proxy.map_request(move |request: Request| {
        seen.fetch_add(1, Ordering::SeqCst);
        request
    });
    let app = Router::new().fallback_service(counted);
    let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let response = plain()
        .get(format!("http://{address}/"))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::LOOP_DETECTED);
    assert_eq!(hops.load(Ordering::SeqCst), 2);
    task.abort();
}

#[tokio::test]
async fn hops_are_named_in_one_field() {
    let named = |proxy: Proxy<_>| proxy.via("edge-1").unwrap();
    let call = sent(named, &[("via", "1.0 fred"), ("via", "1.1 edge-2")]).await;
    assert_eq!(call.headers.get_all("via").iter().count(), 1);
    assert_eq!(call.header("via"), Some("1.0 fred, 1.1 edge-2, 2 edge-1"));
}

#[tokio::test]
async fn max_forwards_is_counted_down_for_options_alone() {
    let asked = async |method, most| {
        let request = request(method, &[("max-forwards", most)]);
        let (response, call) = passed(plainly, Step::ok(), request).await;
        (
            response.status(),
            call.map(|call| call.header("max-forwards").map(str::to_owned)),
        )
    };
    let five = Some(Some("5".to_owned()));
    assert_eq!(
        asked(Method::OPTIONS, "6").await,
        (StatusCode::OK, five.clone())
    );
    assert_eq!(
        asked(Method::OPTIONS, "0").await,
        (StatusCode::NO_CONTENT, None)
    );
    assert_eq!(
        asked(Method::OPTIONS, "x").await,
        (StatusCode::OK, Some(None))
    );
    assert_eq!(asked(Method::GET, "5").await, (StatusCode::OK, five));
}

#[tokio::test]
async fn a_407_of_the_upstream_is_no_407_of_ours() {
    let answer = Step::status(407).header("proxy-authenticate", "Basic");
    let (response, _) = passed(plainly, answer, request(Method::GET, &[])).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(response.headers().get("proxy-authenticate"), None);
    assert_eq!(problem(response).await.0, "transport");

    let answer = Step::ok().header("proxy-authentication-info", "s3cret");
    let (response, _) = passed(plainly, answer, request(Method::GET, &[])).await;
    assert_eq!(response.headers().get("proxy-authentication-info"), None);
}

#[tokio::test]
async fn an_upgrade_that_the_connection_does_not_name_is_passed_over() {
    let call = sent(plainly, &[("upgrade", "websocket")]).await;
    assert_eq!(call.header("upgrade"), None);
}

#[tokio::test]
async fn no_refusal_is_stored_for_others() {
    for method in [Method::TRACE, Method::CONNECT] {
        let (response, call) = passed(plainly, Step::ok(), request(method, &[])).await;
        assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert!(call.is_none());
    }
}

#[tokio::test]
async fn a_host_is_a_host_and_a_port() {
    for host in [
        "user:s3cret@a",
        "a:99999999",
        "a:b",
        "[::zz]",
        "a/b",
        "a b",
        "a,b",
    ] {
        let mut request = request(Method::GET, &[]);
        request.headers_mut().insert("host", host.parse().unwrap());
        let (response, call) = passed(plainly, Step::ok(), request).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{host}");
        assert!(call.is_none(), "{host}");
    }
    for host in [
        "",
        "a",
        "a:80",
        "a:",
        "127.0.0.1:1",
        "[::1]:443",
        "a_b.internal",
    ] {
        let call = sent(plainly, &[("host", host)]).await;
        assert_eq!(
            call.header("host"),
            None,
            "the transport writes the upstream's"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_leaves_no_place_taken() {
    let stack = ConcurrencyLimit::new(Scripted::new([Step::ok()]), 1);
    let mut proxy = Proxy::over(BASE.parse().unwrap(), stack);
    let mut other = proxy.clone();
    let refused = ServiceExt::<http::Request<Body>>::ready(&mut proxy)
        .await
        .unwrap();
    let response = refused.call(request(Method::TRACE, &[])).await.unwrap();
    assert_eq!(response.status(), StatusCode::NOT_IMPLEMENTED);
    let ready = ServiceExt::<http::Request<Body>>::ready(&mut other);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), ready)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn max_forwards_and_loops_are_seen_over_a_socket() {
    let upstream = Scripted::new([Step::ok()]);
    let proxy = Proxy::over(BASE.parse().unwrap(), upstream)
        .via("edge-1")
        .unwrap();
    let server = super::super::Server::start(Router::new().fallback_service(proxy)).await;
    for (head, status) in [
        ("OPTIONS / HTTP/1.1\r\nmax-forwards: 0\r\n", 204),
        ("GET / HTTP/1.1\r\nvia: 1.1 edge-1\r\n", 508),
    ] {
        let head = format!("{head}host: a\r\nconnection: close\r\n\r\n");
        assert_eq!(exchange(server.address, head).await.0, status);
    }
}
