//! A stack as a server's answer: what comes in is passed on, and what goes wrong is a response.
//!
//! A [`Client`](crate::Client) is a [`tower::Service`], but not one that a server can mount: it fails where a server has
//! to answer, and it sends what it is given, the fields of the incoming connection included. [`Proxy`] does what
//! stands between the two (RFC 9110 §7.6):
//!
//! - The URI's path and query go under the base URI as they came; its scheme and host are the base's. A path with
//!   [dot segments](#paths) is refused.
//! - Cookies and keys of whoever asks [stay behind](#who-asks-and-for-whom) until you name them, and he cannot say what
//!   the client says of itself.
//! - `Connection`, what it names, and the other fields of one connection stay behind, in both directions, and so does
//!   a `Content-Length` beside a `Transfer-Encoding`. `Host` is the upstream's, `Via` names this hop.
//! - Fields that anybody could write to deceive the upstream are [left out](#what-is-left-out).
//! - Bodies stream both ways and are never gathered. Trailers pass to those who ask for them, without what was taken
//!   out of the header and what belongs there alone (RFC 9110 §6.5.1).
//! - Extensions of the request stay: an override, a [`Deadline`](crate::Deadline) or a
//!   [`Partition`](crate::Partition) that a middleware of yours has put there is honoured by the stack.
//! - Users are told apart for a cache in the stack [by their cookies](Proxy::partition_by_cookies), and who is not known
//!   is [anyone](crate::Partition::anyone): no visitor is given what is for one user, nor the session of another.
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
//! let proxy = Proxy::new(client)?.every_cookie(); // the upstream is a part of this site
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
//! # Who asks, and for whom
//!
//! A browser's cookies and keys are for the site that it sees. Unless told otherwise a proxy keeps them from the upstream,
//! which may be anybody's:
//!
//! | what | goes on with |
//! | --- | --- |
//! | `Cookie`, and `Set-Cookie` on the way back | [`cookie`](Proxy::cookie) by name, [`every_cookie`](Proxy::every_cookie), [`keep(COOKIE)`](Proxy::keep) |
//! | `Authorization`, `X-Api-Key` | [`keep`](Proxy::keep) by name |
//!
//! So a proxy in front of an upstream of your own, where users sign in, is
//! `Proxy::new(client)?.every_cookie().keep(AUTHORIZATION)`; one in front of a third party's is `Proxy::new(client)?`.
//!
//! What the client has of its own is not for callers to say: its [default fields](crate::ClientBuilder::header) and its
//! [credentials](crate::ClientBuilder::credentials) (fields, parameters and cookies) take the place of what comes in.
//! A default field gives way again if it is [kept](Proxy::keep) by name; credentials do if a middleware puts an
//! [`auth::Override`](crate::auth::Override) with [`overwrite(false)`](crate::auth::Override::overwrite), or with
//! credentials of its own, into the request. Whatever passes does so with the client's credentials, so
//! put the sign-in of your own users in front.
//!
//! # Paths
//!
//! A segment that is `.` or `..` to some server is refused (400), since who looks at paths in front, such as a router
//! with a guarded `/admin`, sees another path than the upstream: in plain, encoded up to three times over, in overlong
//! UTF-8 or characters that look alike, between backslashes, and with white space, parameters, an encoded `?` or `#`,
//! or a NUL about it. [`keep_dot_segments`](Proxy::keep_dot_segments) has them go on where the base URI has no path;
//! out of that path none leads. A target that is too long is a 414.
//!
//! Servers differ in more than that: in what `//` means, in small letters and capitals, in what else they decode. A guard in
//! front of a proxy is no guard for the upstream; one that refuses all but known paths is a better one than
//! one that refuses some.
//!
//! What the upstream says of places comes back as it is: `Location`, `Content-Location`, and `Path` and `Domain` of
//! cookies mean what they mean under *its* address. (`Alt-Svc` is taken out.) Where it has another path than the proxy
//! or names itself in full, let it know its public address, or rewrite the answer in a layer around the proxy:
//!
//! ```
//! use buttress::{Body, Client, proxy::Proxy};
//! use http::{HeaderValue, Response, header::LOCATION};
//! use tower::{ServiceBuilder, ServiceExt};
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let server = Scripted::new([Step::status(302).header("location", "http://users.internal/v1/login")]);
//! fn public(mut response: Response<Body>) -> Response<Body> {
//!     let place = response.headers().get(LOCATION).and_then(|place| place.to_str().ok());
//!     let path = place.map(|place| place.strip_prefix("http://users.internal").unwrap_or(place));
//!     let path = path.and_then(|path| path.strip_prefix("/v1").filter(|path| path.starts_with('/')));
//!     if let Some(path) = path.and_then(|path| HeaderValue::try_from(format!("/users{path}")).ok()) {
//!         response.headers_mut().insert(LOCATION, path);
//!     }
//!     response
//! }
//!
//! let client = Client::builder().base_uri("http://users.internal/v1").build_over(server)?;
//! // With axum: `Router::new().nest_service("/users", proxy)`.
//! let proxy = ServiceBuilder::new().map_response(public).service(Proxy::new(client)?);
//! # let request = http::Request::get("/").header("host", "a").body(Body::empty())?;
//! let response = proxy.oneshot(request).await?;
//! assert_eq!(response.headers()["location"], "/users/login");
//! # Ok(())
//! # }
//! ```
//!
//! # What is left out
//!
//! Of every request, unless it is [kept](Proxy::keep) by name:
//!
//! - Fields with `_` in their names, since `X_Real_IP` is `X-Real-IP` to programs behind CGI, WSGI, Rack and PHP;
//!   unless [`keep_underscores`](Proxy::keep_underscores) says that there are none.
//! - Fields about where a request comes from, which many servers believe: all that begin with `X-Forwarded-`, and
//!   `Akamai-Client-IP`, `CF-Connecting-IP`, `CF-Connecting-IPv6`, `CF-IPCountry`, `CF-Pseudo-IPv4`, `CF-Visitor`,
//!   `Client-IP`, `DO-Connecting-IP`, `Fastly-Client-IP`, `Fly-Client-IP`, `Forwarded`, `Forwarded-For`,
//!   `Forwarded-For-IP`, `Front-End-Https`, `Incap-Client-IP`, `Proxy-Client-IP`, `Remote-Addr`, `True-Client-IP`,
//!   `WL-Proxy-Client-IP`, `X-AppEngine-User-IP`, `X-Azure-ClientIP`, `X-Azure-SocketIP`, `X-Client-IP`,
//!   `X-ClientIP`, `X-Cluster-Client-IP`, `X-Envoy-External-Address`, `X-Forward-For`, `X-Forwarded`,
//!   `X-NF-Client-Connection-IP`, `X-Original-Forwarded-For`, `X-Originating-IP`, `X-ProxyUser-IP`, `X-Real-IP`,
//!   `X-Remote-Addr`, `X-Remote-IP`, `X-Scheme`, `X-URL-Scheme`, `X-Vercel-Forwarded-For`. What is known of it is
//!   told with [`client_address`](Proxy::client_address); [`keep_forwarded_fields`](Proxy::keep_forwarded_fields)
//!   passes them as they come.
//! - Fields by which servers let a request have another path, host or method than its own, which nobody in front has
//!   looked at and no cache knows of: `Script-Name`, `X-Envoy-Original-Path`, `X-Host`, `X-HTTP-Host-Override`,
//!   `X-HTTP-Method`, `X-HTTP-Method-Override`, `X-Method-Override`, `X-Original-Host`, `X-Original-Method`,
//!   `X-Original-URI`, `X-Original-URL`, `X-Rewrite-URL`, `X-Script-Name`.
//! - `Proxy`, which programs behind CGI take for their setting `HTTP_PROXY`.
//!
//! Fields of your own that only programs of yours may set are to be added: [`leave_out`](Proxy::leave_out).
//!
//! Two events of the level debug say why a client got an answer of ours: `answered with a problem` (`kind`, `status`,
//! `layer`, `reason`) and `not passed on` (`reason`).
//!
//! The gateway among the examples is this over a stack that its flags choose.

mod answers;
mod fields;
mod future;
mod message;
mod problem;
mod refusal;
mod respond;
mod service;
mod settings;
mod trailers;
mod users;
mod via;

pub use self::future::ResponseFuture;
#[cfg(all(feature = "axum", feature = "json"))]
pub(crate) use self::problem::Problem;
pub use self::respond::respond;
pub use self::service::Proxy;
pub use self::via::InvalidVia;
#[cfg(feature = "axum")]
pub(crate) use self::{answers::Side, respond::respond_as};
