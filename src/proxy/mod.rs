//! A stack as a server's answer: what comes in is passed on, and what goes wrong is a response.
//!
//! A [`Client`](crate::Client) is a [`tower::Service`], but not one that a server can mount: it fails where a server has
//! to answer, and it sends what it is given, the fields of the incoming connection included. [`Proxy`] does what
//! stands between the two (RFC 9110 §7.6):
//!
//! - The URI's path and query go under the base URI as they came; its scheme and host are the base's. A path that
//!   could leave the base's own path is refused.
//! - `Connection`, what it names, and the other fields of one connection stay behind, in both directions. `Host` is the
//!   upstream's, `Via` names this hop.
//! - Bodies stream both ways and are never gathered. Trailers pass to those who ask for them.
//! - What the client says of where it comes from (`X-Forwarded-For` and its kin) is left out, unless you
//!   [say](Proxy::client_address) who may be believed.
//! - Extensions of the request stay: an override, a [`Deadline`](crate::Deadline) or a
//!   [`Partition`](crate::Partition) that a middleware of yours has put there is honoured by the stack.
//! - An error of the stack becomes a response by [`respond`]. The service itself never fails.
//!
//! It refuses, with problem details: `CONNECT`, `TRACE`, WebSocket and every other use of HTTP/2's extended `CONNECT`
//! (501), a request of HTTP/1.1 without exactly one `Host` (400), transfer codings other than `chunked` (501, and 502
//! where the upstream sends them). Wishes for other protocols (`Upgrade: h2c`) are passed over.
//!
//! ```
//! use std::time::Duration;
//! use buttress::{Body, Client, proxy::Proxy};
//! use http_body_util::BodyExt;
//! use tower::ServiceExt;
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let server = Scripted::new([Step::ok().body("Ada"), Step::hang()]);
//! let client = Client::builder()
//!     .base_uri("https://users.internal/v1")
//!     .timeout(Duration::from_secs(5))
//!     .retry(None)
//!     .build_over(server)?;
//! // With axum: `Router::new().fallback_service(proxy)`.
//! let proxy = Proxy::new(client)?;
//!
//! let request = || http::Request::get("/users/42").header("host", "www.example.com");
//! let response = proxy.clone().oneshot(request().body(Body::empty())?).await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "Ada");
//!
//! let response = proxy.oneshot(request().body(Body::empty())?).await?;
//! assert_eq!(response.status(), 504); // the server hangs
//! # Ok(())
//! # }
//! ```
//!
//! Two events of the level debug say why a client got an answer of ours: `answered with a problem` (`kind`, `status`,
//! `layer`, `reason`) and `not passed on` (`reason`).
//!
//! The gateway among the examples is this over a stack that its flags choose.

mod fields;
mod future;
mod message;
mod problem;
mod refusal;
mod respond;
mod service;
mod settings;

pub use self::future::ResponseFuture;
#[cfg(all(feature = "axum", feature = "json"))]
pub(crate) use self::problem::Problem;
pub use self::respond::respond;
#[cfg(feature = "axum")]
pub(crate) use self::respond::{Side, respond_as};
pub use self::service::Proxy;
