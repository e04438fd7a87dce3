use buttress_auth::{FetchError, Token, TokenSource, Tokens};

use crate::support::*;

/// The simplest of sources, each a closure.
#[tokio::test(start_paused = true)]
async fn any_closure_is_a_source() {
    fn is_source(_: impl TokenSource) {}
    is_source(|| async { Token::new("t") });
    is_source(|| async { Ok::<_, std::io::Error>(Token::new("t").unwrap()) });
    is_source(|| async { Err::<Token, _>("a text") });
    is_source(|| async { Err::<Token, _>(FetchError::terminal("the end")) });
    let bearer = || async { buttress_auth::Credential::bearer("t") };
    is_source(bearer);
}

#[tokio::test(start_paused = true)]
async fn a_source_learns_of_the_token_before() {
    let issuer = Issuer::new([Fetch::Token(secs(0))]);
    let handle = usual(&issuer).handle();
    for _ in 0..3 {
        handle.refresh().await.unwrap();
    }
    let refresh = |n: u32| Some(format!("secret-refresh-{n}"));
    assert_eq!(issuer.previous(), [None, refresh(1), refresh(2)]);
}

#[test]
fn what_is_said_of_a_failure_can_be_read() {
    let plain = FetchError::from("a");
    assert!(!plain.is_terminal());
    let terminal = FetchError::terminal("b");
    assert!(terminal.is_terminal());
    assert_eq!(terminal.into_cause().to_string(), "b");
}

#[test]
fn a_life_becomes_a_date() {
    use std::time::{Duration, SystemTime};
    let epoch = SystemTime::UNIX_EPOCH;
    let token = Token::new("t").unwrap();
    assert_eq!((token.life(), token.end()), (None, None));
    let token = token.expires_in(secs(60)).scope("read write");
    assert_eq!((token.life(), token.end()), (Some(secs(60)), None));
    assert_eq!(
        (token.scheme_name(), token.scope_text()),
        ("Bearer", Some("read write"))
    );
    let dated = token.clone().dated(epoch);
    assert_eq!((dated.life(), dated.end()), (None, Some(epoch + secs(60))));
    let dated = dated.dated(epoch + secs(9));
    assert_eq!(dated.end(), Some(epoch + secs(60)), "a date stays");
    let endless = token.expires_in(Duration::MAX).dated(epoch);
    assert_eq!((endless.life(), endless.end()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn settings_are_shown_without_secrets() {
    let tokens = Tokens::new(|| async { Token::new("secret-token-1") });
    tokens.handle().refresh().await.unwrap();
    let shown = format!("{tokens:?}");
    assert!(
        shown.contains("generation: 1") && !shown.contains("secret"),
        "{shown}"
    );
}
