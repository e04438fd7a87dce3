//! The refresh token grant: rotation, and the end of a session.

use std::time::SystemTime;

use buttress_auth::oauth2::{Problem, RefreshToken};
use buttress_auth::{
    AuthLayer, MemoryStore, Origins, Reason, Stored, Token, TokenSource, TokenStore, Tokens,
    Unauthenticated,
};
use buttress_kernel::{Body, Failure};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::{Layer, ServiceExt};

use crate::support::{endpoint, form, granted, hidden, not_granted, params, refused, secs};

const ROTATED: &str = r#","refresh_token":"secret-refresh-2""#;

fn signed_in() -> Token {
    Token::new("secret-access-1")
        .unwrap()
        .refresh_token("secret-refresh-1")
}

#[tokio::test(start_paused = true)]
async fn a_refresh_token_is_exchanged_for_the_next_one() {
    let server = Scripted::new([granted(ROTATED)]);
    let source = RefreshToken::new(endpoint(&server)).scope("read");
    hidden(&source);
    let token = source.fetch(Some(&signed_in())).await.unwrap();
    assert_eq!(token.expose(), Some("secret-access"));
    assert_eq!(token.expose_refresh_token(), Some("secret-refresh-2"));

    let expected = params([
        ("grant_type", "refresh_token"),
        ("refresh_token", "secret-refresh-1"),
        ("client_id", "robot"),
        ("client_secret", "secret-of-robot"),
        ("scope", "read"),
    ]);
    assert_eq!(form(&server.calls()[0]), expected);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_rotate_leaves_the_old_one() {
    let server = Scripted::new([granted("")]);
    let source = RefreshToken::new(endpoint(&server));
    let token = source.fetch(Some(&signed_in())).await.unwrap();
    assert_eq!(token.expose_refresh_token(), Some("secret-refresh-1"));
    assert_eq!(form(&server.calls()[0]).get("scope"), None);
}

#[tokio::test(start_paused = true)]
async fn the_first_one_is_not_used_again_once_it_was_replaced() {
    let server = Scripted::new([granted(ROTATED)]);
    let source = RefreshToken::new(endpoint(&server)).first("secret-refresh-0");
    assert!(source.fetch(None).await.is_ok());
    assert_eq!(
        form(&server.calls()[0])["refresh_token"],
        "secret-refresh-0"
    );

    let (error, terminal) = not_granted(source.fetch(None).await);
    assert_eq!(error.problem(), Problem::NothingToRefresh);
    assert!(terminal);
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_one_is_not_used_for_the_user_who_comes_next() {
    for handle_sets in [true, false] {
        let server = Scripted::new([granted("")]);
        let source = RefreshToken::new(endpoint(&server)).first("secret-refresh-0");
        let tokens = Tokens::new(source);
        if handle_sets {
            let other = Token::new("secret-access-of-another").unwrap();
            tokens.handle().set(other).unwrap();
        } else {
            tokens.handle().clear();
        }
        let error = tokens.handle().refresh().await.unwrap_err();
        assert!(error.is_terminal());
        assert_eq!(server.calls().len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_refresh_token_is_none() {
    let server = Scripted::new([granted(r#","refresh_token":"""#)]);
    let source = RefreshToken::new(endpoint(&server));
    let token = source.fetch(Some(&signed_in())).await.unwrap();
    assert_eq!(token.expose_refresh_token(), Some("secret-refresh-1"));
}

#[tokio::test(start_paused = true)]
async fn the_first_one_stays_while_the_server_is_down_and_goes_when_it_is_refused() {
    let server = Scripted::new([Step::status(503), refused(400, "invalid_grant")]);
    let source = RefreshToken::new(endpoint(&server)).first("secret-refresh-0");
    let terminal = [false, true, true];
    for expected in terminal {
        let (_, terminal) = not_granted(source.fetch(None).await);
        assert_eq!(terminal, expected);
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn only_invalid_grant_ends_a_session() {
    for (status, code, ends) in [
        (400, "invalid_grant", true),
        (503, "invalid_grant", false),
        (401, "invalid_client", false),
        (400, "invalid_scope", false),
        (400, "anything", false),
    ] {
        let server = Scripted::new([refused(status, code)]);
        let source = RefreshToken::new(endpoint(&server));
        let (error, terminal) = not_granted(source.fetch(Some(&signed_in())).await);
        assert_eq!(terminal, ends, "{status} {code}");
        assert_eq!(error.code(), Some(code));
    }
}

fn request() -> Request<Body> {
    Request::get("https://api.example.com/")
        .body(Body::empty())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn ap27_a_session_that_has_ended_is_told_as_such_and_leaves_the_store() {
    let store = MemoryStore::new();
    let ended = signed_in().expires_at(SystemTime::UNIX_EPOCH);
    store.set("alice", &ended).await.unwrap();
    let server = Scripted::new([refused(400, "invalid_grant")]);
    let source = Stored::new(RefreshToken::new(endpoint(&server)), store.clone()).key("alice");
    let origins = Origins::only("https://api.example.com").unwrap();
    let service = AuthLayer::new(Tokens::new(source), origins).layer(Scripted::new([Step::ok()]));

    let error = service.oneshot(request()).await.unwrap_err();
    let failure = Failure::of(&*error);
    let unauthenticated = failure.find::<Unauthenticated>().unwrap();
    assert_eq!(unauthenticated.reason(), Reason::Ended);
    failure.chain().for_each(|link| hidden(&link));
    assert!(store.get("alice").await.unwrap().is_none());
    assert_eq!(
        form(&server.calls()[0])["refresh_token"],
        "secret-refresh-1"
    );
}

#[tokio::test(start_paused = true)]
async fn w04_a_refresh_that_is_refused_is_never_sent_as_a_token() {
    let server = Scripted::new([refused(200, "invalid_grant"), Step::ok().body("{}")]);
    let source = RefreshToken::new(endpoint(&server));
    for _ in 0..2 {
        assert!(source.fetch(Some(&signed_in())).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn each_refresh_token_is_used_once_by_the_layer() {
    let server = Scripted::new([Step::answer(|call| {
        let used = form(call)["refresh_token"].clone();
        let number: u32 = used.strip_prefix("secret-refresh-").unwrap().parse().unwrap();
        let body = format!(
            r#"{{"access_token":"secret-{number}","expires_in":100,"refresh_token":"secret-refresh-{}"}}"#,
            number + 1
        );
        http::Response::new(Body::from(body))
    })
    .after(secs(1))]);
    let tokens = Tokens::new(RefreshToken::new(endpoint(&server)));
    tokens
        .handle()
        .set(signed_in().expires_in(secs(0)))
        .unwrap();
    let origins = Origins::only("https://api.example.com").unwrap();
    let service = AuthLayer::new(tokens, origins).layer(Scripted::new([Step::ok()]));
    for _ in 0..5 {
        let requests: Vec<_> = (0..20)
            .map(|_| tokio::spawn(service.clone().oneshot(request())))
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap().unwrap().status(), 200);
        }
        tokio::time::sleep(secs(100)).await;
    }
    let calls = server.calls();
    let used: Vec<_> = calls
        .iter()
        .map(|call| form(call)["refresh_token"].clone())
        .collect();
    let expected: Vec<_> = (1..=5)
        .map(|number| format!("secret-refresh-{number}"))
        .collect();
    assert_eq!(used, expected);
}
