//! Signs each attempt of a request, as a tower layer.
//!
//! A signature proves who sent a request and that nobody changed it on the way. It holds a date, so
//! it must be made last: one that was made before a wait in a queue or a backoff is refused when it
//! arrives. [`SignLayer`] stands **innermost**, under retry and every limit, and signs each attempt
//! anew. It takes any [`Sign`]; three come with this crate, each behind a feature. Digest, which has to
//! be asked first, is a layer of its own.
//!
//! | feature | scheme | type |
//! | --- | --- | --- |
//! | `hmac` | HMAC over a form that you set, with the receiver's side | `hmac::Hmac` |
//! | `sigv4` | AWS Signature Version 4, in headers or in the query | `sigv4::SigV4` |
//! | `message-signatures` | HTTP message signatures (RFC 9421) and digests (RFC 9530), both sides, of requests and responses | `message::MessageSigner` |
//! | `digest` | HTTP Digest (RFC 7616), which answers a 401 | `digest::DigestLayer` |
//!
//! # Example
//!
//! ```
//! # #[cfg(feature = "hmac")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! use buttress_kernel::Body;
//! use buttress_sign::SignLayer;
//! use buttress_sign::hmac::Hmac;
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! let server = service_fn(|request: Request<Body>| async move {
//!     assert!(request.headers().contains_key("x-signature"));
//!     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
//! });
//! let client = ServiceBuilder::new()
//!     // .layer(retry), limits, a breaker, and last of all
//!     .layer(SignLayer::new(Hmac::sha256("a shared secret")?, "https://api.example.com".parse()?))
//!     .service(server);
//!
//! let request = Request::get("https://api.example.com/orders").body(Body::empty())?;
//! client.oneshot(request).await?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "hmac"))]
//! # fn main() {}
//! ```
//!
//! # What is signed, and what is not
//!
//! - A body in memory can be digested; a stream cannot, and is refused with an error that says so,
//!   unless the scheme can leave it out and you said that it may.
//! - A signer is bound to the [origins](Origin) where it belongs. An absolute URI elsewhere, a redirect,
//!   `http` instead of `https`, and another `Host` go unsigned, with an event.
//! - One request goes unsigned with [`Override::skip`].
//!
//! Keys are held in a [`Secret`], which is wiped when it is dropped, and are in no event, no error and
//! no `Debug` output. The values of headers that carry a signature are marked sensitive.
//!
//! # Differences
//!
//! tower and tower-http have no layer that signs; tower-http's `AddAuthorizationLayer` adds the same
//! value to each request, wherever it goes.
//!
//! | file | purpose |
//! | --- | --- |
//! | `sign.rs` | the trait, and what a signer may know of a body |
//! | `layer.rs`, `service.rs`, `future.rs` | the middleware |
//! | `origin.rs` | where signatures may go |
//! | `body.rs` | finds the bytes of bodies in memory |
//! | `overrides.rs` | what one request wants otherwise |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "hmac", feature = "message-signatures"))]
mod authority;
mod body;
#[cfg(feature = "digest")]
#[cfg_attr(docsrs, doc(cfg(feature = "digest")))]
pub mod digest;
mod error;
pub mod future;
#[cfg(any(feature = "digest", feature = "hmac", feature = "sigv4"))]
mod hex;
#[cfg(feature = "hmac")]
#[cfg_attr(docsrs, doc(cfg(feature = "hmac")))]
pub mod hmac;
mod layer;
#[cfg(feature = "message-signatures")]
#[cfg_attr(docsrs, doc(cfg(feature = "message-signatures")))]
pub mod message;
mod origin;
mod overrides;
#[cfg(any(feature = "digest", feature = "message-signatures", feature = "sigv4"))]
mod percent;
mod secret;
mod service;
mod sign;
#[cfg(feature = "sigv4")]
#[cfg_attr(docsrs, doc(cfg(feature = "sigv4")))]
pub mod sigv4;
#[cfg(any(feature = "digest", feature = "hmac", feature = "message-signatures"))]
mod target;
mod telemetry;
#[cfg(any(feature = "hmac", feature = "message-signatures"))]
mod unverified;

pub use self::error::{InvalidSettings, SignError};
pub use self::layer::SignLayer;
pub use self::origin::Origin;
pub use self::overrides::Override;
pub use self::secret::Secret;
pub use self::service::Signing;
pub use self::sign::{Payload, Sign};
#[cfg(any(feature = "hmac", feature = "message-signatures"))]
pub use self::unverified::{Reason, Unverified};
