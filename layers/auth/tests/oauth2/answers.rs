//! What a token endpoint may answer instead of a token.

use std::io;
use std::time::SystemTime;

use buttress_auth::oauth2::{ClientAuth, ClientCredentials, NotGranted, Problem, RefreshToken};
use buttress_auth::{AuthLayer, Origins, TokenSource, Tokens};
use buttress_kernel::{Body, Failure, Kind, Sent, TransportError};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::{Request, Response};
use tower::{Layer, ServiceExt};

use crate::support::{
    assert_hidden, endpoint, endpoint_of, granted, hidden, not_granted, refused, secs,
};

async fn end(step: Step) -> (NotGranted, bool) {
    let server = Scripted::new([step]);
    let source = ClientCredentials::new(endpoint(&server));
    let error = not_granted(source.fetch(None).await);
    assert_eq!(server.open_bodies(), 0);
    error
}

#[tokio::test(start_paused = true)]
async fn ap26_w51_the_servers_own_words_are_kept_and_not_shown() {
    let (error, terminal) = end(refused(401, "invalid_client")).await;
    assert!(terminal && error.is_terminal() && !error.is_retryable());
    assert_eq!(error.problem(), Problem::Refused);
    assert_eq!(error.code(), Some("invalid_client"));
    assert_eq!(error.description(), Some("the secret was wrong"));
    assert_eq!(error.status().unwrap(), 401);
    assert_eq!(
        error.to_string(),
        "the server refused a token: invalid_client (status 401)"
    );
    assert_eq!(Failure::of(&error).kind(), Kind::Unauthenticated);
    assert_eq!(Failure::of(&error).sent(), Sent::Yes);
}

#[tokio::test(start_paused = true)]
async fn a_code_that_nobody_knows_is_kept_and_not_shown() {
    let (error, terminal) = end(refused(400, "secret_of_its_own")).await;
    assert!(!terminal && !error.is_terminal() && !error.is_retryable());
    assert_eq!(error.code(), Some("secret_of_its_own"));
}

#[tokio::test(start_paused = true)]
async fn a_code_that_passes_is_retryable() {
    for (status, code) in [
        (400, "temporarily_unavailable"),
        (503, "invalid_client"),
        (429, "x"),
    ] {
        let (error, terminal) = end(refused(status, code)).await;
        assert!(error.is_retryable() && !terminal, "{status} {code}");
    }
}

#[tokio::test(start_paused = true)]
async fn html_is_no_token_whatever_its_status() {
    let page = "<html>secret</html>";
    let (error, terminal) = end(Step::ok().body(page)).await;
    assert_eq!(error.problem(), Problem::Malformed);
    assert!(!terminal && !error.is_retryable());
    assert!(error.to_string().contains("is its URI the right one?"));

    let (error, terminal) = end(Step::status(502).body(page)).await;
    assert_eq!(error.problem(), Problem::Status);
    assert!(!terminal && error.is_retryable());
}

/// What was sent comes back in each member of an error, as HTML, and in a header; through the whole layer,
/// and with each way in which a client says who it is.
#[tokio::test(start_paused = true)]
async fn an_endpoint_that_repeats_what_it_was_sent_makes_nobody_tell_it() {
    let echo = |wrap: fn(&str) -> String, status: u16| {
        Step::answer(move |call| {
            let sent = String::from_utf8_lossy(&call.body).into_owned();
            let basic = call.header("authorization").unwrap_or_default();
            let body = wrap(&format!("{sent} {basic} secret"));
            let response = Response::builder()
                .status(status)
                .header("x-echo", "secret");
            response.body(Body::from(body)).unwrap()
        })
    };
    let json: fn(&str) -> String = |sent| {
        let members = serde_json::json!({
            "error": sent, "error_description": sent, "error_uri": sent, "state": sent,
        });
        members.to_string()
    };
    let html: fn(&str) -> String = |sent| format!("<html>{sent}</html>");
    let cut: fn(&str) -> String = |sent| format!("{{\"access_token\":\"{sent}");
    let odd: fn(&str) -> String = |sent| format!("{{\"access_token\":\"{sent}\\n\"}}");
    let clients = || {
        let basic = ClientAuth::basic("robot", "secret-of-robot").unwrap();
        [basic, ClientAuth::post("robot", "secret-of-robot").unwrap()]
    };
    for (wrap, status) in [
        (json, 400),
        (json, 200),
        (html, 200),
        (html, 500),
        (cut, 200),
        (odd, 200),
    ] {
        for client in clients() {
            let server = Scripted::new([echo(wrap, status)]);
            let endpoint = endpoint_of(&server, client);
            let source = RefreshToken::new(endpoint).first("secret-refresh");
            let tokens = Tokens::new(source);
            let (handle, api) = (tokens.handle(), Origins::only("https://api.example.com"));
            let service = AuthLayer::new(tokens, api.unwrap()).layer(Scripted::new([Step::ok()]));
            let request = Request::get("https://api.example.com/").body(Body::empty());
            let error = service.clone().oneshot(request.unwrap()).await.unwrap_err();
            hidden(&error);
            for link in Failure::of(&*error).chain() {
                assert_hidden(&format!("{link} {link:?} {link:#?}"));
            }
            hidden(&(service, handle.status()));
            assert_eq!(server.calls().len(), 1, "{status}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn json_that_is_cut_off_is_no_token() {
    let (error, _) = end(Step::ok().body(r#"{"access_token":"secret-a"#)).await;
    assert_eq!(error.problem(), Problem::Malformed);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_64_kib_is_read_and_a_longer_one_is_not() {
    let whole = |length: usize| {
        let head = r#"{"access_token":"secret-access","x":""#;
        format!("{head}{}\"}}", "x".repeat(length - head.len() - 2))
    };
    let server = Scripted::new([Step::ok().body(whole(64 * 1024))]);
    let source = ClientCredentials::new(endpoint(&server));
    assert!(source.fetch(None).await.is_ok());

    // One that says how long it is, and one that does not.
    let (error, _) = end(Step::ok().body(whole(64 * 1024 + 1))).await;
    assert_eq!(error.problem(), Problem::TooLarge);
    let endless = || Body::stream(Body::from(vec![b' '; 64 * 1024 + 1]));
    let (error, _) = end(Step::ok().body_with(endless)).await;
    assert_eq!(error.problem(), Problem::TooLarge);
    assert_eq!(error.status().unwrap(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_token_of_another_type_is_refused() {
    let body = r#"{"access_token":"secret","token_type":"DPoP"}"#;
    let (error, _) = end(Step::ok().body(body)).await;
    assert_eq!(error.problem(), Problem::TokenType);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_cannot_be_reached_is_one_that_may_be_later() {
    let down = || TransportError::connect(io::Error::from(io::ErrorKind::ConnectionRefused));
    let (error, terminal) = end(Step::error(down)).await;
    assert_eq!(error.problem(), Problem::Unreachable);
    assert!(error.is_retryable() && !terminal);
    assert_eq!(Failure::of(&error).kind(), Kind::Connect);
    assert_eq!(Failure::of(&error).sent(), Sent::No);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_is_given_up_on() {
    let server = Scripted::new([Step::hang()]);
    let endpoint = endpoint(&server).timeout(secs(7));
    let since = tokio::time::Instant::now();
    let (error, _) = not_granted(ClientCredentials::new(endpoint).fetch(None).await);
    assert_eq!(since.elapsed(), secs(7));
    assert_eq!(error.problem(), Problem::TooSlow);
    assert!(error.is_retryable());
    assert_eq!(Failure::of(&error).kind(), Kind::Timeout);
    assert_eq!((server.in_flight(), server.dropped()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn the_servers_delay_is_told() {
    let (error, _) = end(Step::status(503).header("retry-after", "17")).await;
    assert_eq!(error.retry_after(), Some(secs(17)));

    let clock = ManualWallClock::at(SystemTime::UNIX_EPOCH + secs(784_111_777));
    let date = "Sun, 06 Nov 1994 08:50:07 GMT";
    let server = Scripted::new([Step::status(429).header("retry-after", date)]);
    let endpoint = endpoint(&server).wall_clock(clock);
    let (error, _) = not_granted(ClientCredentials::new(endpoint).fetch(None).await);
    assert_eq!(error.retry_after(), Some(secs(30)));
}

#[tokio::test(start_paused = true)]
async fn readiness_is_waited_for_and_its_error_told() {
    let server = Scripted::new([granted("")]).not_ready(3);
    let source = ClientCredentials::new(endpoint(&server));
    assert!(source.fetch(None).await.is_ok());

    let server = Scripted::new([granted("")]).ready_error(|| "closed");
    let source = ClientCredentials::new(endpoint(&server));
    let (error, _) = not_granted(source.fetch(None).await);
    assert_eq!(error.problem(), Problem::Unreachable);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_is_dropped_whole() {
    let server = Scripted::new([Step::hang()]);
    let source = ClientCredentials::new(endpoint(&server));
    let fetch = tokio::time::timeout(secs(1), source.fetch(None)).await;
    assert!(fetch.is_err());
    assert_eq!((server.in_flight(), server.dropped()), (0, 1));
}
