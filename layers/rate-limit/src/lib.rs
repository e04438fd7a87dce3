//! A token bucket with a first-come-first-served queue, as a tower layer.
//!
//! An API that allows ten requests a second answers the eleventh with 429, and each 429 costs a
//! connection, a retry, and some of the API's good will. [`RateLimitLayer`] keeps to the limit before
//! the request is sent: a bucket that starts full and is refilled evenly, from which each request
//! takes its tokens. Who finds too few waits, strictly in the order of arrival, or fails at once with
//! [`RateLimited`] and the instant to come back.
//!
//! - **A queue, not a crowd.** Each waiter has a place. Newcomers do not overtake, a request that
//!   costs ten is not starved by a stream of singles, and a dropped waiter's place goes to the next
//!   at once. The queue is bounded. [`Priority`] classes age, so that nobody starves.
//! - **No wait in vain.** What cannot be served within [`wait`](RateLimitLayer::wait), or before the
//!   request's [`Deadline`](buttress_kernel::Deadline), fails on arrival. A cost above the burst is an
//!   error ([`CostTooHigh`]), not an endless wait. What was taken for a call that never was is given
//!   back.
//! - **One limit.** Clones of a layer and all services that it makes share its buckets: around ten
//!   routes it is one limit. [`key`](RateLimitLayer::key) makes one bucket for each server, tenant or
//!   whatever else; idle ones are forgotten.
//! - **Across processes.** With a [`Store`] several processes share one limit; each falls back on its
//!   own bucket while the store is out. With feature `redis` there is one in a Redis server.
//! - **A handle.** [`Handle`] shows levels and queues and changes rates while they are in use, without
//!   losing a level.
//!
//! # Differences
//!
//! tower's `RateLimit` is not `Clone`, starts anew with each service that its layer makes, and counts
//! in fixed windows, so that twice the rate passes around a window's end. `governor` has the same
//! exact arithmetic as this crate and no queue: its waiters wake in any order, and the dear ones
//! starve; it cannot change a rate, nor give a key one of its own.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use buttress_kernel::key::Authority;
//! use buttress_rate_limit::RateLimitLayer;
//! use http::{Request, Response};
//! use tokio::time::Instant;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), tower::BoxError> {
//! let server = service_fn(async |_: Request<()>| Ok::<_, tower::BoxError>(Response::new(())));
//!
//! // Ten a second to each server, at most three at once.
//! let limit = RateLimitLayer::per_second(10)?.burst(3)?.key(Authority);
//! let client = ServiceBuilder::new().layer(limit).service(server);
//!
//! let start = Instant::now();
//! for _ in 0..5 {
//!     client.clone().oneshot(Request::get("https://api.example.com/").body(())?).await?;
//! }
//! assert_eq!(start.elapsed(), Duration::from_millis(200));
//! # Ok(())
//! # }
//! ```
//!
//! # Where it stands
//!
//! Inside retry, so that each attempt pays its token; outside a circuit breaker and timeouts, to which
//! our own queue must not look like a slow server. On a server,
//! [`answering`](RateLimitLayer::answering) makes refusals 429 responses.
//!
//! # Rules
//!
//! | question | rule |
//! | --- | --- |
//! | how fast? | one token each `period / tokens`, rounded up to the nanosecond, by a clock that never jumps |
//! | how many at once? | the burst, after a rest; the period's tokens unless set |
//! | in which order? | of arrival; a class counts as having come one `ageing` later than the class above it |
//! | what does a late timer lose? | nothing within 5 ms; what came earlier and did not fit into the bucket is lost |
//! | does an idle future hold up the others? | no, each waiter watches the clock for those before it |
//! | a rate changes | the level stays, as far as it fits in; those who wait are served at the new rate |
//! | a burst sinks below a waiter's cost | the waiter goes when the bucket is full, and leaves a debt |
//! | whose tokens does a store have? | a request takes this process's first, in its order, then the store's; both or none |
//! | the store fails, or is late | the request goes, as do all until the pause is over; then one asks again |
//! | more keys than allowed | full buckets are forgotten first; then further keys share the empty key's |
//!
//! # Events and metrics
//!
//! Target `buttress_rate_limit`: `delayed`, `released`, `rejected` and `faster` (debug), `slower` and `the
//! store is back` (info), `too dear`, `no room`, `the store is out` and `throttled again and again`
//! (warn), with `key`, `for_ms`, `reason` and `error`. With feature `metrics`,
//! counters `buttress.rate_limit.{delayed,rejected,slower,too_dear,crowded,alarms,outages,unshared}` and the histogram
//! `buttress.rate_limit.wait` in seconds. What is granted at once is no event: [`Handle`] counts it.
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs`, `rate.rs`, `cost.rs`, `settings.rs`, `overrides.rs`, `priority.rs` | what the layer, or one request, was told |
//! | `service.rs`, `course.rs`, `future.rs`, `mode.rs` | takes tokens, and calls |
//! | `hold.rs`, `wait.rs` | the wait of one request, and what it gives back |
//! | `store.rs`, `in_process.rs`, `redis/`, `backing.rs` | limits that processes share |
//! | `bucket.rs`, `queue.rs`, `line.rs`, `cubic.rs`, `alarm.rs`, `rules.rs`, `outage.rs` | decisions: pure, with `now` as an argument |
//! | `lane.rs`, `table.rs`, `shared.rs`, `clock.rs`, `sync.rs` | the buckets of all keys, shared |
//! | `ear.rs` | what a response says about our speed |
//! | `answering.rs`, `fields.rs` | the server's side |
//! | `handle.rs`, `error.rs`, `telemetry.rs` | how it looks from outside |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod alarm;
mod answering;
mod backing;
mod bucket;
mod clock;
mod cost;
mod course;
mod cubic;
mod ear;
mod error;
mod fields;
pub mod future;
mod handle;
mod hold;
mod in_process;
mod lane;
mod layer;
mod line;
#[cfg(test)]
mod line_tests;
pub mod mode;
mod outage;
mod overrides;
mod priority;
mod queue;
mod rate;
#[cfg(feature = "redis")]
pub mod redis;
mod rules;
mod service;
mod settings;
mod shared;
mod store;
mod sync;
mod table;
mod telemetry;
mod wait;

pub use self::answering::{Answering, AnsweringFuture, AnsweringLayer};
pub use self::cost::{Cost, One};
pub use self::error::{CostTooHigh, RateLimited, Reason};
pub use self::handle::{Handle, Peek};
pub use self::in_process::InProcess;
pub use self::layer::RateLimitLayer;
pub use self::overrides::Override;
pub use self::priority::Priority;
pub use self::rate::{InvalidRate, Rate};
pub use self::service::RateLimit;
pub use self::store::{Store, Verdict};
