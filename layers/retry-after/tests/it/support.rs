use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant, SystemTime};

use buttress_kernel::BoxError;
use buttress_retry_after::{Held, RetryAfter, RetryAfterLayer};
use http::{Request, Response};
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};
use tower_layer::Layer;

/// A server that answers from a list, then 200 for ever, and notes when it was asked for what.
#[derive(Clone, Default)]
pub(crate) struct Server {
    answers: Arc<Mutex<VecDeque<Response<()>>>>,
    calls: Arc<Mutex<Vec<(Instant, String)>>>,
}

impl Server {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Response<()>>) -> Self {
        let server = Self::default();
        server.answers.lock().unwrap().extend(answers);
        server
    }

    /// When it was asked, counted from `start`.
    pub(crate) fn times(&self, start: Instant) -> Vec<Duration> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .map(|(at, _)| at.duration_since(start))
            .collect()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.calls
            .lock()
            .unwrap()
            .iter()
            .map(|(_, path)| path.clone())
            .collect()
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
        self.calls.lock().unwrap().push((now(), path));
        let answer = self.answers.lock().unwrap().pop_front();
        ready(Ok(answer.unwrap_or_default()))
    }
}

pub(crate) type Gated = RetryAfter<Server>;

pub(crate) fn gated(
    layer: &RetryAfterLayer,
    answers: &[(u16, &[(&str, &str)])],
) -> (Gated, Server) {
    let server = Server::answering(
        answers
            .iter()
            .map(|(status, fields)| answer(*status, fields)),
    );
    (layer.layer(server.clone()), server)
}

pub(crate) fn answer(status: u16, fields: &[(&str, &str)]) -> Response<()> {
    let mut response = Response::builder().status(status);
    for (name, value) in fields {
        response = response.header(*name, *value);
    }
    response.body(()).unwrap()
}

pub(crate) fn get(uri: &str) -> Request<()> {
    Request::get(uri).body(()).unwrap()
}

pub(crate) fn api() -> Request<()> {
    get("https://api.example.com/a")
}

pub(crate) async fn send(service: &Gated, request: Request<()>) -> Result<Response<()>, BoxError> {
    service.clone().oneshot(request).await
}

/// A call in a task of its own, begun before this returns.
pub(crate) async fn begin(
    service: &Gated,
    request: Request<()>,
) -> JoinHandle<Result<Response<()>, BoxError>> {
    let service = service.clone();
    let task = tokio::spawn(async move { service.oneshot(request).await });
    tokio::task::yield_now().await;
    task
}

pub(crate) fn held(result: Result<Response<()>, BoxError>) -> Held {
    *result
        .unwrap_err()
        .downcast()
        .expect("the gate's own error")
}

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// A calendar that stands still at a round date.
pub(crate) fn calendar() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000)
}

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
