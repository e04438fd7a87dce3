//! What of an incoming request goes along with the calls that are made for it.
//!
//! A server that answers with the help of others often has to tell them who asks, and in which trace. Handing on all
//! fields does too much: it sends one service's cookies to another, lets anybody write his own address, and
//! mixes what belongs to one connection into the next. [`Forward`] is a list of what may go along, made once;
//! [`Forwarded`] is what one request brought of it; and [`Client::with`](crate::Client::with) is the client for that
//! request.
//!
//! ```
//! use std::time::Duration;
//! use buttress::Client;
//! use buttress::forward::Forward;
//! use http::{HeaderMap, HeaderName, HeaderValue};
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::ok()]);
//! // Once, beside the client:
//! let client = Client::builder().base_uri("https://users.internal").build_over(server.clone())?;
//! let forward = Forward::new()
//!     .cookie("session")?
//!     .trace_context()
//!     .request_id()
//!     .deadline_in(HeaderName::from_static("x-request-timeout-ms"), Duration::from_secs(10));
//!
//! // For each request that comes in; with axum, `Forwarded` is an extractor:
//! # let mut incoming = http::Request::new(()).into_parts().0;
//! # incoming.headers.insert("cookie", HeaderValue::from_static("theme=dark; session=s3cret"));
//! let forwarded = forward.read(&incoming.headers, &incoming.extensions);
//! client.with(&forwarded).get("/users/me").send().await?;
//! # assert_eq!(server.calls()[0].header("cookie"), Some("session=s3cret"));
//! # Ok(())
//! # }
//! ```
//!
//! # What goes where
//!
//! | what | to the client's base URI | to another origin |
//! | --- | --- | --- |
//! | [cookies](Forward::cookie), [fields](Forward::header) by name | yes, marked as sensitive | never |
//! | [request id](Forward::request_id), [baggage](Forward::baggage), [client address](Forward::client_address) | yes | no |
//! | [trace context](Forward::trace_context) | yes | yes |
//! | [deadline](Forward::deadline_in) | holds for the call | holds for the call |
//!
//! Another origin is that of an absolute URI, or one that a redirect or a page's link leads to. A client without a
//! base URI refuses a call with cookies or fields by name, since nobody knows whom they are for; what is no secret goes
//! to the origin that the call names. A field that a request sets itself is not replaced; a forwarded one takes the place
//! of the client's [default](crate::ClientBuilder::header), cookies of the client among them.
//!
//! # Whose responses they are
//!
//! A response to a request with somebody's cookie is his. A cache cannot see that (cookies are not in its key), so
//! requests with forwarded cookies or fields by name carry a [`Partition`](crate::Partition) made of them, unless
//! they have one of their own: what was stored for one user is not found by another. Its key is random, so where a
//! cache's store outlives the process or is shared by several, each has to ask for itself. Who brings none of them
//! is [anyone](crate::Partition::anyone), not a user: a private cache keeps for all of them what a shared one may.

mod address;
mod apply;
mod check;
mod cookies;
mod error;
mod forwarded;
mod names;
mod policy;
mod read;

pub use self::address::ClientAddress;
pub(crate) use self::address::X_FORWARDED_FOR;
pub(crate) use self::apply::Bound;
pub(crate) use self::cookies::Cookies;
pub use self::error::InvalidForward;
pub use self::forwarded::Forwarded;
pub(crate) use self::names::{Claim, are_alike, claim, is_about_the_way};
pub use self::policy::Forward;
