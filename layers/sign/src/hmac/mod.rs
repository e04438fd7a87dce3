//! HMAC over a canonical form that you set.
//!
//! Many APIs sign requests in a way of their own: some parts of the request, joined by some
//! separator, through HMAC, in some header. [`Hmac`] is all of them: say which parts, which
//! separator, which header. The receiver uses the same value to [`verify`](Hmac::verify).
//!
//! Where you are free to choose, choose HTTP message signatures (feature `message-signatures`): they
//! say themselves what they cover.
//!
//! # Example
//!
//! ```
//! use std::time::Duration;
//! use buttress_kernel::{Body, WallClock};
//! use buttress_sign::hmac::{DateFormat, Encoding, Hmac, Part};
//! use buttress_sign::{Payload, SignLayer};
//! use http::{HeaderName, HeaderValue, Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let hmac = Hmac::sha256("a shared secret")?
//!     .parts([Part::Method, Part::Authority, Part::PathAndQuery, Part::Date, Part::BodyDigest])?
//!     .date(DateFormat::UnixSeconds, HeaderName::from_static("x-timestamp"))
//!     .encoding(Encoding::Base64)
//!     .prefix(HeaderValue::from_static("v1="));
//!
//! // What the receiver does.
//! let receiver = hmac.clone();
//! let server = service_fn(move |request: Request<Body>| {
//!     let (head, body) = request.into_parts();
//!     let now = buttress_kernel::SystemWallClock.now();
//!     let body = Payload::Bytes(body.as_bytes().unwrap_or_default());
//!     let verdict = receiver.verify(&head, body, now, Duration::from_secs(300));
//!     async move { verdict.map(|()| Response::new(Body::empty())) }
//! });
//!
//! let client = ServiceBuilder::new()
//!     .layer(SignLayer::new(hmac, "https://api.example.com".parse()?))
//!     .service(server);
//! let order = Request::post("https://api.example.com/orders").body(Body::from("tea"))?;
//! assert_eq!(client.oneshot(order).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! | file | purpose |
//! | --- | --- |
//! | `part.rs`, `signer.rs` | the settings, and making a signature |
//! | `date.rs` | how the date is written and read |
//! | `encoding.rs`, `hash.rs` | how bytes are written and read, and hashed |
//! | `canonical.rs` | what is signed, as bytes |
//! | `check.rs` | the receiver's side |

mod canonical;
mod check;
mod date;
mod encoding;
mod hash;
mod part;
mod signer;

pub use self::date::DateFormat;
pub use self::encoding::Encoding;
pub use self::part::Part;
pub use self::signer::Hmac;
