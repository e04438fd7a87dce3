//! An answer for when everything else has failed, as a tower layer.
//!
//! A page of recommendations can do without recommendations, a feature flag has a default, and a
//! second region has the same data. [`FallbackLayer`] answers from such a substitute when the call
//! failed in a way that its rule names, and never hides that it did: the response carries a
//! [`Fallback`] with the original failure, an event and the trail tell of it.
//!
//! | substitute | made by |
//! | --- | --- |
//! | a response that is always the same | [`FallbackLayer::value`] |
//! | one made of the request and the failure, or none | [`FallbackLayer::from_fn`] |
//! | another service: a second region, a store, a mock | [`FallbackLayer::service`] |
//!
//! Unless told otherwise only safe methods fall back (a POST that may have been carried out must not look
//! as if it had), and only failures that are nobody's fault here: errors of the way to the server, our
//! own refusals (open circuit, rate limit, hold), and statuses from 500. A 4xx is an answer.
//!
//! Another service is asked only for what may be done twice: idempotent methods, requests that provably did not
//! leave, and those with an idempotency key [that both services know](FallbackLayer::shared_keys).
//!
//! **Place it outside retry, and outside the cache**, so that it is asked last and its answers are not
//! stored. What the cache has and is too old is the cache's to give
//! ([RFC 5861](https://www.rfc-editor.org/rfc/rfc5861), `stale-if-error`), and comes before any
//! substitute.
//!
//! # Differences
//!
//! tower has no fallback; `ServiceExt::or_else` sees errors but neither statuses nor the request, and
//! the original error is gone when the closure has it.
//!
//! # Example
//!
//! ```
//! use buttress_fallback::{Fallback, FallbackLayer};
//! use buttress_kernel::Body;
//! use http::{Request, Response, StatusCode};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), buttress_kernel::BoxError> {
//! let down = service_fn(|_: Request<Body>| async {
//!     let mut response = Response::new(Body::empty());
//!     *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
//!     Ok::<_, std::convert::Infallible>(response)
//! });
//! let client = ServiceBuilder::new()
//!     .layer(FallbackLayer::value(Response::new("[]".into())))
//!     .service(down);
//!
//! let request = Request::get("https://api.example.com/recommendations").body(Body::empty())?;
//! let response = client.oneshot(request).await?;
//! assert_eq!(response.status(), 200);
//! let cause = Fallback::of(response.extensions()).expect("it says what it stands for");
//! assert_eq!(cause.status(), Some(StatusCode::SERVICE_UNAVAILABLE));
//! # Ok(())
//! # }
//! ```
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs` | settings, and where substitutes come from |
//! | `substitute.rs` | the three kinds of them |
//! | `rule.rs` | which calls, and which failures |
//! | `cause.rs` | the failure: a view on it, and what is kept |
//! | `service.rs`, `future.rs`, `body.rs` | the call, and its answer of either origin |
//! | `overrides.rs` | what one request wants otherwise |
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
mod cause;
pub mod future;
mod layer;
mod overrides;
mod rule;
mod service;
pub mod substitute;
mod telemetry;

pub use self::cause::{Failed, Fallback};
pub use self::layer::FallbackLayer;
pub use self::overrides::Override;
pub use self::service::FallbackService;
