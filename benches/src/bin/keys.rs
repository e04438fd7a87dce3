//! What a million keys weigh in a layer that keeps a state for each, counted by the allocator, and what a
//! million small responses do in a cache.
//!
//! ```text
//! keys                    every such layer
//! keys circuit-breaker    one of them
//! ```
//!
//! Each state that is weighed is a line of JSON. The text of a key belongs to it, and so do the
//! tables that it is found in; what the heap adds to each piece does not.

use std::alloc::System;
use std::env;
use std::fmt::Debug;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread::sleep;
use std::time::Duration;

use buttress_cache::CacheLayer;
use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_kernel::key::Authority;
use buttress_kernel::{Body, BoxError};
use buttress_rate_limit::RateLimitLayer;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tower_layer::Layer;
use tower_service::Service;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const KEYS: usize = 1_000_000;

/// What a key may weigh at rest.
const BAR: usize = 200;

/// Weighs one layer.
type Weigh = fn() -> Vec<Weight>;

const LAYERS: [(&str, Weigh); 3] = [
    ("cache", cache),
    ("circuit-breaker", circuit_breaker),
    ("rate-limit", rate_limit),
];

/// The heap, with all keys in one state.
struct Weight {
    state: &'static str,
    keys: usize,
    bytes: usize,
    bar: Option<usize>,
}

impl Weight {
    /// What has come since the heap held `before`.
    fn since(before: usize, state: &'static str) -> Self {
        let bytes = held() - before;
        Self {
            state,
            keys: KEYS,
            bytes,
            bar: None,
        }
    }

    /// A state in which keys stay.
    const fn at_rest(mut self) -> Self {
        self.bar = Some(BAR);
        self
    }
}

fn main() {
    let wanted: Vec<_> = env::args().skip(1).collect();
    for name in &wanted {
        let known = LAYERS.iter().any(|(layer, _)| name == layer);
        assert!(known, "no layer with keys is called {name}");
    }
    for (layer, weigh) in LAYERS {
        if wanted.is_empty() || wanted.iter().any(|name| name == layer) {
            print(layer, &weigh());
        }
    }
}

fn print(layer: &str, weights: &[Weight]) {
    for Weight {
        state,
        keys,
        bytes,
        bar,
    } in weights
    {
        let each = bytes.div_ceil(*keys);
        println!(
            "{}",
            json!({ "layer": layer, "state": state, "keys": keys, "bytes": each, "bar": bar })
        );
    }
}

/// Small responses in memory, each of which may take a third more than what it and its URI consist of,
/// and 150 bytes.
fn cache() -> Vec<Weight> {
    let before = held();
    let layer = CacheLayer::private().max_bytes(1 << 30).expect("a bound");
    let mut service = layer.layer(Stored);
    let mut cx = Context::from_waker(Waker::noop());
    let mut length = 0;
    for number in 0..KEYS {
        let uri = format!("https://api.example.com/v1/users/{number:07}");
        length = uri.len();
        let request = Request::get(uri).body(Body::empty());
        let mut future = pin!(service.call(request.expect("a request")));
        let Poll::Ready(Ok(answer)) = future.as_mut().poll(&mut cx) else {
            panic!("it is not answered at once");
        };
        let mut body = pin!(answer.into_body());
        while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut cx) {
            frame.expect("a body");
        }
    }
    let response = stored();
    let fields = response.headers().iter();
    let fields: usize = fields
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    let own = length + fields + SMALL.len();
    let mut weight = Weight::since(before, "small responses");
    let handle = layer.handle();
    let mut clear = pin!(handle.clear());
    let cleared = clear.as_mut().poll(&mut cx);
    assert_eq!(cleared, Poll::Ready(KEYS), "some are missing");
    weight.bar = Some(own * 13 / 10 + 150);
    vec![weight]
}

/// The body of a small response.
const SMALL: &str =
    r#"{"id":42,"name":"Ada Lovelace","email":"ada@example.com","teams":["engines","notes"]}"#;

fn stored() -> Response<Body> {
    let mut response = Response::new(Body::from(SMALL));
    for (name, value) in [
        ("cache-control", "max-age=3600"),
        ("content-type", "application/json"),
        ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
        ("etag", "\"5d3b\""),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

/// Answers at once, with a response that is stored.
#[derive(Clone)]
struct Stored;

impl Service<Request<Body>> for Stored {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        ready(Ok(stored()))
    }
}

/// Circuits that calls have gone through, all well at first; then each has a failure to count, for as
/// long as it is in the window; and then enough of them to open.
fn circuit_breaker() -> Vec<Weight> {
    let before = held();
    let window = Duration::from_millis(10);
    let builder = CircuitBreakerLayer::builder().consecutive(2).window(window);
    let layer = builder.build().expect("good settings");
    let mut well = layer.layer(Answers(StatusCode::OK));
    let mut ill = layer.layer(Answers(StatusCode::SERVICE_UNAVAILABLE));
    call_each_key(&mut well);
    let closed = Weight::since(before, "closed").at_rest();

    call_each_key(&mut ill);
    let counting = Weight::since(before, "closed, counting a failure");

    sleep(2 * window);
    assert_eq!(layer.handle().circuits(), KEYS, "some are missing");
    let again = Weight::since(before, "closed, the failure forgotten").at_rest();

    call_each_key(&mut ill);
    vec![closed, counting, again, Weight::since(before, "open")]
}

/// Buckets that a token was taken from, then such as have refused a request, which they count for as
/// long as they are not full; and what is left of a million that were full again soon.
fn rate_limit() -> Vec<Weight> {
    let before = held();
    let limit = |period| {
        let layer = RateLimitLayer::per(1, period).expect("a good rate");
        layer.reject().key(Authority).max_keys(KEYS).answering()
    };
    let layer = limit(Duration::from_secs(3_600));
    let mut service = layer.layer(Answers(StatusCode::OK));
    call_each_key(&mut service);
    assert_eq!(layer.handle().keys(), KEYS, "some are missing");
    let taken = Weight::since(before, "not full").at_rest();
    call_each_key(&mut service);
    let refused = layer.handle().rejected();
    assert_eq!(refused, KEYS as u64, "some were let through");
    let refusing = Weight::since(before, "refusing");
    drop((service, layer));

    let before = held();
    let mut quick = limit(Duration::from_micros(100)).layer(Answers(StatusCode::OK));
    call_each_key(&mut quick);
    vec![
        taken,
        refusing,
        Weight::since(before, "full and forgotten").at_rest(),
    ]
}

/// How many bytes the heap holds.
fn held() -> usize {
    let stats = HEAP.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

/// Sends a request to each of the servers, one after the other.
fn call_each_key<S>(service: &mut S)
where
    S: Service<Request<Body>, Error: Debug>,
{
    let mut cx = Context::from_waker(Waker::noop());
    for key in 0..KEYS {
        let uri = format!("https://server-{key:07}.example/");
        let request = Request::get(uri).body(Body::empty());
        let Poll::Ready(ready) = service.poll_ready(&mut cx) else {
            panic!("it is not ready");
        };
        ready.expect("the service fails");
        let mut future = pin!(service.call(request.expect("a request")));
        let Poll::Ready(answer) = future.as_mut().poll(&mut cx) else {
            panic!("it is not answered at once");
        };
        black_box(answer).expect("the call fails");
    }
}

/// Answers at once, with this status.
#[derive(Clone)]
struct Answers(StatusCode);

impl Service<Request<Body>> for Answers {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Ready<Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.0;
        ready(Ok(response))
    }
}
