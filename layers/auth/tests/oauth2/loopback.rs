//! The listener that a browser comes back to, over real sockets.

use std::io;
use std::time::Duration;

use buttress_auth::oauth2::{AuthorizationCode, ClientAuth, Loopback, Problem, SignIn};
use buttress_testkit::Scripted;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{endpoint_of, form, granted, was_told};

const LONG: Duration = Duration::from_secs(60);

fn begin(server: &Scripted, listener: &Loopback) -> SignIn {
    let endpoint = endpoint_of(server, ClientAuth::public("program").unwrap());
    let flow = AuthorizationCode::new(
        endpoint,
        "https://id.example.com/authorize",
        &listener.redirect_url(),
    );
    flow.unwrap().begin()
}

fn address(listener: &Loopback) -> String {
    let url = listener.redirect_url();
    let url = url.strip_prefix("http://").unwrap();
    url.strip_suffix("/callback").unwrap().to_owned()
}

/// What is answered to this; an empty text if the connection is closed at once.
async fn visit(address: &str, text: &[u8]) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

async fn get(address: &str, target: &str) -> String {
    let text = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    visit(address, text.as_bytes()).await.unwrap()
}

#[tokio::test]
async fn a_browser_brings_the_code() {
    let server = Scripted::new([granted("")]);
    let listener = Loopback::bind().await.unwrap();
    let (address, redirect) = (address(&listener), listener.redirect_url());
    assert!(address.starts_with("127.0.0.1:"));
    let sign_in = begin(&server, &listener);
    let target = format!(
        "/callback?code=secret-code&state={}",
        sign_in.expose_state()
    );

    let (token, page) = tokio::join!(listener.finish(sign_in, LONG), get(&address, &target));
    assert_eq!(token.unwrap().expose(), Some("secret-access"));
    assert!(page.starts_with("HTTP/1.1 200 "));
    assert!(page.contains("referrer-policy: no-referrer") && page.contains("You can close"));
    assert!(!page.contains("secret-code"));
    let form = form(&server.calls()[0]);
    assert_eq!(form["code"], "secret-code");
    assert_eq!(form["redirect_uri"], redirect);
    assert!(
        TcpStream::connect(&address).await.is_err(),
        "it still listens"
    );
}

#[tokio::test]
async fn strangers_are_turned_away_and_the_wait_goes_on() {
    let server = Scripted::new([granted("")]);
    let listener = Loopback::bind().await.unwrap();
    let address = address(&listener);
    let sign_in = begin(&server, &listener);
    let right = format!(
        "/callback?code=secret-code&state={}",
        sign_in.expose_state()
    );

    let visits = async {
        // One that says nothing, and holds nobody up.
        let _silent = TcpStream::connect(&address).await.unwrap();
        assert!(
            get(&address, "/favicon.ico")
                .await
                .starts_with("HTTP/1.1 404 ")
        );
        for wrong in [
            "/callback",
            "/callback?code=a&state=wrong",
            "/callback?error=access_denied",
        ] {
            assert!(
                get(&address, wrong).await.starts_with("HTTP/1.1 400 "),
                "{wrong}"
            );
        }
        for noise in [
            &b"\r\n\r\n"[..],
            b"POST /callback HTTP/1.1\r\n\r\n",
            b"\xff\xfe\0\r\n\r\n",
            b"GET",
        ] {
            let mut stream = TcpStream::connect(&address).await.unwrap();
            stream.write_all(noise).await.unwrap();
            stream.shutdown().await.unwrap();
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer).await;
            assert_eq!(answer, b"", "{noise:?}");
        }
        // A head without end is cut off, by closing or by a reset.
        let endless = vec![b'a'; 1 << 20];
        assert!(
            visit(&address, &endless)
                .await
                .is_ok_and(|answer| answer.is_empty())
                || server.calls().is_empty()
        );
        get(&address, &right).await
    };
    let (token, page) = tokio::join!(listener.finish(sign_in, LONG), visits);
    assert!(token.is_ok() && page.starts_with("HTTP/1.1 200 "));
    assert_eq!(server.calls().len(), 1);
    assert!(was_told("status=400"));
}

#[tokio::test]
async fn a_user_who_refuses_ends_the_wait() {
    let server = Scripted::new([granted("")]);
    let listener = Loopback::bind().await.unwrap();
    let address = address(&listener);
    let sign_in = begin(&server, &listener);
    let target = format!(
        "/callback?error=access_denied&state={}",
        sign_in.expose_state()
    );
    let (token, _) = tokio::join!(listener.finish(sign_in, LONG), get(&address, &target));
    assert_eq!(token.unwrap_err().code(), Some("access_denied"));
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_waited_for_longer_than_the_limit() {
    let server = Scripted::new([granted("")]);
    let listener = Loopback::bind().await.unwrap();
    let sign_in = begin(&server, &listener);
    let since = tokio::time::Instant::now();
    let error = listener.finish(sign_in, LONG).await.unwrap_err();
    assert_eq!(error.problem(), Problem::Expired);
    assert_eq!(since.elapsed().as_secs(), 60);
}
