//! A circuit breaker for tower: stops calling what keeps failing, and finds out when it is well again.
//!
//! A server that is down, or drowning, answers nobody. Whoever goes on calling it makes it worse, and
//! waits for a failure that is as good as known. [`CircuitBreakerLayer`] watches how calls end. When
//! too many fail, it *opens the circuit*: for a while it refuses calls at once, with an error that
//! says when to come back. Then it lets a probe through, and that decides.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use buttress_circuit_breaker::{CircuitBreakerLayer, CircuitOpen};
//! use buttress_kernel::{Body, Failure};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), buttress_kernel::BoxError> {
//! // Always answers 503.
//! let server = tower::service_fn(|_: Request<Body>| async {
//!     let mut response = Response::new(Body::empty());
//!     *response.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
//!     Ok::<_, std::io::Error>(response)
//! });
//! let breaker = CircuitBreakerLayer::builder()
//!     .consecutive(3)
//!     .open_for(Duration::from_secs(20))
//!     .build()?;
//! let service = ServiceBuilder::new().layer(breaker).service(server);
//! let get = || Request::get("https://api.example.com/users/42").body(Body::empty()).unwrap();
//!
//! for _ in 0..3 {
//!     assert_eq!(service.clone().oneshot(get()).await?.status(), 503);
//! }
//! let error = service.oneshot(get()).await.unwrap_err();
//! let open: &CircuitOpen = Failure::of(&*error).find().unwrap();
//! assert_eq!(open.key().as_str(), "api.example.com");
//! assert!(open.wait() <= Duration::from_secs(20));
//! # Ok(()) }
//! ```
//!
//! # The states
//!
//! | state | calls | until | setting |
//! | --- | --- | --- | --- |
//! | closed | go through | 5 failures in a row | [`consecutive`](Builder::consecutive) |
//! | | | or 50 % of at least 20 calls in 30 s failed | [`failure_rate`](Builder::failure_rate), [`min_calls`](Builder::min_calls), [`window`](Builder::window) or [`count_window`](Builder::count_window) |
//! | | | or too many calls were slow: off | [`slow_calls`](Builder::slow_calls) |
//! | open | are refused | 10 s have passed, of which up to half is left out at random | [`open_for`](Builder::open_for), [`jitter`](Builder::jitter) |
//! | half-open | 1 at once goes through, the others are refused | 1 has succeeded: closed | [`probes`](Builder::probes), [`close_after`](Builder::close_after) |
//! | | | or 1 has failed, or hangs: open, for twice as long, up to 300 s | [`max_open`](Builder::max_open), [`probe_timeout`](Builder::probe_timeout) |
//!
//! Each state begins with nothing counted. A call that began in one state and ends in another changes
//! nothing. Nothing runs in the background: an open circuit becomes half-open with the first call
//! after its time.
//!
//! # What a call counts for
//!
//! | it ended with | in a row | in the rate | as a probe |
//! | --- | --- | --- | --- |
//! | a success | ends the row | a success | a success |
//! | 408, 5xx; a timeout, a broken connection, an error that nobody knows | a failure | a failure | a failure |
//! | 429 | nothing | a failure | nothing |
//! | any other 4xx | nothing | nothing | a success: the server is well |
//! | an error of ours before anything was sent; nothing, since it was dropped | nothing | nothing | nothing |
//!
//! That is [`HttpClassify`](buttress_kernel::HttpClassify);
//! [`classify`](Builder::classify) takes any other [`Classify`](buttress_kernel::Classify). A probe
//! that counts for nothing gives its place to the next. The server's own delay, in the response that
//! opens the circuit, is the least for which it stays open.
//!
//! An outcome is known at the response's head. With [`until_body_end`](Builder::until_body_end) a
//! success must last until the body's end.
//!
//! # How it differs
//!
//! - From a timeout, which gives up one call after a time: a breaker gives up many before they begin.
//!   It needs one within it, since a call that hangs has not failed yet, and one that is dropped says
//!   nothing.
//! - From load shedding and concurrency limits, which refuse what *we* cannot take on: a breaker
//!   refuses what *the other side* cannot. Limits belong outside it, so that our own queue does not
//!   look like a slow server.
//! - From retry, which must go outside it, so that each attempt counts and an open circuit ends the
//!   attempts.
//!
//! tower has no breaker. What differs from those that there are:
//!
//! - One circuit for each server, or for any other [`key`](Builder::key); idle ones are forgotten. One
//!   server that is down does not cut off the others.
//! - The window slides, whether over time or over calls. In some crates a window of 10 calls needs 1,000
//!   failures after 1,000 successes.
//! - Results of calls from an older state are known as such; elsewhere, a call from before the trip can
//!   close or open a half-open circuit.
//! - Half-open means as many probes as were asked for, not all callers at once; one that is
//!   dropped frees its place, and one that hangs does not block the circuit for ever.
//! - HTTP is understood: 4xx are no failures, a 429 is half of one, `Retry-After` is heeded.
//! - A closed circuit takes no lock and allocates nothing, and threads do not wait for one another.
//!
//! # By hand
//!
//! A [`Handle`] tells the state of one circuit or of all, lets somebody [`watch`](Handle::watch) it, opens
//! and closes it by force, and makes it automatic again. A request with an [`Override`] goes round
//! the circuit.
//!
//! # What it tells
//!
//! | event | level | fields |
//! | --- | --- | --- |
//! | `opened` | warn | `key`, `for_ms`, `reason` |
//! | `half-open` | info | `key` |
//! | `closed` | info | `key` |
//! | `rejected` | debug | `key`, `for_ms`, `state` |
//! | `set by hand` | info | `key`, `state` |
//! | `untracked: no room for one more circuit` | warn | `key` |
//!
//! With the feature `metrics`: the counters `buttress.circuit_breaker.opened` (by `reason`), `.closed`,
//! `.rejected` (by `state`) and `.untracked`, and the gauge `.circuits`, how many circuits are in each
//! `state` other than closed. A circuit leaves one state before it enters the next, so it is never
//! counted twice.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod admission;
pub mod body;
mod builder;
mod cache;
mod circuit;
mod classify;
mod common;
mod error;
pub mod future;
mod gauge;
mod handle;
mod layer;
#[cfg(test)]
mod lives;
pub mod mode;
mod overrides;
mod policy;
mod registry;
mod rules;
mod service;
mod settings;
mod sight;
mod state;
mod sync;
mod tally;
mod telemetry;
mod watch;
mod window;

pub use self::builder::Builder;
pub use self::classify::ErrorClassify;
pub use self::error::{CircuitOpen, InvalidSettings};
pub use self::handle::{Handle, State};
pub use self::layer::CircuitBreakerLayer;
pub use self::overrides::Override;
pub use self::service::CircuitBreaker;
pub use self::watch::Watch;
