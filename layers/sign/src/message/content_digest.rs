//! Digests of bodies in fields ([RFC 9530](https://www.rfc-editor.org/rfc/rfc9530)).
//!
//! A signature covers the head of a message and, through a digest in a field, the body: cover the field,
//! and check the body against it. [`verify`](super::verify) sees the head alone.
//!
//! ```
//! use buttress_sign::message::content_digest::{self, CONTENT_DIGEST, DigestAlgorithm};
//!
//! let mut headers = http::HeaderMap::new();
//! headers.insert(CONTENT_DIGEST, DigestAlgorithm::Sha256.field(b"tea"));
//! content_digest::check(&headers, &CONTENT_DIGEST, b"tea")?;
//! assert!(content_digest::check(&headers, &CONTENT_DIGEST, b"tee").is_err());
//! # Ok::<_, buttress_sign::Unverified>(())
//! ```

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};
use ring::digest::{SHA256, SHA512, digest};
use sfv::{Dictionary, ListEntry, Parser};

use super::value;
use crate::{Reason, Unverified};

/// The digest of the content, as it is sent.
pub const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");

/// The digest of the whole representation, of which a partial response sends but a part.
pub const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// A hash function that is good enough
/// ([RFC 9530 §5](https://www.rfc-editor.org/rfc/rfc9530#section-5)); the older ones are not.
// Open: the registry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// The name in the registry.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// The value of a digest field for these bytes.
    #[must_use]
    #[allow(clippy::missing_panics_doc, reason = "letters are always fit")]
    pub fn field(self, bytes: &[u8]) -> HeaderValue {
        let value = format!("{}=:{}:", self.as_str(), STANDARD.encode(self.hash(bytes)));
        HeaderValue::try_from(value).expect("letters of Base64 are fit for a header")
    }

    fn hash(self, bytes: &[u8]) -> impl AsRef<[u8]> {
        match self {
            Self::Sha256 => digest(&SHA256, bytes),
            Self::Sha512 => digest(&SHA512, bytes),
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Sha256, Self::Sha512]
            .into_iter()
            .find(|known| known.as_str() == name)
    }
}

/// Whether `bytes` have the digests that a field says they have: all of those by hash functions that
/// are good enough, of which there must be one. Others are passed over.
///
/// # Errors
///
/// If the field is missing or cannot be read, has no such digest, or has the digest of something else.
pub fn check(headers: &HeaderMap, name: &HeaderName, bytes: &[u8]) -> Result<(), Unverified> {
    if !headers.contains_key(name) {
        return Err(Reason::Missing.into());
    }
    let text = value::combined(headers, name).map_err(|_| Reason::Malformed)?;
    let parsed = Parser::new(&text).parse::<Dictionary>();
    let fields = parsed.map_err(|_| Reason::Malformed)?;
    let mut found = false;
    for (name, entry) in &fields {
        let Some(algorithm) = DigestAlgorithm::parse(name.as_str()) else {
            continue;
        };
        let claimed = bytes_of(entry).ok_or(Reason::Malformed)?;
        // Both are public, so that it need not take the same time.
        if claimed != algorithm.hash(bytes).as_ref() {
            return Err(Reason::OtherBody.into());
        }
        found = true;
    }
    if found {
        Ok(())
    } else {
        Err(Reason::Insufficient.into())
    }
}

/// The bytes that a member of a dictionary is.
pub(super) fn bytes_of(entry: &ListEntry) -> Option<&[u8]> {
    match entry {
        ListEntry::Item(item) => item.bare_item.as_byte_sequence(),
        ListEntry::InnerList(_) => None,
    }
}
