use std::time::Duration;

use buttress_kernel::{Body, BoxError, Sent, TransportError};
use buttress_retry::{Backoff, Budget, Builder, Jitter, RetryLayer};
use buttress_testkit::{Scripted, Step};
use http::{Method, Request, Response};
use tower::{Layer, ServiceExt};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// No jitter, no budget, a linear second: waits that can be written down.
pub(crate) fn plain() -> Builder {
    RetryLayer::builder()
        .jitter(Jitter::None)
        .budget(Budget::none())
        .backoff(Backoff::linear(SECOND))
}

pub(crate) fn request(method: Method) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri("http://api.example/things/7?full=yes")
        .body(Body::empty())
        .unwrap()
}

pub(crate) fn get() -> Request<Body> {
    request(Method::GET)
}

pub(crate) fn post() -> Request<Body> {
    request(Method::POST)
}

/// A connection that broke when the request may have been sent.
pub(crate) fn broken() -> Step {
    Step::error(|| TransportError::broken(Sent::Maybe, "reset by peer"))
}

/// A connection that was never made.
pub(crate) fn refused() -> Step {
    Step::error(|| TransportError::connect("refused"))
}

pub(crate) async fn send(
    layer: &RetryLayer,
    server: &Scripted,
    request: Request<Body>,
) -> Result<Response<Body>, BoxError> {
    layer.layer(server.clone()).oneshot(request).await
}

/// When the server was called, in milliseconds from its first call.
pub(crate) fn times(server: &Scripted) -> Vec<u128> {
    let calls = server.calls();
    calls
        .iter()
        .map(|call| (call.at - calls[0].at).as_millis())
        .collect()
}

/// When a request was sent that the server always deals with in this way.
pub(crate) async fn sends(layer: &RetryLayer, step: Step, request: Request<Body>) -> Vec<u128> {
    let server = Scripted::new([step]);
    let _ = send(layer, &server, request).await;
    times(&server)
}
