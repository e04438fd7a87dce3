//! HTTP Digest access authentication ([RFC 7616](https://www.rfc-editor.org/rfc/rfc7616)).
//!
//! The server challenges with a nonce, and the client answers with a hash over the nonce, the request and
//! the password, which itself is never sent. [`DigestLayer`] answers a 401 by sending the request once more,
//! and from then on signs each request to that origin ahead of being asked, with a count of its own.
//!
//! Digest protects the password from being read, and little else; use it over TLS, and only where the
//! server knows nothing better.
//!
//! - Of several challenges the strongest is answered: SHA-512-256, SHA-256, MD5, each with or without
//!   `-sess`; `qop=auth`, `auth-int` where the body is in memory, and none (RFC 2069).
//! - A request is sent twice at most. If it cannot be (a stream that was not kept, or one whose digest
//!   `auth-int` wants), the 401 is the answer, and the next request is signed.
//! - A nonce that is `stale`, or that worked before, is replaced and the request sent again. A fresh nonce
//!   that did not work means that the password is wrong: the 401 is the answer, since asking twice could
//!   lock the account.
//! - The second one counts as an [`Attempt`](buttress_kernel::Attempt), after a 401.
//! - `nextnonce` is used. A challenge that came is the one that is answered, whatever others
//!   have learned meanwhile.
//! - A request that brings its own `Authorization` is let pass, and so is a proxy's 407.
//!
//! **Place it under retry**, where each attempt is answered by itself, and above
//! [`SignLayer`](crate::SignLayer) if both are needed.
//!
//! # Example
//!
//! ```
//! use buttress_kernel::Body;
//! use buttress_sign::digest::DigestLayer;
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let server = service_fn(|request: Request<Body>| async move {
//!     let response = match request.headers().get("authorization") {
//!         Some(_) => Response::builder(),
//!         None => Response::builder().status(401).header(
//!             "www-authenticate",
//!             r#"Digest realm="books", nonce="abc", algorithm=SHA-256, qop="auth""#,
//!         ),
//!     };
//!     response.body(Body::empty())
//! });
//!
//! let layer = DigestLayer::new("https://api.example.com".parse()?, "Mufasa", "Circle of Life")?;
//! let client = ServiceBuilder::new().layer(layer).service(server);
//! let request = Request::get("https://api.example.com/books").body(Body::empty())?;
//! assert_eq!(client.oneshot(request).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs`, `service.rs`, `future.rs` | the middleware |
//! | `pending.rs` | what is needed once the first response is there |
//! | `session.rs` | what is known of an origin; pure |
//! | `challenge.rs`, `parse.rs` | what servers ask for; pure |
//! | `answer.rs`, `algorithm.rs` | what they are answered; pure |

mod algorithm;
mod answer;
mod challenge;
pub mod future;
mod layer;
mod parse;
mod pending;
mod service;
mod session;

pub use self::layer::DigestLayer;
pub(crate) use self::pending::Outcome;
pub use self::service::Digest;

/// The name of the scheme in events and metrics.
const SCHEME: &str = "digest";

#[cfg(test)]
mod tests;
