use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use buttress_kernel::BoxError;
use http::request::Parts;

use super::credentials::{Credentials, Source};
use super::keys::Keys;
use crate::{InvalidSettings, Payload, Sign, SignError};

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
    pub(super) credentials: Source,
    pub(super) scope: Arc<Scope>,
    pub(super) keys: Arc<Keys>,
    place: Place,
    pub(super) unsigned: Unsigned,
    pub(super) content_sha256: bool,
    pub(super) double_encode: bool,
    pub(super) normalize: bool,
    pub(super) token_signed: bool,
    /// The body is no part of a link.
    pub(super) bare_links: bool,
}

/// What the key is good for.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) region: String,
    pub(super) service: String,
}

/// Where the signature goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Headers,
    Query { expires: Duration },
}

/// Which bodies are left out of the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unsigned {
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
        Self::made(Source::Fixed(credentials), region, service)
    }

    /// Signs with what `provider` returns, which is asked before each signature: for temporary credentials,
    /// which somebody renews in the background. It must not block.
    ///
    /// ```
    /// use std::sync::{Arc, RwLock};
    /// use buttress_sign::sigv4::{Credentials, SigV4};
    ///
    /// let credentials = Credentials::new("ASIAEXAMPLE", "secret")?.session_token("token")?;
    /// let current = Arc::new(RwLock::new(credentials));
    /// let shared = Arc::clone(&current);
    /// let provider = move || Ok(shared.read().map_err(|_| "the renewal has panicked")?.clone());
    /// let signer = SigV4::provided(provider, "eu-central-1", "execute-api")?;
    /// # drop(signer);
    /// # Ok::<_, buttress_sign::InvalidSettings>(())
    /// ```
    ///
    /// # Errors
    ///
    /// If one of the names is empty or is not letters, digits and hyphens. An error of the provider is
    /// one of the request, which is not sent.
    pub fn provided<P>(provider: P, region: &str, service: &str) -> Result<Self, InvalidSettings>
    where
        P: Fn() -> Result<Credentials, BoxError> + Send + Sync + 'static,
    {
        Self::made(Source::Provider(Arc::new(provider)), region, service)
    }

    fn made(credentials: Source, region: &str, service: &str) -> Result<Self, InvalidSettings> {
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
            bare_links: false,
        })
    }

    /// As S3 wants it: the path as it is, encoded once, and the payload's hash in a header. In a
    /// [query](Self::query) the payload is unsigned, whatever the body, unless the request has an
    /// `X-Amz-Content-Sha256`.
    #[must_use]
    pub fn s3(mut self) -> Self {
        self.bare_links = true;
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
