//! What the tests share: a source of tokens, and an API that accepts some of them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_auth::{
    Auth, AuthLayer, Builder, Credentials, FetchError, Origins, Token, TokenSource, Tokens,
    Unauthenticated,
};
use buttress_kernel::{Body, BoxError, Failure};
use buttress_testkit::{Call, Scripted, Step};
use http::{Request, Response, StatusCode};
use tokio::task::JoinHandle;
use tower::{Layer, Service, ServiceExt};

use crate::secrets;

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// How a source deals with one fetch.
#[derive(Clone, Debug)]
pub(crate) enum Fetch {
    /// The next token, which lives so long.
    Token(Duration),
    /// The next token, without an end.
    Endless,
    Fail,
    /// A failure that names a delay.
    FailFor(Duration),
    /// The session has ended.
    End,
    Panic,
    Hang,
    After(Duration, Box<Self>),
}

impl Fetch {
    pub(crate) fn after(self, delay: Duration) -> Self {
        Self::After(delay, Box::new(self))
    }
}

/// Gives `secret-token-1`, `secret-token-2` and so on, after a script whose last step repeats.
#[derive(Clone)]
pub(crate) struct Issuer {
    script: Arc<Vec<Fetch>>,
    fetches: Arc<AtomicU32>,
    previous: Arc<Mutex<Vec<Option<String>>>>,
}

impl Issuer {
    pub(crate) fn new(script: impl IntoIterator<Item = Fetch>) -> Self {
        Self {
            script: Arc::new(script.into_iter().collect()),
            fetches: Arc::default(),
            previous: Arc::default(),
        }
    }

    pub(crate) fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// The refresh token that each fetch was given.
    pub(crate) fn previous(&self) -> Vec<Option<String>> {
        self.previous.lock().unwrap().clone()
    }
}

pub(crate) fn secret(number: u32) -> String {
    format!("secret-token-{number}")
}

fn token(number: u32) -> Token {
    let refresh = format!("secret-refresh-{number}");
    Token::new(secret(number)).unwrap().refresh_token(refresh)
}

impl TokenSource for Issuer {
    async fn fetch(&self, previous: Option<&Token>) -> Result<Token, FetchError> {
        let number = self.fetches.fetch_add(1, Ordering::Relaxed) + 1;
        let refresh = previous.and_then(Token::expose_refresh_token);
        self.previous
            .lock()
            .unwrap()
            .push(refresh.map(str::to_owned));
        let last = self.script.len() - 1;
        let mut step = self.script[last.min(number as usize - 1)].clone();
        while let Fetch::After(delay, next) = step {
            tokio::time::sleep(delay).await;
            step = *next;
        }
        match step {
            Fetch::Token(life) => Ok(token(number).expires_in(life)),
            Fetch::Endless => Ok(token(number)),
            Fetch::Fail => Err("the token endpoint is down".into()),
            Fetch::FailFor(delay) => Err(FetchError::from("too many requests").retry_after(delay)),
            Fetch::End => Err(FetchError::terminal("invalid_grant")),
            Fetch::Panic => panic!("a panic of the source, as planned"),
            Fetch::Hang => std::future::pending().await,
            Fetch::After(..) => unreachable!("waited for above"),
        }
    }
}

/// Which token a call carried, by its number; 0 for none.
pub(crate) fn carried(call: &Call) -> u32 {
    let value = call.header("authorization").unwrap_or("");
    let number = value.strip_prefix("Bearer secret-token-");
    number.map_or(0, |number| number.parse().unwrap())
}

/// An API that rejects tokens below a number, which a test may raise.
#[derive(Clone)]
pub(crate) struct Api {
    pub(crate) server: Scripted,
    least: Arc<AtomicU32>,
}

impl Api {
    pub(crate) fn accepting(least: u32) -> Self {
        Self::slow(least, Duration::ZERO)
    }

    pub(crate) fn slow(least: u32, latency: Duration) -> Self {
        let least = Arc::new(AtomicU32::new(least));
        let accepted = Arc::clone(&least);
        let answer = move |call: &Call| {
            let mut response = Response::new(Body::from("an answer"));
            if carried(call) < accepted.load(Ordering::Relaxed) {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
            }
            response
        };
        Self {
            server: Scripted::new([Step::answer(answer).after(latency)]),
            least,
        }
    }

    pub(crate) fn accept_from(&self, least: u32) {
        self.least.store(least, Ordering::Relaxed);
    }

    /// The tokens of all calls, in their order.
    pub(crate) fn carried(&self) -> Vec<u32> {
        self.server.calls().iter().map(carried).collect()
    }
}

pub(crate) fn tokens(issuer: &Issuer) -> Builder {
    Tokens::builder(issuer.clone()).seed(1)
}

pub(crate) fn usual(issuer: &Issuer) -> Tokens {
    tokens(issuer).build().unwrap()
}

pub(crate) fn layer(credentials: impl Into<Credentials>) -> AuthLayer {
    secrets::guard();
    AuthLayer::new(
        credentials,
        Origins::only("https://api.example.com").unwrap(),
    )
}

pub(crate) fn request() -> http::request::Builder {
    Request::get("https://api.example.com/things?full=yes")
}

pub(crate) fn get() -> Request<Body> {
    request().body(Body::empty()).unwrap()
}

pub(crate) type End = Result<Response<Body>, BoxError>;

pub(crate) async fn send(service: &Auth<Scripted>, request: Request<Body>) -> End {
    let end = service.clone().oneshot(request).await;
    if let Err(error) = &end {
        secrets::assert_hidden(&format!("{error:?}"));
        for link in Failure::of(&**error).chain() {
            secrets::assert_hidden(&link.to_string());
        }
    }
    end
}

/// The status of a GET.
pub(crate) async fn status(service: &Auth<Scripted>) -> u16 {
    let end = send(service, get()).await;
    secrets::assert_hidden(&format!("{service:?}"));
    end.unwrap().status().as_u16()
}

pub(crate) fn spawn(service: &Auth<Scripted>) -> JoinHandle<End> {
    let service = service.clone();
    tokio::spawn(async move { send(&service, get()).await })
}

/// Lets every task that can go on do so.
pub(crate) async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

/// A service with tokens of this issuer, over this API.
pub(crate) fn over(tokens: &Tokens, api: &Api) -> Auth<Scripted> {
    layer(tokens.clone()).layer(api.server.clone())
}

/// The layer's own error.
pub(crate) fn unauthenticated(error: &BoxError) -> &Unauthenticated {
    let own = Failure::of(&**error).find();
    own.expect("an error of this layer")
}

/// Makes a service ready and calls it.
pub(crate) async fn begin<S>(service: &mut S, request: Request<Body>) -> S::Future
where
    S: Service<Request<Body>, Error = BoxError>,
{
    let ready = ServiceExt::<Request<Body>>::ready(service);
    ready.await.unwrap().call(request)
}
