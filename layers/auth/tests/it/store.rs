use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use buttress_auth::{MemoryStore, StoreError, Stored, Token, TokenStore, Tokens};
use buttress_testkit::ManualWallClock;

use crate::support::*;

fn clock() -> ManualWallClock {
    ManualWallClock::ticking(SystemTime::UNIX_EPOCH)
}

fn stored(issuer: &Issuer, store: impl TokenStore, clock: &ManualWallClock) -> Tokens {
    let source = Stored::new(issuer.clone(), store).wall_clock(clock.clone());
    let tokens = Tokens::builder(source).wall_clock(clock.clone());
    tokens.build().unwrap()
}

async fn in_store(store: &MemoryStore) -> Option<Token> {
    store.get("buttress-auth-session").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn ap29_a_session_outlives_its_process() {
    let (issuer, store, clock) = (
        Issuer::new([Fetch::Token(secs(60))]),
        MemoryStore::new(),
        clock(),
    );
    stored(&issuer, store.clone(), &clock)
        .handle()
        .refresh()
        .await
        .unwrap();
    let kept = in_store(&store).await.unwrap();
    assert_eq!(kept.end(), Some(SystemTime::UNIX_EPOCH + secs(60)));

    // Another process, later.
    tokio::time::advance(secs(20)).await;
    let tokens = stored(&issuer, store.clone(), &clock);
    let api = Api::accepting(1);
    assert_eq!(status(&over(&tokens, &api)).await, 200);
    assert_eq!((api.carried(), issuer.fetches()), (vec![1], 1));
    let end = tokens.handle().status().ends_at().unwrap();
    assert_eq!(end - tokio::time::Instant::now().into_std(), secs(40));

    // And one for which it is too late, but for the refresh token.
    tokio::time::advance(secs(40)).await;
    let tokens = stored(&issuer, store.clone(), &clock);
    assert_eq!(status(&over(&tokens, &api)).await, 200);
    assert_eq!(
        issuer.previous(),
        [None, Some("secret-refresh-1".to_owned())]
    );
    assert_eq!(
        in_store(&store).await.unwrap().expose(),
        Some("secret-token-2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_session_that_another_has_renewed_is_not_renewed_again() {
    let (issuer, store, clock) = (
        Issuer::new([Fetch::Token(secs(60))]),
        MemoryStore::new(),
        clock(),
    );
    let one = stored(&issuer, store.clone(), &clock);
    let two = stored(&issuer, store.clone(), &clock);
    let api = Api::accepting(1);
    status(&over(&one, &api)).await;
    status(&over(&two, &api)).await;
    api.accept_from(2);
    status(&over(&one, &api)).await;
    status(&over(&two, &api)).await;
    assert_eq!(api.carried(), [1, 1, 1, 2, 1, 2]);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn ap29_the_end_of_a_session_removes_what_is_stored() {
    let (issuer, store, clock) = (
        Issuer::new([Fetch::Token(secs(0)), Fetch::Fail, Fetch::End]),
        MemoryStore::new(),
        clock(),
    );
    let handle = stored(&issuer, store.clone(), &clock).handle();
    handle.refresh().await.unwrap();
    handle.refresh().await.unwrap_err();
    assert!(
        in_store(&store).await.is_some(),
        "a failure removes nothing"
    );
    handle.refresh().await.unwrap_err();
    assert!(in_store(&store).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn several_sessions_share_a_store_under_keys_of_their_own() {
    let store = MemoryStore::new();
    for (key, number) in [("ada", 1), ("ben", 2)] {
        let source = move || async move { Token::new(secret(number)) };
        let source = Stored::new(source, store.clone()).key(key);
        Tokens::new(source).handle().refresh().await.unwrap();
    }
    let secret_of = async |key| {
        store
            .get(key)
            .await
            .unwrap()
            .unwrap()
            .expose()
            .map(str::to_owned)
    };
    assert_eq!(secret_of("ada").await, Some(secret(1)));
    assert_eq!(secret_of("ben").await, Some(secret(2)));
}

/// A store that fails, and records what was asked of it.
#[derive(Clone)]
struct Broken {
    malformed: bool,
    asked: Arc<Mutex<Vec<&'static str>>>,
}

impl Broken {
    fn new(malformed: bool) -> Self {
        let asked = Arc::default();
        Self { malformed, asked }
    }

    fn fail<T>(&self, what: &'static str) -> Result<T, StoreError> {
        self.asked.lock().unwrap().push(what);
        Err(if self.malformed && what == "get" {
            StoreError::malformed("expected `{`")
        } else {
            StoreError::unavailable("disk full")
        })
    }
}

impl TokenStore for Broken {
    async fn get(&self, _: &str) -> Result<Option<Token>, StoreError> {
        self.fail("get")
    }

    async fn set(&self, _: &str, _: &Token) -> Result<(), StoreError> {
        self.fail("set")
    }

    async fn remove(&self, _: &str) -> Result<(), StoreError> {
        self.fail("remove")
    }
}

#[tokio::test(start_paused = true)]
async fn ap29_what_is_malformed_is_removed_and_a_store_that_fails_is_no_outage() {
    for (malformed, asked) in [
        (true, vec!["get", "remove", "set"]),
        (false, vec!["get", "set"]),
    ] {
        let (lines, _guard) = crate::telemetry::listen();
        let store = Broken::new(malformed);
        let tokens = stored(&Issuer::new([Fetch::Endless]), store.clone(), &clock());
        assert_eq!(status(&over(&tokens, &Api::accepting(1))).await, 200);
        assert_eq!(*store.asked.lock().unwrap(), asked);
        let warning =
            format!("WARN message=the store of tokens failed what=\"get\" malformed={malformed}");
        assert!(lines.own().contains(&warning), "{:?}", lines.own());
    }
}

#[test]
fn a_stores_errors_say_which_sort_they_are() {
    let malformed = StoreError::malformed("x");
    assert!(malformed.is_malformed());
    assert_eq!(malformed.to_string(), "what was stored is not a token");
    let other = StoreError::unavailable("x");
    assert!(!other.is_malformed());
    assert_eq!(other.to_string(), "the store of tokens cannot be used");
    assert_eq!(std::error::Error::source(&other).unwrap().to_string(), "x");
}
