//! A badly behaved HTTP API on loopback, which takes notes.
//!
//! Nothing here is drawn at random: what goes wrong follows from a path and from how often it was asked
//! for. A path is `/scene/number`.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use buttress::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, StatusCode, header};
use http_body_util::StreamBody;
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep};

use crate::tokens::Tokens;

/// How long the server wants throttled callers to stay away.
const PAUSE: Duration = Duration::from_secs(1);

/// How many requests the server answers before it throttles.
const ALLOWANCE: u32 = 20;

/// How many requests a second the server takes for good, and how many at once after a rest. Who comes
/// sooner gets a 429 that does not say when to come back.
const QUOTA: (f64, f64) = (100.0, 30.0);

/// How long it takes to look at a private thing.
const WORK: Duration = Duration::from_millis(20);

/// How long the outage lasts, from its first victim on.
const OUTAGE: Duration = Duration::from_millis(1_500);

/// The server's notes about one scene.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Requests that arrived.
    pub(crate) seen: u32,
    /// Requests that arrived while callers were asked to stay away, the refused ones included.
    pub(crate) refused: u32,
    /// Requests that arrived during the outage.
    pub(crate) down: u32,
    /// Orders that were carried out.
    pub(crate) orders: u32,
    /// Orders that were asked for again and recognised by their key.
    pub(crate) repeats: u32,
    /// Tokens, and what became of them.
    pub(crate) tokens: Tokens,
    keys: HashSet<String>,
    /// How often each path was asked for.
    asked: HashMap<String, u32>,
    began: Option<Instant>,
    paused_until: Option<Instant>,
    /// What was left of the quota, and when.
    quota: Option<(f64, Instant)>,
}

/// The running server.
#[derive(Clone)]
pub(crate) struct Server {
    address: SocketAddr,
    notes: Arc<Mutex<Notes>>,
}

impl Server {
    /// Starts it on a free port.
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let notes = Arc::default();
        let server = Self { address, notes };
        tokio::spawn(server.clone().accept(listener));
        Ok(server)
    }

    pub(crate) fn uri(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn authority(&self) -> String {
        self.address.to_string()
    }

    /// Hands the notes of a scene over and begins new ones.
    pub(crate) fn turn_page(&self) -> Notes {
        std::mem::take(&mut *self.notes())
    }

    async fn accept(self, listener: TcpListener) {
        while let Ok((stream, _)) = listener.accept().await {
            let server = self.clone();
            tokio::spawn(async move {
                let service = hyper::service::service_fn(move |request| {
                    let server = server.clone();
                    async move { server.answer(request).await }
                });
                let connection = auto::Builder::new(TokioExecutor::new());
                // Connections that break are this server's trade.
                connection
                    .serve_connection(TokioIo::new(stream), service)
                    .await
                    .ok();
            });
        }
    }

    /// An error instead of a response closes the connection without a word.
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, &'static str> {
        let (scene, number, time) = self.note(request.uri().path());
        match scene.as_str() {
            "flaky" if (4..7).contains(&(number % 10)) && time <= 2 => {
                Ok(status(StatusCode::SERVICE_UNAVAILABLE))
            }
            "limited" => Ok(self.limited()),
            "quota" => Ok(self.within_quota()),
            "hang" if number % 6 == 0 && time == 1 => {
                sleep(Duration::from_secs(600)).await;
                Err("nobody waits that long")
            }
            "stall" if number % 6 == 0 => Ok(Response::new(half_a_body())),
            "orders" => self.order(&request, number % 4 == 0 && time == 1),
            "token" => Ok(self.sign_in()),
            "private" => {
                sleep(WORK).await;
                Ok(self.private(&request))
            }
            "outage" if self.outage() => Err("out of order"),
            _ => Ok(Response::new(Body::from(r#"{"status":"well"}"#))),
        }
    }

    /// Notes a request down: its scene, its number there, and how often it was asked for by now.
    fn note(&self, path: &str) -> (String, u32, u32) {
        let mut notes = self.notes();
        notes.seen += 1;
        let time = notes.asked.entry(path.to_owned()).or_default();
        *time += 1;
        let time = *time;
        let mut segments = path.split('/').skip(1);
        let scene = segments.next().unwrap_or_default().to_owned();
        let number = segments.next().and_then(|number| number.parse().ok());
        (scene, number.unwrap_or(0), time)
    }

    fn limited(&self) -> Response<Body> {
        let mut notes = self.notes();
        let now = Instant::now();
        if notes.seen > ALLOWANCE && notes.paused_until.is_none() {
            notes.paused_until = Some(now + PAUSE);
        }
        if notes.paused_until.is_some_and(|until| now < until) {
            notes.refused += 1;
            let mut refusal = status(StatusCode::TOO_MANY_REQUESTS);
            let seconds = header::HeaderValue::from(PAUSE.as_secs());
            refusal.headers_mut().insert(header::RETRY_AFTER, seconds);
            return refusal;
        }
        status(StatusCode::OK)
    }

    fn within_quota(&self) -> Response<Body> {
        let mut notes = self.notes();
        let now = Instant::now();
        let (rate, burst) = QUOTA;
        let (left, at) = notes.quota.unwrap_or((burst, now));
        let left = burst.min(left + rate * (now - at).as_secs_f64());
        if left < 1.0 {
            notes.quota = Some((left, now));
            notes.refused += 1;
            return status(StatusCode::TOO_MANY_REQUESTS);
        }
        notes.quota = Some((left - 1.0, now));
        status(StatusCode::OK)
    }

    /// Carries an order out, but may lose the connection before it can say so.
    fn order(
        &self,
        request: &Request<Incoming>,
        answer_is_lost: bool,
    ) -> Result<Response<Body>, &'static str> {
        let key = request.headers().get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
        let mut notes = self.notes();
        match key {
            Some(key) if notes.keys.contains(&key) => notes.repeats += 1,
            key => {
                notes.keys.extend(key);
                notes.orders += 1;
            }
        }
        if answer_is_lost {
            return Err("carried out, but the answer is lost");
        }
        Ok(status(StatusCode::CREATED))
    }

    fn sign_in(&self) -> Response<Body> {
        let answer = self.notes().tokens.issue(Instant::now());
        Response::new(Body::from(answer))
    }

    fn private(&self, request: &Request<Incoming>) -> Response<Body> {
        let token = request.headers().get(header::AUTHORIZATION);
        let token = token.and_then(|value| value.to_str().ok());
        if self.notes().tokens.serve(token, Instant::now()) {
            status(StatusCode::OK)
        } else {
            status(StatusCode::UNAUTHORIZED)
        }
    }

    fn outage(&self) -> bool {
        let now = Instant::now();
        let mut notes = self.notes();
        let down = now < *notes.began.get_or_insert(now) + OUTAGE;
        notes.down += u32::from(down);
        down
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().expect("notes are written without panics")
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// The first half of a body, and then nothing, with the connection left open.
fn half_a_body() -> Body {
    let half = Frame::data(Bytes::from_static(br#"{"status":"#));
    let frames = stream::unfold(Some(half), |half| async move {
        match half {
            Some(half) => Some((Ok::<_, Infallible>(half), None)),
            None => std::future::pending().await,
        }
    });
    Body::stream(StreamBody::new(frames))
}
