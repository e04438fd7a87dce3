//! Proxies: what is forwarded, what is tunnelled, and what a proxy that fails means.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;

use buttress::transport::{Proxy, Transport, TransportBuilder};
use buttress_kernel::{Body, Kind, Sent};
use http::Request;

use super::tls::Secure;
use super::{builder, get, send, verdict, whole, words};
use crate::support::events;
use crate::support::raw::{Raw, refused};
#[cfg(feature = "http2")]
use crate::support::upstream::Upstream;

/// `user:s3cret` as RFC 7617 has it.
const BASIC: &str = "Basic dXNlcjpzM2NyZXQ=";

/// A proxy that tells what it is asked, and answers it itself.
pub(super) fn forwarding() -> (Raw, mpsc::Receiver<String>) {
    let (tell, asked) = mpsc::channel();
    let proxy = Raw::each(move |_, mut peer| {
        while let Some(request) = peer.hear() {
            tell.send(request).unwrap();
            peer.say("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nforwarded");
        }
    });
    (proxy, asked)
}

/// A proxy that tells what it is asked, and tunnels it to `target`, whoever was asked for.
fn tunnelling(target: SocketAddr) -> (Raw, mpsc::Receiver<String>) {
    let (tell, asked) = mpsc::channel();
    let proxy = Raw::each(move |_, mut peer| {
        tell.send(peer.hear().unwrap()).unwrap();
        peer.say("HTTP/1.1 200 Connection established\r\n\r\n");
        let (mut near, mut far) = (peer.into_inner(), TcpStream::connect(target).unwrap());
        let (mut near_end, mut far_end) = (near.try_clone().unwrap(), far.try_clone().unwrap());
        thread::spawn(move || {
            let _ = io::copy(&mut far_end, &mut near_end);
            let _ = near_end.shutdown(Shutdown::Write);
        });
        let _ = io::copy(&mut near, &mut far);
        let _ = far.shutdown(Shutdown::Write);
    });
    (proxy, asked)
}

fn through(proxy: &Raw) -> Proxy {
    Proxy::all(format!("http://user:s3cret@{}", proxy.address()))
}

#[tokio::test]
async fn plain_http_is_forwarded_with_the_whole_uri_and_credentials() {
    let (proxy, asked) = forwarding();
    let transport = builder().proxy(through(&proxy)).build().unwrap();
    for _ in 0..2 {
        let response = get(&transport, "http://api.test/a?b=c").await.unwrap();
        assert_eq!(whole(response).await.unwrap(), "forwarded");
        let request = asked.recv().unwrap();
        assert!(
            request.starts_with("GET http://api.test/a?b=c HTTP/1.1\r\n"),
            "{request}"
        );
        assert!(request.contains("host: api.test\r\n"), "{request}");
        assert!(
            request.contains(&format!("proxy-authorization: {BASIC}\r\n")),
            "{request}"
        );
    }
    assert_eq!(proxy.connections(), 1, "connections to a proxy are kept");
}

#[tokio::test]
async fn the_callers_own_proxy_credentials_win() {
    let (proxy, asked) = forwarding();
    let transport = builder().proxy(through(&proxy)).build().unwrap();
    let request = Request::get("http://api.test/").header("proxy-authorization", "mine");
    send(&transport, request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let request = asked.recv().unwrap();
    assert!(
        request.contains("proxy-authorization: mine\r\n") && !request.contains("Basic"),
        "{request}"
    );
}

/// Sends requests with and without credentials of the caller's own through a tunnel, and returns what
/// the server, which echoes the credentials that it sees, said of itself.
async fn tunnelled(
    builder: &TransportBuilder,
    server: SocketAddr,
    (uri, authority): (&str, &str),
) -> Vec<u8> {
    let (proxy, asked) = tunnelling(server);
    let transport = builder.clone().proxy(through(&proxy)).build().unwrap();
    let request = Request::get(uri).header("proxy-authorization", "mine");
    let own = request.body(Body::empty()).unwrap();
    let bare = Request::get(uri).body(Body::empty()).unwrap();
    let mut said = Vec::new();
    for request in [bare, own] {
        let response = send(&transport, request).await.unwrap();
        said = whole(response).await.unwrap().to_vec();
        let text = String::from_utf8_lossy(&said);
        assert!(said.ends_with(b" None"), "the server saw {text}");
    }
    let request = asked.recv().unwrap();
    assert!(
        request.starts_with(&format!("CONNECT {authority} HTTP/1.1\r\n"))
            && request.contains(&format!("Proxy-Authorization: {BASIC}\r\n")),
        "{request}"
    );
    said
}

#[tokio::test]
async fn https_goes_through_a_tunnel_that_alone_sees_the_credentials() {
    for protocols in [&["h2", "http/1.1"][..], &["http/1.1"], &[]] {
        let server = Secure::echo(protocols).await;
        let to = ("https://tls.test/x", "tls.test:443");
        let said = tunnelled(&server.builder(), server.address, to).await;
        let http2 = cfg!(feature = "http2") && protocols.contains(&"h2");
        let version: &[u8] = if http2 { b"HTTP/2.0 " } else { b"HTTP/1.1 " };
        assert!(said.starts_with(version), "{protocols:?}");
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http2_alone_goes_through_a_tunnel_that_alone_sees_the_credentials() {
    let server = Secure::echo(&["h2"]).await;
    let to = ("https://tls.test/x", "tls.test:443");
    let builder = server.builder().http2_only(true);
    let said = tunnelled(&builder, server.address, to).await;
    assert!(said.starts_with(b"HTTP/2.0 "));

    // Plain text, too, because it cannot be forwarded.
    let server = Upstream::start(|_, request| async {
        let said = super::tls::echo(request).await?;
        Ok::<_, std::convert::Infallible>(said.map(Body::from))
    })
    .await;
    let builder = super::builder().http2_only(true);
    for to in [
        ("http://api.test/", "api.test:80"),
        ("http://api.test:8080/", "api.test:8080"),
    ] {
        let said = tunnelled(&builder, server.address, to).await;
        assert!(said.starts_with(b"HTTP/2.0 "));
    }
}

#[tokio::test]
async fn a_new_connection_through_a_proxy_is_told_of_without_its_password() {
    let (told, _guard) = events::capture();
    let server = Secure::echo(&["h2", "http/1.1"]).await;
    let (proxy, _asked) = tunnelling(server.address);
    let transport = server.builder().proxy(through(&proxy)).build().unwrap();
    get(&transport, "https://tls.test/path?token=t0ken")
        .await
        .unwrap();
    let text = told.text();
    let ours: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("buttress::transport"))
        .collect();
    let http2 = cfg!(feature = "http2");
    let connected = format!("connected host=\"tls.test\" http2={http2} duration_ms=");
    assert!(ours.len() == 1 && ours[0].contains(&connected), "{ours:?}");
    for secret in ["s3cret", BASIC, "t0ken", "/path"] {
        assert!(!ours[0].contains(secret), "{ours:?}");
    }
}

#[tokio::test]
async fn a_proxy_may_itself_be_under_tls() {
    let proxy = Secure::echo(&["h2", "http/1.1"]).await;
    let through = Proxy::all(format!(
        "https://user:s3cret@tls.test:{}",
        proxy.address.port()
    ));
    let transport = proxy.builder().proxy(through).build().unwrap();
    let said = whole(get(&transport, "http://api.test/x").await.unwrap())
        .await
        .unwrap();
    assert!(
        said.starts_with(b"HTTP/1.1 http://api.test/x Some"),
        "{said:?}"
    );
}

#[tokio::test]
async fn a_proxy_that_refuses_leaves_the_request_unsent_and_its_password_untold() {
    for refusal in [
        "HTTP/1.1 407 Proxy Authentication Required\r\n\r\n".to_owned(),
        "HTTP/1.1 502 Bad Gateway\r\n\r\n".to_owned(),
        "garbage\r\n\r\n".to_owned(),
        format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "x".repeat(1 << 20)),
        String::new(),
    ] {
        let proxy = Raw::once(refusal.clone());
        let transport = builder().proxy(through(&proxy)).build().unwrap();
        let error = get(&transport, "https://api.test/").await.unwrap_err();
        assert!(
            !words(&error).contains("s3cret") && !words(&error).contains(BASIC),
            "{}",
            words(&error)
        );
        assert_eq!(
            verdict(Err::<(), _>(error)),
            (Kind::Connect, Sent::No),
            "{refusal:.40}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_is_not_there_leaves_the_request_unsent() {
    let transport = builder()
        .proxy(Proxy::all(format!("http://{}", refused())))
        .build()
        .unwrap();
    for uri in ["http://api.test/", "https://api.test/"] {
        assert_eq!(
            verdict(get(&transport, uri).await),
            (Kind::Connect, Sent::No)
        );
    }
}

#[tokio::test]
async fn what_a_proxy_is_not_for_goes_the_direct_way() {
    let server = Raw::always("HTTP/1.1 204 No Content\r\n\r\n");
    let (proxy, _asked) = forwarding();
    let proxies = [
        (through(&proxy), 200),
        (through(&proxy).except("api.test"), 204),
        (through(&proxy).except("other.test, .test"), 204),
        (Proxy::http(format!("http://{}", proxy.address())), 200),
        (Proxy::https(format!("http://{}", proxy.address())), 204),
        (Proxy::none(), 204),
    ];
    for (proxy, status) in proxies {
        let words = format!("{proxy:?}");
        assert!(!words.contains("s3cret"));
        let transport = builder()
            .addresses("api.test", [server.address()])
            .proxy(proxy)
            .build()
            .unwrap();
        let uri = format!("http://api.test:{}/", server.address().port());
        assert_eq!(
            get(&transport, uri).await.unwrap().status(),
            status,
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_connection_through_a_proxy_is_made_within_the_same_limit() {
    tokio::time::pause();
    let silent = Raw::each(|_, peer| peer.linger());
    let transport = builder().proxy(through(&silent)).build().unwrap();
    let error = get(&transport, "https://api.test/").await.unwrap_err();
    assert_eq!(error.to_string(), "no connection could be made in time");
}

#[test]
fn a_proxy_that_cannot_be_spoken_to_is_refused_without_quoting_it() {
    for uri in [
        "socks5://user:s3cret@proxy.test",
        "http://user:s3cret@",
        "user:s3cret@a b",
        "ftp://s3cret/",
    ] {
        let error = builder().proxy(Proxy::all(uri)).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the proxy is not an `http` or `https` URI with a host"
        );
        assert!(!format!("{error:?}").contains("s3cret"));
    }
}

/// Run by the next test in a process of its own, whose environment it sets.
#[tokio::test]
#[ignore = "needs the environment of the test below"]
async fn in_an_environment_with_proxies() {
    let transport = Transport::new().unwrap();
    let response = get(&transport, std::env::var("ASK").unwrap())
        .await
        .unwrap();
    println!("status {}", response.status().as_u16());
}

#[test]
fn the_environment_names_the_proxy_except_for_loopback() {
    let server = Raw::always("HTTP/1.1 204 No Content\r\n\r\n");
    let (proxy, asked) = forwarding();
    let port = server.address().port();
    for (ask, status) in [
        ("http://api.test/".to_owned(), 200),
        (format!("http://127.0.0.1:{port}/"), 204),
        (format!("http://localhost:{port}/"), 204),
    ] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "transport::proxy::in_an_environment_with_proxies",
                "--ignored",
                "--nocapture",
            ])
            .env("ASK", &ask)
            .env(
                "HTTP_PROXY",
                format!("http://user:s3cret@{}", proxy.address()),
            )
            .env_remove("REQUEST_METHOD")
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        assert!(said.contains(&format!("status {status}")), "{ask}: {said}");
    }
    assert!(asked.recv().unwrap().contains(BASIC));
}
