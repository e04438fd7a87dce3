//! AWS Signature Version 4, in headers or in the query.
//!
//! [`SigV4`] signs for AWS and for everybody who speaks its language (`MinIO`, R2, `VPC` Lattice): as a
//! header on each attempt, or as query parameters for a link that is good for a while.
//!
//! # Differences from the SDK
//!
//! Key derivation and signature are those of the crate `aws-sigv4`. The canonical request is made here,
//! for three reasons. That crate writes it to the log at the level TRACE, with the session token in it.
//! It derives the key for every request, and the key is the same for a day: here it is kept, and wiped
//! when the day or the signer is over. And it takes a path as it stands where a service encodes it once
//! (S3), so that a path with an `@` has a signature that the service does not accept. Tests compare the two.
//!
//! # Example
//!
//! ```
//! use buttress_kernel::Body;
//! use buttress_sign::SignLayer;
//! use buttress_sign::sigv4::{Credentials, SigV4};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")?;
//! let signer = SigV4::new(credentials, "eu-central-1", "s3")?.s3();
//! # let server = service_fn(|request: Request<Body>| async move {
//! #     assert!(request.headers()["authorization"].to_str().unwrap().starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"));
//! #     Ok::<_, std::convert::Infallible>(Response::new(Body::empty()))
//! # });
//!
//! let client = ServiceBuilder::new()
//!     // .layer(retry) and all the rest
//!     .layer(SignLayer::new(signer, "https://bucket.s3.eu-central-1.amazonaws.com".parse()?))
//!     .service(server);
//! let uri = "https://bucket.s3.eu-central-1.amazonaws.com/photos/cat.jpg";
//! client.oneshot(Request::get(uri).body(Body::empty())?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! A link that is good for ten minutes:
//!
//! ```
//! use std::time::Duration;
//! use buttress_kernel::WallClock;
//! use buttress_sign::sigv4::{Credentials, SigV4};
//! use buttress_sign::{Payload, Sign};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let credentials = Credentials::new("AKIDEXAMPLE", "secret")?;
//! let signer = SigV4::new(credentials, "eu-central-1", "s3")?
//!     .s3()
//!     .query(Duration::from_secs(600))?;
//! let request = http::Request::get("https://bucket.s3.eu-central-1.amazonaws.com/cat.jpg").body(())?;
//! let (mut head, ()) = request.into_parts();
//! signer.sign(&mut head, Payload::Stream, buttress_kernel::SystemWallClock.now())?;
//! assert!(head.uri.query().unwrap().contains("X-Amz-Signature="));
//! # Ok(())
//! # }
//! ```
//!
//! | file | purpose |
//! | --- | --- |
//! | `signer.rs` | the settings |
//! | `credentials.rs` | who signs |
//! | `apply.rs` | what is added to the request |
//! | `canonical.rs` | what is signed, as bytes |
//! | `escape.rs` | paths and queries in the one form that AWS compares |
//! | `keys.rs` | the key of the day |
//! | `stamp.rs` | the date |

mod apply;
mod canonical;
mod credentials;
mod escape;
mod keys;
mod signer;
mod stamp;

pub use self::credentials::Credentials;
pub use self::signer::SigV4;
