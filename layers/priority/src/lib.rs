//! Bounded concurrency with a priority queue, as a tower layer.
//!
//! A server that is asked too much at once answers everything late. [`PriorityLayer`] lets so many
//! requests through at the same time and no more. The others wait on our side, where their order can
//! still be chosen: what a user is looking at goes before what is fetched ahead of time, and inside
//! one [`Priority`] whoever came first goes first.
//!
//! - **No place is lost.** A request that is dropped while it waits, or between its turn and its next
//!   poll, hands its place on. A service that is ready and not called holds none.
//! - **No wait without end.** A wait ends at [`max_wait`](PriorityLayer::max_wait) or the request's
//!   [`Deadline`](buttress_kernel::Deadline), and the queue is bounded: in a full one a more urgent
//!   newcomer takes the place of the least urgent waiter, and any other fails at once.
//!   With [`ageing`](PriorityLayer::ageing) nobody starves.
//! - **One limit.** Clones of a layer and all services that it makes share it: around ten routes it
//!   is one limit. [`key`](PriorityLayer::key) makes one for each server, tenant or whatever else.
//! - **A handle.** [`Handle`] counts who is in flight and who waits, and changes the limit while it
//!   is in use.
//!
//! # Differences
//!
//! tower's `ConcurrencyLimit` serves in the order of arrival and waits in `poll_ready`: there the
//! request, and so its priority, is not known yet, and a clone that was made ready and is not called
//! holds a permit for as long as it lives. Its queue has no bound, and each service that its layer
//! makes has a limit of its own unless a semaphore is given to it.
//!
//! # Example
//!
//! ```
//! use buttress_priority::{Priority, PriorityLayer};
//! use http::{Request, Response};
//! use std::sync::{Arc, Mutex};
//! use tower::{Layer, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), tower::BoxError> {
//! let order = Arc::new(Mutex::new(Vec::new()));
//! let seen = Arc::clone(&order);
//! let server = service_fn(move |request: Request<()>| {
//!     seen.lock().unwrap().push(request.uri().path().to_owned());
//!     async {
//!         tokio::time::sleep(std::time::Duration::from_millis(10)).await;
//!         Ok::<_, tower::BoxError>(Response::new(()))
//!     }
//! });
//!
//! // One at a time.
//! let client = PriorityLayer::new(1)?.layer(server);
//! let get = |path: &str, priority| {
//!     let mut request = Request::get(format!("https://api.example.com{path}")).body(()).unwrap();
//!     request.extensions_mut().insert(Priority(priority));
//!     client.clone().oneshot(request)
//! };
//! tokio::try_join!(get("/first", 0), get("/prefetch", -1), get("/page", 0), get("/click", 1))?;
//! assert_eq!(*order.lock().unwrap(), ["/first", "/click", "/page", "/prefetch"]);
//! # Ok(())
//! # }
//! ```
//!
//! # Where it stands
//!
//! Where a rate limit would: inside retry, so that a backoff holds no place, and outside a circuit
//! breaker and timeouts of one attempt, to which our own queue must not look like a slow server.
//!
//! # Rules
//!
//! | question | rule |
//! | --- | --- |
//! | who goes next? | the highest priority; of the same, who came first |
//! | and with ageing? | each waiter gains one class in each such time; what counts is the sum |
//! | when is a request over? | with its response's head, or with [its body](PriorityLayer::until_body_end); with its error; when it is dropped |
//! | the queue is full | its last waiter gives way to a newcomer that is more urgent; any other newcomer fails |
//! | the deadline comes first | the wait fails then; on arrival, if it has come already |
//! | the limit sinks below what is in flight | nobody is cancelled; the next goes when enough are over |
//! | more keys than allowed | keys without requests are forgotten first; then further keys share the empty key's limit |
//!
//! # Events and metrics
//!
//! Target `buttress_priority`: `queued`, `released` and `refused` (debug), `no room` (warn), with
//! `key`, `priority`, `for_ms` and `reason`. With feature `metrics`, counters
//! `buttress.priority.{queued,refused,keys_refused}` and the histogram `buttress.priority.wait` in
//! seconds. What goes at once is no event.
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs`, `priority.rs`, `overrides.rs` | what the layer, or one request, was told |
//! | `service.rs`, `future.rs`, `mode.rs`, `body.rs` | takes a permit, calls, and gives it back |
//! | `wait.rs`, `permit.rs` | the wait of one request, and what it waits for |
//! | `queue.rs`, `line.rs`, `limit.rs` | decisions: pure, with `now` as an argument |
//! | `lane.rs`, `table.rs`, `sync.rs` | the limits of all keys, shared |
//! | `handle.rs`, `error.rs`, `telemetry.rs` | how it looks from outside |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
mod error;
pub mod future;
mod handle;
mod lane;
mod layer;
mod limit;
mod line;
#[cfg(test)]
mod line_tests;
pub mod mode;
mod overrides;
mod permit;
mod priority;
mod queue;
mod service;
mod sync;
mod table;
mod telemetry;
mod wait;

pub use self::error::{Crowded, InvalidLimit, Reason};
pub use self::handle::{Handle, Peek};
pub use self::layer::PriorityLayer;
pub use self::overrides::Override;
pub use self::priority::{Equal, Prioritize, Priority};
pub use self::service::Prioritized;
