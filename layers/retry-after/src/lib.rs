//! A server's pushback, honoured by every request to the same key, as a tower layer.
//!
//! A server that answers 429 or 503 with `Retry-After` says: not now, all of you. A retry policy hears
//! that for the one request that was refused; the other requests of the same process go on knocking,
//! are refused as well, and keep the server from getting well. [`RetryAfterLayer`] is the gate that
//! makes them wait. It learns from every response:
//!
//! - **A refusal with a delay** (429 or 503; seconds, dates, `retry-after-ms` and the resets, as
//!   [`Delay`](buttress_kernel::Delay) reads them): later requests to the same key wait until the
//!   release, up to `max_hold`, never a millisecond less. What would have to wait longer, or beyond its
//!   [`Deadline`](buttress_kernel::Deadline), fails at once with [`Held`] and the instant to come back.
//! - **An exhausted quota** (`RateLimit`, the IETF draft's structured fields, or `X-RateLimit-…`, on any
//!   response): later requests wait for the reset instead of earning a 429.
//! - **A quota with something left**, if asked to [`pace`](RetryAfterLayer::pace): it is spread over what
//!   is left of the window.
//!
//! Those who waited leave one by one, in the order of their arrival, spread over a moment, so a hold
//! does not end in a stampede. A response stays a response: it passes on unchanged, but that the
//! [`Delay`](buttress_kernel::Delay) and [`Quota`](buttress_kernel::Quota) read from it lie in its
//! extensions.
//!
//! # Differences
//!
//! tower has nothing like it, and neither do the retry crates: they read `Retry-After` for the request
//! at hand, if at all. tower's `RateLimit` and `governor` keep a rate that you chose; this layer keeps
//! the one that the server told, and costs next to nothing until it does.
//!
//! # With retry
//!
//! Nobody waits twice. The request that was refused is not held by the gate: its response returns at
//! once. If a retry layer around the gate then waits for the same delay, the gate has nothing left to
//! hold when the next attempt comes by; and should that come a moment early, it leaves at the release,
//! without the spread, since its moment was drawn already. Put the gate inside retry, so that it sees
//! every attempt, and outside a rate limit, so that whoever is released still pays a token. Alone it
//! is useful as well.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use buttress_retry_after::RetryAfterLayer;
//! use http::{Request, Response};
//! use tokio::time::Instant;
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), tower::BoxError> {
//! // A server that asks for two seconds of peace.
//! let server = service_fn(|_: Request<()>| async {
//!     Response::builder().status(429).header("retry-after", "2").body(())
//! });
//! let layer = RetryAfterLayer::new().max_hold(Duration::from_secs(10));
//! let handle = layer.handle();
//! let client = ServiceBuilder::new().layer(layer).service(server);
//!
//! let request = || Request::get("https://api.example.com/").body(());
//! let start = Instant::now();
//! let refused = client.clone().oneshot(request()?).await?;
//! assert_eq!(refused.status(), 429);
//! assert!(handle.peek("api.example.com").held_until().is_some());
//!
//! client.oneshot(request()?).await?;
//! assert!(start.elapsed() >= Duration::from_secs(2));
//! # Ok(())
//! # }
//! ```
//!
//! # Decisions
//!
//! - A 429 without a delay holds nobody unless [`default_delay`](RetryAfterLayer::default_delay) is
//!   set: it does not say for how long, and a guess would hold everybody.
//! - The longest of several pauses counts. A later success does not end one: it was under way when the
//!   server asked.
//! - A response with `Age` comes out of a store
//!   ([RFC 9111 §5.1](https://www.rfc-editor.org/rfc/rfc9111#section-5.1)), so its quota is out of date
//!   and ignored; the delay of a stored refusal counts in full, late at worst.
//! - When as many keys are live as [`max_keys`](RetryAfterLayer::max_keys) allows, a pause for one
//!   more is not learned: memory stays bounded, whatever servers say.
//!
//! # Who is held
//!
//! A 429 is about whoever sent the request ([RFC 6585 §4](https://www.rfc-editor.org/rfc/rfc6585#section-4)), and so is
//! what a server tells of a quota; a 503 is about the server. Where requests carry a
//! [`Partition`](buttress_kernel::Partition), which says whose credentials they have, the first two hold those alone
//! who carry the same one, so that nobody gets everybody held by being refused himself. A 503 holds all that go to the
//! key. A request waits for whichever ends later, in both queues at once. Requests without a partition are not told
//! apart: what they are told holds for everybody. For a server whose limits are on the program as a whole,
//! [`by_partition`](RetryAfterLayer::by_partition) makes it one gate again.
//!
//! # Events and metrics
//!
//! Target `buttress_retry_after`: `learned` (info), `held`, `released` and `rejected` (debug), `lost`
//! (warn), with `key`, `partition` where it is for one alone, `for_ms` and `source` or `reason`. With feature `metrics`, counters
//! `buttress.retry_after.{learned,held,rejected,lost}` and the histogram `buttress.retry_after.wait` in
//! seconds.
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs`, `settings.rs`, `overrides.rs` | what the layer, or one request, was told |
//! | `service.rs`, `future.rs` | asks the gate, calls, and listens to the response |
//! | `hold.rs`, `places.rs`, `scope.rs` | the wait of one request, and its places in the queues |
//! | `lesson.rs`, `source.rs` | what a response says, and what follows |
//! | `state.rs`, `line.rs`, `queue.rs`, `window.rs`, `rules.rs` | decisions: pure, with `now` as an argument |
//! | `gate.rs`, `table.rs`, `sync.rs` | the states of all keys, shared |
//! | `listener.rs`, `peers.rs`, `name.rs` | enough of a request to name its key later |
//! | `handle.rs`, `error.rs`, `telemetry.rs` | how it looks from outside |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
pub mod future;
mod gate;
mod handle;
mod hold;
mod layer;
mod lesson;
mod line;
mod listener;
mod name;
mod overrides;
mod peers;
mod places;
mod queue;
mod rules;
mod scope;
mod service;
mod settings;
mod shared;
mod source;
mod state;
#[cfg(test)]
mod state_tests;
mod sync;
mod table;
mod telemetry;
mod window;

pub use self::error::{Held, Reason};
pub use self::handle::{Handle, Peek};
pub use self::layer::RetryAfterLayer;
pub use self::overrides::Override;
pub use self::service::RetryAfter;
