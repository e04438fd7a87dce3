//! What the tests share.

use std::time::Duration;

use buttress_circuit_breaker::{Builder, CircuitBreaker, CircuitBreakerLayer, CircuitOpen, State};
use buttress_kernel::{Body, BoxError, Failure};
use buttress_testkit::{Scripted, Step};
use http::{Request, Response};
use tokio::task::JoinHandle;
use tower::{Layer, ServiceExt};

pub(crate) const API: &str = "api.example.com";

pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Five failures in a row open it for exactly 10 s.
pub(crate) fn builder() -> Builder {
    CircuitBreakerLayer::consecutive(5).open_for(secs(10))
}

pub(crate) type Broken = CircuitBreaker<Scripted>;

/// A breaker over a server that answers with these statuses, the last one again and again.
pub(crate) fn over(
    layer: &CircuitBreakerLayer,
    statuses: impl IntoIterator<Item = u16>,
) -> (Broken, Scripted) {
    let server = Scripted::new(statuses.into_iter().map(Step::status));
    (layer.layer(server.clone()), server)
}

pub(crate) fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

pub(crate) fn api() -> Request<Body> {
    get("https://api.example.com/a")
}

pub(crate) async fn send(
    service: &Broken,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    service.clone().oneshot(request).await
}

/// The status of a call, or 0 if the circuit refused it.
pub(crate) async fn status(service: &Broken) -> u16 {
    match send(service, api()).await {
        Ok(response) => response.status().as_u16(),
        Err(error) => {
            let _: &CircuitOpen = Failure::of(&*error)
                .find()
                .expect("the circuit's own error");
            0
        }
    }
}

pub(crate) async fn statuses(service: &Broken, calls: usize) -> Vec<u16> {
    let mut all = Vec::new();
    for _ in 0..calls {
        all.push(status(service).await);
    }
    all
}

/// A call in a task of its own, begun before this returns.
pub(crate) async fn begin(service: &Broken) -> JoinHandle<Result<Response<Body>, BoxError>> {
    let service = service.clone();
    let task = tokio::spawn(async move { service.oneshot(api()).await });
    tokio::task::yield_now().await;
    task
}

pub(crate) fn refused<T>(end: Result<T, BoxError>) -> CircuitOpen {
    let error = end.err().expect("the circuit should refuse");
    *error.downcast().expect("the circuit's own error")
}

pub(crate) fn state<K, C, M>(layer: &CircuitBreakerLayer<K, C, M>) -> State {
    layer.handle().state(API)
}

pub(crate) fn is_open<K, C, M>(layer: &CircuitBreakerLayer<K, C, M>) -> bool {
    matches!(state(layer), State::Open { .. })
}

/// For how long the circuit is open from now on.
pub(crate) fn open_for<K, C, M>(layer: &CircuitBreakerLayer<K, C, M>) -> Duration {
    match state(layer) {
        State::Open { retry_at } => retry_at.duration_since(now()),
        other => panic!("it is {other:?}"),
    }
}

pub(crate) fn now() -> std::time::Instant {
    tokio::time::Instant::now().into_std()
}
