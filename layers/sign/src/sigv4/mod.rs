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
//!     .layer(SignLayer::new(signer).origin("https://bucket.s3.eu-central-1.amazonaws.com".parse()?))
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
//!     .unsigned_payload()
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
//! | `mod.rs` | the settings |
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
mod stamp;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::request::Parts;

use self::keys::Keys;
use crate::{InvalidSettings, Payload, Sign, SignError};

pub use self::credentials::Credentials;

/// A link is good for a week at most.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Signs as AWS wants it.
///
/// | setting | default |
/// | --- | --- |
/// | [`s3`](Self::s3) | no: paths are normalised and encoded twice, as all services but S3 want it |
/// | [`query`](Self::query) | no: the signature is in headers |
/// | [`content_sha256`](Self::content_sha256) | no `X-Amz-Content-Sha256`, unless the payload is unsigned |
/// | [`unsigned_streams`](Self::unsigned_streams), [`unsigned_payload`](Self::unsigned_payload) | bodies are signed, and streams refused |
/// | [`unsigned_token`](Self::unsigned_token) | the session token is signed |
///
/// All headers of the request are signed, except those that proxies change: `Authorization`,
/// `User-Agent`, `X-Amzn-Trace-Id`, and what belongs to the connection.
#[derive(Clone)]
pub struct SigV4 {
    credentials: Credentials,
    scope: Arc<Scope>,
    keys: Arc<Keys>,
    place: Place,
    unsigned: Unsigned,
    content_sha256: bool,
    double_encode: bool,
    normalize: bool,
    token_signed: bool,
}

/// What the key is good for.
#[derive(Debug)]
struct Scope {
    region: String,
    service: String,
}

/// Where the signature goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Headers,
    Query { expires: Duration },
}

/// Which bodies are left out of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unsigned {
    None,
    Streams,
    All,
}

impl SigV4 {
    /// Signs for a service in a region, such as `execute-api` in `eu-central-1`.
    ///
    /// # Errors
    ///
    /// If one of the names is empty or is not letters, digits and hyphens.
    pub fn new(
        credentials: Credentials,
        region: &str,
        service: &str,
    ) -> Result<Self, InvalidSettings> {
        let is_name = |text: &str| {
            let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
            !text.is_empty() && text.bytes().all(fits)
        };
        if !is_name(region) || !is_name(service) {
            return Err(InvalidSettings::new(
                "the names of region and service are letters, digits and hyphens, such as \
                 eu-central-1 and execute-api",
            ));
        }
        let scope = Scope {
            region: region.to_owned(),
            service: service.to_owned(),
        };
        Ok(Self {
            credentials,
            scope: Arc::new(scope),
            keys: Arc::default(),
            place: Place::Headers,
            unsigned: Unsigned::None,
            content_sha256: false,
            double_encode: true,
            normalize: true,
            token_signed: true,
        })
    }

    /// As S3 wants it: the path as it is, encoded once, and the payload's hash in a header.
    #[must_use]
    pub fn s3(self) -> Self {
        self.double_encode(false)
            .normalize(false)
            .content_sha256(true)
    }

    /// Puts the signature into the query instead of headers, where it is good for `expires`, in whole
    /// seconds.
    ///
    /// # Errors
    ///
    /// If that is less than a second or more than seven days.
    pub fn query(mut self, expires: Duration) -> Result<Self, InvalidSettings> {
        if expires < Duration::from_secs(1) || expires > LONGEST {
            return Err(InvalidSettings::new(
                "a signature in a query is good for one second at least and seven days at most",
            ));
        }
        self.place = Place::Query { expires };
        Ok(self)
    }

    /// Sends the hash of the body, or what stands for it, in `X-Amz-Content-Sha256`. A signature in a
    /// query has none.
    #[must_use]
    pub fn content_sha256(mut self, yes: bool) -> Self {
        self.content_sha256 = yes;
        self
    }

    /// Whether the path is encoded once more before it is signed.
    #[must_use]
    pub fn double_encode(mut self, yes: bool) -> Self {
        self.double_encode = yes;
        self
    }

    /// Whether `.`, `..` and empty segments are taken out of the path before it is signed.
    #[must_use]
    pub fn normalize(mut self, yes: bool) -> Self {
        self.normalize = yes;
        self
    }

    /// Signs streams without their bodies, as `UNSIGNED-PAYLOAD`, and bytes with. Use TLS: whoever
    /// carries such a request can change its body unseen. Few services but S3 allow it.
    #[must_use]
    pub fn unsigned_streams(mut self) -> Self {
        self.unsigned = Unsigned::Streams;
        self
    }

    /// Signs no body at all, as `UNSIGNED-PAYLOAD`. Use TLS, as above.
    #[must_use]
    pub fn unsigned_payload(mut self) -> Self {
        self.unsigned = Unsigned::All;
        self
    }

    /// Adds the session token after signing instead of signing it too, as some services want it.
    #[must_use]
    pub fn unsigned_token(mut self) -> Self {
        self.token_signed = false;
        self
    }
}

impl Sign for SigV4 {
    fn scheme(&self) -> &'static str {
        "sigv4"
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        match self.place {
            Place::Headers => self.sign_headers(head, body, now),
            Place::Query { expires } => self.sign_query(head, body, now, expires),
        }
    }
}

impl fmt::Debug for SigV4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigV4")
            .field("credentials", &self.credentials)
            .field("scope", &self.scope)
            .field("place", &self.place)
            .field("unsigned", &self.unsigned)
            .finish_non_exhaustive()
    }
}
