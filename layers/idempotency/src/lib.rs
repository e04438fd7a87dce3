//! One idempotency key for all attempts of a call, as a tower layer.
//!
//! A POST that ended in a timeout may have been carried out or not. A server that knows
//! `Idempotency-Key` carries a request out once for each key, so the same request with the same key
//! can be sent again without harm: retry does so with any request that has one. That works only if
//! the key belongs to the call and not to the attempt.
//!
//! [`IdempotencyKeyLayer`] adds a key to requests whose method is not idempotent by itself (POST and
//! PATCH) and that have none, and leaves a caller's own key alone.
//!
//! **Place it outside retry.** Inside, each attempt that lost its header on the way would get a key of
//! its own, and the server would take two attempts for two orders.
//!
//! # Differences
//!
//! tower-http's `SetRequestIdLayer` does the same for request ids: for any method, from a maker that
//! sees the request. Here the methods that need no key get none, and one request can opt out.
//!
//! # Example
//!
//! ```
//! use buttress_idempotency::IdempotencyKeyLayer;
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), std::convert::Infallible> {
//! let server = service_fn(|request: Request<()>| async move {
//!     let key = request.headers()["idempotency-key"].to_str().unwrap().to_owned();
//!     Ok::<_, std::convert::Infallible>(Response::new(key))
//! });
//! let client = ServiceBuilder::new()
//!     .layer(IdempotencyKeyLayer::new())
//!     // .layer(retry)
//!     .service(server);
//!
//! let order = Request::post("https://api.example.com/orders").body(()).unwrap();
//! let key = client.oneshot(order).await?.into_body();
//! assert_eq!(key.len(), 36, "a random UUID: {key}");
//! # Ok(())
//! # }
//! ```
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs` | settings, and which request gets a key |
//! | `service.rs` | adds it on the way |
//! | `overrides.rs` | what one request wants otherwise |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod layer;
mod overrides;
mod service;

pub use self::layer::IdempotencyKeyLayer;
pub use self::overrides::Override;
pub use self::service::IdempotencyKey;
