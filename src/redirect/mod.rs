//! Redirects, followed as far as a policy allows.
//!
//! A server may answer that the thing asked for is elsewhere. Following blindly is how credentials reach
//! strangers, how a `POST` turns into a `GET` that looks like a success, and how a program ends up in a
//! loop or in its own network. So nothing is followed unless a [`Policy`] says so, for a client
//! ([`ClientBuilder::redirects`](crate::ClientBuilder::redirects)) or for one request
//! ([`RequestBuilder::redirects`](crate::RequestBuilder::redirects)); without one the 3xx is the response.
//!
//! ```
//! use buttress::{Client, redirect};
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::status(301).header("location", "/v2/users"), Step::ok().body("[]")]);
//! let client = Client::builder()
//!     .base_uri("https://api.example.com/v1")
//!     .redirects(redirect::Policy::same_origin())
//!     .build_over(server)?;
//! let response = client.get("/users").send().await?;
//! assert_eq!(response.status(), 200);
//! assert_eq!(response.uri(), "https://api.example.com/v2/users");
//! # Ok(())
//! # }
//! ```
//!
//! # What is sent ([RFC 9110 §15.4](https://www.rfc-editor.org/rfc/rfc9110#section-15.4))
//!
//! | status | method | body |
//! | --- | --- | --- |
//! | 301, 302 | `POST` becomes `GET`; every other stays, `PUT`, `PATCH` and `DELETE` among them | gone with the `POST`, else sent again |
//! | 303 | `HEAD` stays; every other becomes `GET` | gone |
//! | 307, 308 | stays | sent again |
//!
//! Other statuses, and a redirect without a `Location`, are responses like any other. A body is sent again
//! if it [can be](buttress_kernel::Replay::can_replay); if not, the call fails and says so. With the body
//! go the fields that describe it; with a method that changes its conditions, `Range`, and the
//! [idempotency key](crate::kernel::IdempotencyHeader).
//!
//! To another origin (scheme, host or port) go no credentials: of the caller's own fields only those stay
//! that say something about the client or the content (`Accept` and its kin, `User-Agent`,
//! `Content-Type`, `Range`, a trace's context), and no value that is marked sensitive. They do not
//! come back either, should a later hop lead home. What layers inside add (default headers, credentials)
//! is decided anew on each hop, for the origin that it goes to; of a client without a base URI, default headers go to
//! the origin of the call alone, but for those about the client. A body that is sent again goes along, whatever is
//! in it: where that is a secret, follow [at home](Policy::same_origin) alone.
//!
//! The fragment of a `Location` is passed over: it is never sent, and no URI here has one to hand on (§10.2.2).
//!
//! # What is refused
//!
//! With a [`NotFollowed`] error: more redirects than [allowed](Policy::most), a method and URI that have
//! been tried already, a step from https to http unless [allowed](Policy::downgrade), and a
//! `Location` that is malformed, holds credentials or a backslash, or means something else than http.
//!
//! # Differs from tower-http
//!
//! `tower_http::follow_redirect` copies the head of every request and clones bodies through `&B`, so it
//! cannot send a stream again, whatever is left of it; a body that cannot be sent again, a hostile
//! `Location` and one redirect too many all look like the server's last word. Here the three are errors,
//! loops are noticed, a policy can differ by request, and a request without a policy costs nothing.

mod carry;
mod drain;
mod error;
mod layer;
mod location;
mod policy;
mod service;
mod step;

#[cfg(test)]
pub(crate) use self::error::looped;
pub use self::error::{NotFollowed, Reason};
pub use self::layer::{Override, RedirectLayer, Redirected};
#[cfg(feature = "json")]
pub(crate) use self::location::{resolve, written};
pub use self::policy::{Hop, Policy, Verdict};
pub use self::service::{Redirect, ResponseFuture};
