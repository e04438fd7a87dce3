//! Retries for tower: budgeted, jittered, with replayable bodies, and heeding the server's wishes.
//!
//! Most failures of a call over a network are gone a moment later. [`RetryLayer`] sends such a
//! request again, and takes care that this helps: that nothing is done twice which must be done once,
//! that a failing server is not buried under repetitions, and that callers who failed together do
//! not come back together.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use buttress_kernel::Body;
//! use buttress_retry::{Backoff, RetryLayer};
//! use http::{Request, Response, StatusCode};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), buttress_kernel::BoxError> {
//! # let busy = std::sync::atomic::AtomicBool::new(true);
//! // Answers 503 to the first request.
//! let server = tower::service_fn(|request: Request<Body>| {
//!     let _ = request;
//!     let mut response = Response::new(Body::from("here you are"));
//!     if busy.swap(false, std::sync::atomic::Ordering::Relaxed) {
//!         *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
//!     }
//!     async move { Ok::<_, std::io::Error>(response) }
//! });
//!
//! let retry = RetryLayer::builder()
//!     .max_attempts(4)
//!     .backoff(Backoff::exponential(Duration::from_millis(50)))
//!     .build()?;
//!
//! let request = Request::get("https://api.example.com/users/42").body(Body::empty())?;
//! let response = ServiceBuilder::new().layer(retry).service(server).oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(()) }
//! ```
//!
//! # What is retried
//!
//! | an attempt that ended with | is followed by another | switch |
//! | --- | --- | --- |
//! | 429 | for any method | `status`, `statuses` |
//! | 408, 500, 502, 503, 504 | if repeatable | `status`, `statuses` |
//! | any 4xx or 5xx with `x-should-retry: true` | if repeatable | `status` |
//! | any 4xx or 5xx with `x-should-retry: false` | never | `status` |
//! | another status | never | `statuses` |
//! | a connection that failed, provably before the request left | for any method; the first of a call is free | `connect` |
//! | a connection that broke, an error without [facts](buttress_kernel::Facts) | if repeatable | `connect` |
//! | a time limit of ours | if repeatable | `timeout` |
//! | an open circuit that says when it will be tried again | for any method, not before that time | `refusal` |
//! | a rate limit or a hold of ours | never: how long that is waited for is set there | |
//! | no credentials, a request at fault, a body that failed | never | |
//!
//! A request is *repeatable* if its method is idempotent
//! ([RFC 9110 §9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)), if it carries an
//! `Idempotency-Key` that is not empty, or if its [`Override`] says so. A server's advice does not
//! make it so: `x-should-retry: true` says that another try may succeed, not that the first had no
//! effect.
//!
//! *Free* means that it costs neither an attempt nor budget: a request that never left has not been
//! tried yet. Later failures of that sort count like any other, so that a server which is gone is
//! not asked for ever. A layer or an override of one attempt makes no free one either.
//!
//! Attempts that remain are only made as long as the body can be sent again (see
//! [`Replay`](buttress_kernel::Replay)), the wait fits the [`Deadline`](buttress_kernel::Deadline), and
//! the [`Budget`] pays for them. Where one of these says no, what the last attempt ended with is
//! returned at once: a response as a response, with its [`Attempt`](buttress_kernel::Attempt) in the
//! extensions if it was not the first (those that other layers made count too); an error as it is, or
//! within [`Exhausted`] if there were several attempts.
//!
//! # How long it waits
//!
//! The [`Backoff`]'s delay, spread by the [`Jitter`]. A server's own delay (`Retry-After` and its
//! kin, see [`Delay`](buttress_kernel::Delay)), or the time at which an open circuit is tried again,
//! is a lower bound: the wait is the longer of the two, never a moment early, with up to a quarter of
//! the server's delay (but no more than the backoff's) on top. Where the deadline leaves no room for
//! what comes on top, it is left out. A server's delay beyond `max_server_delay` is not waited for.
//!
//! Meanwhile nothing is held: no readied service, and no connection. The failed response is read to
//! its end if it is short and comes quickly (64 KiB, 100 ms), so that its connection can be used
//! again, and dropped otherwise.
//!
//! Together with a layer that holds requests back after a server's refusal, in either order, nobody
//! waits twice: this layer sends the request again when the server's delay is over, and then there
//! is nothing left to hold it for.
//!
//! # How it differs
//!
//! From tower's `Retry`:
//!
//! - It has a policy. tower's leaves that to its user.
//! - Each wait is a new draw. Clones of tower's `ExponentialBackoff` draw the same numbers, so that
//!   retries which should spread come back in the same millisecond.
//! - The [budget](Budget) is exact, and kept for each server apart.
//! - It sends the original and keeps a copy that costs one allocation; tower's policies clone the
//!   whole request. Streaming bodies can be retried.
//! - No readied service is kept through a wait.
//!
//! From reqwest-retry:
//!
//! - A POST is never repeated because its answer broke off: only what provably never left is sent
//!   again.
//! - The failed response does not keep its connection through the wait.
//! - Deadlines, budgets and a server's wishes are heeded.
//!
//! # What it tells
//!
//! | event | level | fields |
//! | --- | --- | --- |
//! | `retrying` | debug | `attempt`, `cause`, `delay_ms` |
//! | `giving up` | debug | `attempts`, `reason` |
//! | `the retry budget is spent` | warn | `key` |
//!
//! With the feature `metrics`: the histogram `http.request.resend_count`, how many times each call
//! was sent again, and the counter `buttress.retry.budget_exhausted`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod backoff;
mod budget;
mod builder;
mod call;
mod draws;
mod error;
pub mod future;
mod jitter;
mod layer;
mod overrides;
mod pause;
mod policy;
mod record;
mod service;
mod settings;
mod statuses;

pub use self::backoff::Backoff;
pub use self::budget::{Budget, Grant};
pub use self::builder::Builder;
pub use self::error::{Exhausted, InvalidRetry};
pub use self::jitter::Jitter;
pub use self::layer::RetryLayer;
pub use self::overrides::Override;
pub use self::service::Retry;
