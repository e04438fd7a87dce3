use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use buttress_kernel::BoxError;
use buttress_rate_limit::{RateLimit, RateLimitLayer, RateLimited};
use http::{Request, Response};
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};
use tower_layer::Layer;

/// A server that answers at once, and notes when it was asked for what.
#[derive(Clone, Default)]
pub(crate) struct Server(Arc<Mutex<Vec<(Instant, String)>>>);

impl Server {
    pub(crate) fn times(&self, start: Instant) -> Vec<Duration> {
        let calls = self.0.lock().unwrap();
        calls
            .iter()
            .map(|(at, _)| at.duration_since(start))
            .collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        let calls = self.0.lock().unwrap();
        calls.iter().map(|(_, path)| path.clone()).collect()
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

impl Service<Request<()>> for Server {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let path = request.uri().path().to_owned();
        self.0.lock().unwrap().push((now(), path));
        ready(Ok(Response::default()))
    }
}

pub(crate) type Limited<K = buttress_kernel::key::Shared> = RateLimit<Server, K>;

pub(crate) fn limited<K: Clone>(layer: &RateLimitLayer<K>) -> (Limited<K>, Server) {
    let server = Server::default();
    (layer.layer(server.clone()), server)
}

pub(crate) fn per_second(tokens: u32, burst: u32) -> RateLimitLayer {
    RateLimitLayer::per_second(tokens)
        .unwrap()
        .burst(burst)
        .unwrap()
}

pub(crate) fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

pub(crate) fn api() -> Request<()> {
    get("https://api.example.com/a")
}

pub(crate) fn with<T: Clone + Send + Sync + 'static>(extension: T) -> Request<()> {
    let mut request = api();
    request.extensions_mut().insert(extension);
    request
}

pub(crate) async fn send<S>(service: &S, request: Request<()>) -> Result<Response<()>, BoxError>
where
    S: Service<Request<()>, Response = Response<()>, Error = BoxError> + Clone,
{
    service.clone().oneshot(request).await
}

/// A call in a task of its own, begun before this returns.
pub(crate) async fn begin<S>(
    service: &S,
    request: Request<()>,
) -> JoinHandle<Result<Response<()>, BoxError>>
where
    S: Service<Request<()>, Response = Response<()>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    let service = service.clone();
    let task = tokio::spawn(async move { service.oneshot(request).await });
    tokio::task::yield_now().await;
    task
}

pub(crate) fn refused(result: Result<Response<()>, BoxError>) -> RateLimited {
    *result
        .unwrap_err()
        .downcast()
        .expect("the limit's own error")
}

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
