//! A stack as a server's answer: what comes in is passed on, and what goes wrong is a response.
//!
//! A [`Client`](crate::Client) is a [`tower::Service`], but not one that a server can mount: it fails where a server has
//! to answer, and it sends what it is given, the fields of the incoming connection included. [`Proxy`] does what
//! stands between the two (RFC 9110 §7.6):
//!
//! - The URI's path and query go under the base URI as they came; its scheme and host are the base's. A path that
//!   could leave the base's own path is refused.
//! - `Connection`, what it names, and the other fields of one connection stay behind, in both directions, and so does
//!   a `Content-Length` beside a `Transfer-Encoding`. `Host` is the upstream's, `Via` names this hop.
//! - Fields that anybody could write to deceive the upstream are [left out](#what-is-left-out).
//! - Bodies stream both ways and are never gathered. Trailers pass to those who ask for them, without what was taken
//!   out of the header and what belongs there alone (RFC 9110 §6.5.1).
//! - Extensions of the request stay: an override, a [`Deadline`](crate::Deadline) or a
//!   [`Partition`](crate::Partition) that a middleware of yours has put there is honoured by the stack.
//! - An error of the stack becomes a response by [`respond`]. The service itself never fails.
//!
//! It refuses, with problem details: `CONNECT`, `TRACE`, WebSocket and every other use of HTTP/2's extended `CONNECT`
//! (501), a request of HTTP/1.1 without exactly one `Host`, and one that is no host (400), transfer codings other than
//! `chunked` (501, and 502 where the upstream sends them), a request that has [been here](Proxy::via) before (508), and
//! an upstream that asks for a proxy's credentials (502). Wishes for other protocols (`Upgrade: h2c`) are passed over, and
//! `OPTIONS` with `Max-Forwards: 0` is answered with 204. No answer of ours is to be stored.
//!
//! Informational responses (1xx, such as 103 Early Hints) end here: RFC 9110 §15.2 wants them passed on, but a
//! [`tower::Service`] has one response.
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
//! # What is left out
//!
//! Of every request, unless it is [kept](Proxy::keep) by name:
//!
//! | fields | because | go on with |
//! | --- | --- | --- |
//! | with `_` in their names | `X_Real_IP` is `X-Real-IP` to CGI, WSGI, Rack and PHP | [`keep_underscores`](Proxy::keep_underscores) |
//! | `Forwarded`, all `X-Forwarded-…`, `X-Real-IP`, `True-Client-IP`, `X-Client-IP`, `X-ClientIP`, `X-Cluster-Client-IP`, `Client-IP`, `Proxy-Client-IP`, `Remote-Addr`, `X-Remote-Addr`, `X-Remote-IP`, `X-Originating-IP`, `X-Original-Forwarded-For`, `X-Envoy-External-Address`, `Front-End-Https`, `X-Scheme`, `X-Url-Scheme`, and those of Akamai, Azure, App Engine, Cloudflare, Digital Ocean, Fastly, Fly, Imperva, Netlify, Vercel and WebLogic | servers believe what they say of where a request comes from | [`client_address`](Proxy::client_address), [`keep_forwarded_fields`](Proxy::keep_forwarded_fields) |
//! | `X-Original-URL`, `X-Original-URI`, `X-Rewrite-URL`, `X-Envoy-Original-Path`, `X-Script-Name`, `Script-Name`, `X-Original-Host`, `X-Host`, `X-HTTP-Host-Override`, `X-Original-Method`, `X-HTTP-Method`, `X-HTTP-Method-Override`, `X-Method-Override` | servers take another path, host or method from them, which nobody in front has looked at and no cache knows of | |
//! | `Proxy` | programs behind CGI take it for their setting `HTTP_PROXY` | |
//!
//! Fields of your own that only programs of yours may set are to be added: [`leave_out`](Proxy::leave_out).
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
mod trailers;
mod via;

pub use self::future::ResponseFuture;
#[cfg(all(feature = "axum", feature = "json"))]
pub(crate) use self::problem::Problem;
pub use self::respond::respond;
#[cfg(feature = "axum")]
pub(crate) use self::respond::{Side, respond_as};
pub use self::service::Proxy;
pub use self::via::InvalidVia;
