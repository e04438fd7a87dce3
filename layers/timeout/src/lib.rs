//! Time limits for tower: until the response's head, between body frames, over a whole call.
//!
//! A call can stand still in more places than one: before the head, in the middle of the response's
//! body, in the middle of an upload, or in the pauses between attempts. One timer cannot tell them
//! apart. Set short, it cuts large but healthy transfers; set long, a dead connection is noticed late;
//! and one that stops at the head never notices a body that stands still. So each phase has its own
//! limit, and a total covers everything.
//!
//! | phase | set with | runs | stands still |
//! | --- | --- | --- | --- |
//! | [`Phase::Head`] | [`TimeoutLayer::new`] (30 s) | from the first poll of the call to the response's head | while an upload is watched, from the transport's first taking to the last |
//! | [`Phase::ResponseBody`] | [`TimeoutLayer::body_idle`] (off) | while the consumer waits for a frame | while nobody polls the body |
//! | [`Phase::RequestBody`] | [`TimeoutLayer::upload_idle`] (off) | from one taking of the peer to the next | while the caller's own source has nothing to send, before the first taking and after the last |
//! | [`Phase::Source`] | [`TimeoutLayer::watch_source`] (off) with the head's limit; `upload_idle` | as the head's or the total's; with `upload_idle`, while the source has nothing to send | as theirs |
//! | [`Phase::Total`] | [`DeadlineLayer::new`] (off), or a [`Deadline`](buttress_kernel::Deadline) in the request | from the call to the last frame of the response's body | never |
//!
//! Both layers stand alone. In a stack the [`DeadlineLayer`] is the outermost and [`TimeoutLayer`] is
//! beneath whatever retries, so that each attempt has its own.
//!
//! # Example
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use std::time::Duration;
//! use buttress_kernel::{BoxError, Failure};
//! use buttress_timeout::{DeadlineLayer, Elapsed, Override, Phase, TimeoutLayer};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! // A server that takes 20 seconds.
//! let server = service_fn(|_: Request<String>| async {
//!     tokio::time::sleep(Duration::from_secs(20)).await;
//!     Ok::<_, BoxError>(Response::new(String::from("a report")))
//! });
//! let service = ServiceBuilder::new()
//!     .layer(DeadlineLayer::new(Duration::from_secs(60)))
//!     .layer(TimeoutLayer::new(Duration::from_secs(10)).body_idle(Duration::from_secs(5)))
//!     .service(server);
//!
//! let error = service.clone().oneshot(Request::new(String::new())).await.err().unwrap();
//! let elapsed = Failure::of(&*error).find::<Elapsed>().unwrap();
//! assert_eq!(elapsed.phase(), Phase::Head);
//! assert_eq!(elapsed.after(), Duration::from_secs(10));
//!
//! // This one request may take longer.
//! let mut request = Request::new(String::new());
//! request.extensions_mut().insert(Override::new().head(Duration::from_secs(30)));
//! assert!(service.oneshot(request).await.is_ok());
//! # }
//! ```
//!
//! # Differences from tower and tower-http
//!
//! - `tower::timeout` limits one future, so a response's body is out of its reach. It has one limit
//!   for all requests and creates its timer before it asks the inner service; here an answer that is
//!   ready at once never meets the timer.
//! - `tower_http::timeout::TimeoutLayer` is made for servers: it answers with a status, 408 unless set. To a caller that reads as
//!   the server's own word. Here a limit that runs out is an error, [`Elapsed`], with the phase and
//!   the limit; a server's 408 stays a response.
//! - `tower_http::timeout::ResponseBodyTimeoutLayer` limits the time between two frames, as
//!   [`TimeoutLayer::body_idle`] does, yet its clock may run out in the time in which a consumer was
//!   away; and `RequestBodyTimeoutLayer` judges the sender of a body, which for an outbound request is
//!   the caller and not the peer.
//! - Neither knows a total.
//!
//! # Whose fault it is
//!
//! A server cannot answer what it has not got. Where the request's body comes from somebody else, as in a proxy, that
//! one may dawdle until a limit runs out, and a circuit breaker that takes it for the server's failure shuts
//! everybody out. [`TimeoutLayer::watch_source`] tells the two apart by whether the body was asked for more and had
//! nothing to give: then the error is of [`Phase::Source`] and of the kind `RequestBody`, which nobody counts or sends
//! again. A body that is written only once the server has begun to answer looks the same.
//!
//! # False alarms
//!
//! A limit that fires on a healthy call is worse than none. Four rules keep that from happening. What is
//! ready wins over a limit that has run out. A silence that nobody was there to hear, because the
//! consumer was away or the runtime was held up, starts anew once. Large frames of an upload are cut
//! into pieces, so that a slow link is progress. And an upload that is over is not stalled, however
//! long the server thinks about it: that is the head's time.
//!
//! # Telemetry
//!
//! A limit that runs out is a `tracing` event of target `buttress_timeout` and level `WARN`, with
//! `phase` and `after_ms`. With the feature `metrics` it counts in `buttress.timeout.elapsed`, by
//! `phase`. A request with [`Explain`](buttress_kernel::Explain) gets entries named `timeout`.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
mod deadline;
mod error;
pub mod future;
mod idle;
mod layer;
mod limits;
pub mod mode;
mod plan;
mod race;
mod readable;
mod reply;
mod report;
mod rule;
mod service;
mod source;
mod timer;
mod upload;

pub use self::deadline::{DeadlineLayer, TotalOverride, WithDeadline};
pub use self::error::{Elapsed, Phase};
pub use self::layer::TimeoutLayer;
pub use self::limits::Override;
pub use self::service::Timeout;
