use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use buttress_auth::{
    FetchError, MemoryStore, StoreError, Stored, Token, TokenSource, TokenStore, Tokens,
    Unauthenticated,
};
use buttress_kernel::WallClock;
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

/// A source that begins with something that can be used once.
#[derive(Clone)]
struct Spending(Issuer);

impl TokenSource for Spending {
    async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
        self.0.fetch(previous).await
    }

    fn spends(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_cannot_be_read_is_not_begun_anew_where_that_could_end_it() {
    let issuer = Issuer::new([Fetch::Endless]);
    let store = Broken::new(false);
    let source = Stored::new(Spending(issuer.clone()), store.clone()).wall_clock(clock());
    let tokens = Tokens::new(source);
    let service = over(&tokens, &Api::accepting(1));
    let error = send(&service, get()).await.unwrap_err();
    let error = error.downcast_ref::<Unauthenticated>().unwrap();
    assert!(!error.is_terminal());
    assert_eq!((error.reason().as_str(), issuer.fetches()), ("failed", 0));
    assert_eq!(*store.asked.lock().unwrap(), ["get"]);

    // Once somebody has signed in, there is something to begin with, whatever the store says.
    let handle = tokens.handle();
    handle.set(Token::new("from-a-login").unwrap()).unwrap();
    handle.refresh().await.unwrap();
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_end_of_the_session_does_not_remove_what_another_has_stored() {
    let issuer = Issuer::new([Fetch::Token(secs(60)), Fetch::End.after(secs(1))]);
    let (store, clock) = (MemoryStore::new(), clock());
    let handle = stored(&issuer, store.clone(), &clock).handle();
    handle.refresh().await.unwrap();
    // While the refresh token is found to be used up, whoever used it stores what came of it.
    let late = tokio::spawn(async move {
        handle.refresh().await.unwrap();
        handle
    });
    settle().await;
    let key = "buttress-auth-session";
    let newer = |secret: &str, life| {
        Token::new(secret)
            .unwrap()
            .expires_in(life)
            .dated(clock.now())
    };
    store.set(key, &newer("newer", secs(60))).await.unwrap();
    let handle = late.await.unwrap();
    assert_eq!(handle.status().generation(), 2, "the stored one is taken");
    assert_eq!(in_store(&store).await.unwrap().expose(), Some("newer"));

    // One that has ended is not, but it stays: there is a refresh token in it.
    let late = tokio::spawn(async move { handle.refresh().await.unwrap_err() });
    settle().await;
    store.set(key, &newer("ended", secs(0))).await.unwrap();
    assert!(late.await.unwrap().is_terminal());
    assert_eq!(in_store(&store).await.unwrap().expose(), Some("ended"));
}

#[tokio::test(start_paused = true)]
async fn what_a_handle_sets_and_clears_is_stored() {
    let issuer = Issuer::new([Fetch::Token(secs(60)).after(secs(1))]);
    let (store, clock) = (MemoryStore::new(), clock());
    let tokens = stored(&issuer, store.clone(), &clock);
    let handle = tokens.handle();
    // A fetch under way for the session before.
    let late = tokio::spawn({
        let handle = handle.clone();
        async move { handle.refresh().await }
    });
    settle().await;
    let other = Token::new("secret-token-77").unwrap();
    handle.set(other.expires_in(secs(30))).unwrap();
    late.await.unwrap().unwrap();
    tokio::time::sleep(secs(2)).await;
    let kept = in_store(&store).await.unwrap();
    assert_eq!(
        kept.expose(),
        Some("secret-token-77"),
        "not what the fetch brought"
    );
    assert_eq!(kept.end(), Some(SystemTime::UNIX_EPOCH + secs(30)));

    // Another process goes on as the one that was set.
    let api = Api::accepting(1);
    assert_eq!(
        status(&over(&stored(&issuer, store.clone(), &clock), &api)).await,
        200
    );
    assert_eq!((api.carried(), issuer.fetches()), (vec![77], 1));

    handle.clear();
    settle().await;
    assert!(in_store(&store).await.is_none());
    // The last word counts.
    for number in 1..=9 {
        handle.set(Token::new(secret(number)).unwrap()).unwrap();
        handle.clear();
    }
    handle.set(Token::new(secret(10)).unwrap()).unwrap();
    settle().await;
    assert_eq!(
        in_store(&store).await.unwrap().expose(),
        Some("secret-token-10")
    );
}

#[test]
fn what_is_set_without_a_runtime_is_stored_when_there_is_one() {
    let (issuer, store) = (Issuer::new([Fetch::Endless]), MemoryStore::new());
    let tokens = stored(
        &issuer,
        store.clone(),
        &ManualWallClock::at(SystemTime::UNIX_EPOCH),
    );
    tokens.handle().set(Token::new(secret(7)).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokens.handle().refresh().await.unwrap();
        assert_eq!(issuer.previous(), [None], "the token that was set had none");
        assert_eq!(
            in_store(&store).await.unwrap().expose(),
            Some("secret-token-1")
        );
    });
}

/// A store that hangs as long as it is told to, and answers otherwise.
#[derive(Clone, Default)]
struct Slow {
    store: MemoryStore,
    hangs: Arc<AtomicBool>,
    asked: Arc<AtomicU32>,
}

impl Slow {
    fn hang(&self, hangs: bool) {
        self.hangs.store(hangs, Ordering::Relaxed);
    }

    async fn pass(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

impl TokenStore for Slow {
    async fn get(&self, key: &str) -> Result<Option<Token>, StoreError> {
        self.pass().await;
        self.store.get(key).await
    }

    async fn set(&self, key: &str, token: &Token) -> Result<(), StoreError> {
        self.pass().await;
        self.store.set(key, token).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.pass().await;
        self.store.remove(key).await
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_neither_stops_a_fetch_nor_loses_its_token() {
    let issuer = Issuer::new([Fetch::Token(secs(3_600))]);
    let slow = Slow::default();
    let handle = stored(&issuer, slow.clone(), &clock()).handle();
    slow.hang(true);
    let start = tokio::time::Instant::now();
    handle.refresh().await.unwrap();
    assert_eq!(start.elapsed(), secs(10), "5 s to read and 5 s to write");
    assert!(in_store(&slow.store).await.is_none());
    // It is tried again after a pause.
    slow.hang(false);
    tokio::time::sleep(secs(1)).await;
    settle().await;
    assert_eq!(
        in_store(&slow.store).await.unwrap().expose(),
        Some("secret-token-1")
    );
    // And then no more.
    let asked = slow.asked.load(Ordering::Relaxed);
    tokio::time::sleep(secs(3_600)).await;
    assert_eq!(slow.asked.load(Ordering::Relaxed), asked);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_comes_as_the_fetch_runs_out_of_time_is_not_lost() {
    let issuer = Issuer::new([Fetch::Token(secs(3_600))]);
    let slow = Slow::default();
    let clock = clock();
    let source = Stored::new(issuer.clone(), slow.clone())
        .wall_clock(clock.clone())
        .store_timeout(secs(2));
    let tokens = Tokens::builder(source)
        .wall_clock(clock)
        .fetch_timeout(secs(3))
        .build()
        .unwrap();
    slow.hang(true);
    let error = tokens.handle().refresh().await.unwrap_err();
    assert_eq!(error.reason(), buttress_auth::Reason::TooSlow);
    // The refresh token is used up, and what came of it is at hand.
    tokens.handle().refresh().await.unwrap();
    assert_eq!(issuer.fetches(), 1);
    slow.hang(false);
    tokio::time::sleep(secs(60)).await;
    assert_eq!(
        in_store(&slow.store).await.unwrap().expose(),
        Some("secret-token-1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_answers_is_asked_ever_more_rarely_and_not_for_ever() {
    let slow = Slow::default();
    let tokens = stored(&Issuer::new([Fetch::Endless]), slow.clone(), &clock());
    slow.hang(true);
    tokens.handle().refresh().await.unwrap();
    let asked_in = async |seconds| {
        let before = slow.asked.load(Ordering::Relaxed);
        tokio::time::sleep(secs(seconds)).await;
        slow.asked.load(Ordering::Relaxed) - before
    };
    // Each try takes 5 s; the pauses are 1, 2, 4 … 256 s, then 300.
    assert_eq!(asked_in(30).await, 3);
    assert_eq!(asked_in(3_600).await, 16);
    drop(tokens);
    assert_eq!(
        asked_in(3_600).await,
        1,
        "the last try when nobody else is left"
    );
    assert_eq!(asked_in(3_600).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_stored_credential_without_a_secret_of_its_own_is_taken_at_the_start() {
    let store = MemoryStore::new();
    let cookie = buttress_auth::Credential::cookie("session", "c").unwrap();
    store
        .set("buttress-auth-session", &Token::from(cookie))
        .await
        .unwrap();
    let issuer = Issuer::new([Fetch::Endless]);
    stored(&issuer, store, &clock())
        .handle()
        .refresh()
        .await
        .unwrap();
    assert_eq!(issuer.fetches(), 0);
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
