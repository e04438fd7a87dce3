//! HTTP message signatures ([RFC 9421](https://www.rfc-editor.org/rfc/rfc9421)) and digest fields
//! ([RFC 9530](https://www.rfc-editor.org/rfc/rfc9530)), for both sides.
//!
//! A message signature says itself what it covers: the method, parts of the URI, fields, and through a
//! digest the body. Proxies may add and change the rest, and several parties can sign one message, each
//! under a label of its own.
//!
//! [`MessageSigner`] signs requests in a [`SignLayer`](crate::SignLayer) and messages of any kind by
//! hand. [`verify`] is the other side: a pure function of a message's head, a look-up of keys, a
//! [`Policy`], and the time. [`VerifyLayer`] calls it for each request of a server, and has the body
//! checked against its digest while it is read. [`VerifyResponseLayer`] does the same for each response
//! that a client gets, together with the request that it answers.
//!
//! # Example
//!
//! ```
//! use buttress_kernel::{Body, WallClock};
//! use buttress_sign::message::content_digest::{self, CONTENT_DIGEST, DigestAlgorithm};
//! use buttress_sign::message::{Component, Message, MessageSigner, Policy, SigningKey, VerifyingKey, verify};
//! use buttress_sign::{SignLayer, Unverified};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let private = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n-----END PRIVATE KEY-----";
//! # let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n-----END PUBLIC KEY-----";
//! let covered = || [Component::method(), Component::target_uri(), Component::field(CONTENT_DIGEST)];
//! let signer = MessageSigner::new(SigningKey::ed25519(private)?, covered())?
//!     .key_id("client-1")?
//!     .content_digest(DigestAlgorithm::Sha256);
//!
//! // What the receiver does.
//! let (policy, key) = (Policy::new(covered())?, VerifyingKey::ed25519(public)?);
//! let server = service_fn(move |request: Request<Body>| {
//!     let (head, body) = request.into_parts();
//!     let now = buttress_kernel::SystemWallClock.now();
//!     let keys = |params: &buttress_sign::message::SignatureParams| {
//!         (params.key_id() == Some("client-1")).then(|| key.clone())
//!     };
//!     let verdict = verify(&Message::request(&head), keys, &policy, now)
//!         .and_then(|_| content_digest::check(&head.headers, &CONTENT_DIGEST, body.as_bytes().unwrap()));
//!     async move { verdict.map(|()| Response::new(Body::empty())) }
//! });
//!
//! let client = ServiceBuilder::new()
//!     .layer(SignLayer::new(signer, "https://api.example.com".parse()?))
//!     .service(server);
//! let order = Request::post("https://api.example.com/orders").body(Body::from("tea"))?;
//! assert_eq!(client.oneshot(order).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! # Hostile messages
//!
//! A component that is named twice, a component or parameter of one that nobody knows, a parameter of the
//! wrong type, more than 64 components, fields of more than 16 KiB and signature bases of more than 256 KiB
//! make a signature malformed. Unknown parameters of the signature itself are covered like the known ones.
//!
//! | file | purpose |
//! | --- | --- |
//! | `signer.rs` | settings, and making a signature |
//! | `check.rs`, `policy.rs` | finding and judging a signature |
//! | `component.rs`, `identifier.rs`, `value.rs`, `view.rs` | what can be covered, and what it is in a message |
//! | `base.rs`, `params.rs` | what is signed |
//! | `fields.rs` | `Signature-Input` and `Signature` |
//! | `signing_key.rs`, `verifying_key.rs`, `der.rs`, `algorithm.rs` | keys |
//! | `verify_layer.rs`, `verifying.rs`, `body.rs` | the server's side as middleware |
//! | `verify_response_layer.rs`, `verifying_responses.rs`, `future.rs` | the client's side |
//! | `content_digest.rs` | digests of bodies |

mod algorithm;
mod base;
pub mod body;
mod check;
mod component;
pub mod content_digest;
mod der;
mod fields;
pub mod future;
mod identifier;
mod params;
mod policy;
mod signer;
mod signing_key;
mod text;
mod value;
mod verify_layer;
mod verify_response_layer;
mod verifying;
mod verifying_key;
mod verifying_responses;
mod view;

pub use self::algorithm::Algorithm;
pub use self::check::verify;
pub use self::component::Component;
pub use self::fields::MadeSignature;
pub use self::params::SignatureParams;
pub use self::policy::Policy;
pub use self::signer::MessageSigner;
pub use self::signing_key::SigningKey;
pub use self::verify_layer::VerifyLayer;
pub use self::verify_response_layer::VerifyResponseLayer;
pub use self::verifying::Verifying;
pub use self::verifying_key::VerifyingKey;
pub use self::verifying_responses::VerifyingResponses;
pub use self::view::{Message, Structure};
