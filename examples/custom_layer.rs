//! A layer of your own between ours: it numbers every attempt of every request.
//!
//! Layers added with `attempt_layer` stand inside retry, so they see each attempt; those added with
//! `layer` stand outside everything and see each call once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use buttress::{Body, BoxError, Client};
use http::{HeaderValue, Request, Response};
use http_body_util::BodyExt;
use tower::{Layer, Service};

/// Numbers requests in the header `x-request-number`. The count belongs to the layer, so every service
/// that it makes counts on.
#[derive(Clone, Default)]
struct NumberLayer {
    count: Arc<AtomicU64>,
}

#[derive(Clone)]
struct Number<S> {
    inner: S,
    count: Arc<AtomicU64>,
}

impl<S> Layer<S> for NumberLayer {
    type Service = Number<S>;

    fn layer(&self, inner: S) -> Number<S> {
        let count = Arc::clone(&self.count);
        Number { inner, count }
    }
}

impl<S, B> Service<Request<B>> for Number<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    // Nothing is done on the way back, so the inner future will do, unboxed.
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        let number = HeaderValue::from(number);
        request.headers_mut().insert("x-request-number", number);
        // The service that was ready is the one that is called.
        self.inner.call(request)
    }
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    // A server that fails the first time; in place of a transport, any service will do.
    let server = tower::service_fn(|request: Request<Body>| async move {
        let number = request.headers()["x-request-number"].clone();
        let status = if number == "1" { 503 } else { 200 };
        let body = Body::from(format!(
            "this is attempt {}",
            number.to_str().unwrap_or("?")
        ));
        Response::builder().status(status).body(body)
    });

    let client = Client::builder()
        .base_uri("http://server.example")
        .attempt_layer(NumberLayer::default())
        .build_over(server)?;

    let response = client.get("/").send().await?;
    let body = response.into_body().collect().await?.to_bytes();
    println!("{}", String::from_utf8_lossy(&body));
    assert_eq!(body, "this is attempt 2");
    Ok(())
}
