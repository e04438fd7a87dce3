use std::sync::Arc;
use std::time::{Duration, SystemTime};

use buttress_cache::body::CacheBody;
use buttress_cache::{Cache, CacheLayer};
use buttress_kernel::{Body, BoxError, WallClock};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::BodyExt;
use tower::{Layer, ServiceExt};

pub(crate) type Answer = Response<CacheBody<Body>>;

/// A fixed day, so that dates in scripts can be written down.
pub(crate) fn day() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000)
}

/// A clock that goes with tokio's.
pub(crate) fn clock() -> ManualWallClock {
    ManualWallClock::ticking(day())
}

pub(crate) fn private() -> CacheLayer {
    CacheLayer::private().wall_clock(clock())
}

pub(crate) fn shared() -> CacheLayer {
    CacheLayer::shared().wall_clock(clock())
}

/// The layer over a server that follows a script.
pub(crate) fn over(
    layer: &CacheLayer,
    steps: impl IntoIterator<Item = Step>,
) -> (Cache<Scripted>, Scripted) {
    let server = Scripted::new(steps);
    (layer.layer(server.clone()), server)
}

pub(crate) fn get(path: &str) -> Request<Body> {
    let uri = format!("http://api.example{path}");
    Request::get(uri).body(Body::empty()).unwrap()
}

pub(crate) fn with(mut request: Request<Body>, name: &'static str, value: &str) -> Request<Body> {
    request.headers_mut().append(name, value.parse().unwrap());
    request
}

pub(crate) fn asking<T: Clone + Send + Sync + 'static>(
    mut request: Request<Body>,
    extension: T,
) -> Request<Body> {
    request.extensions_mut().insert(extension);
    request
}

/// A response that is fresh for a minute.
pub(crate) fn fresh(body: &'static str) -> Step {
    Step::ok().header("cache-control", "max-age=60").body(body)
}

pub(crate) fn uncacheable(body: &'static str) -> Step {
    Step::ok().header("cache-control", "no-store").body(body)
}

pub(crate) async fn head(
    service: &Cache<Scripted>,
    request: Request<Body>,
) -> Result<Answer, BoxError> {
    service.clone().oneshot(request).await
}

/// A response that has been read to its end.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) extensions: http::Extensions,
}

impl Read {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) async fn read(answer: Answer) -> Result<Read, BoxError> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Read {
        status: head.status,
        headers: head.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
        extensions: head.extensions,
    })
}

pub(crate) async fn send(service: &Cache<Scripted>, request: Request<Body>) -> Read {
    read(head(service, request).await.unwrap()).await.unwrap()
}

pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

pub(crate) const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A clock that the test sets by hand.
pub(crate) fn by_hand() -> (Arc<ManualWallClock>, impl WallClock + 'static) {
    let clock = Arc::new(ManualWallClock::at(day()));
    let shown = Arc::clone(&clock);
    (clock, move || shown.now())
}
