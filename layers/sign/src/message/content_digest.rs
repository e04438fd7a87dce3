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
use ring::digest::{Context, SHA256, SHA512, digest};
use sfv::{Dictionary, ListEntry, Parser};

use super::component::{Component, Name};
use super::params::SignatureParams;
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
        digest(self.function(), bytes)
    }

    fn function(self) -> &'static ring::digest::Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha512 => &SHA512,
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
/// Looks at the whole field, so the signature must cover the whole field too: where it covers one member
/// with `key`, anybody on the way can add another. The layers look at what is covered alone.
///
/// # Errors
///
/// If the field is missing or cannot be read, has no such digest, or has the digest of something else.
pub fn check(headers: &HeaderMap, name: &HeaderName, bytes: &[u8]) -> Result<(), Unverified> {
    let mut claims = Claims::of(headers, name)?;
    claims.update(bytes);
    Ok(claims.finish()?)
}

/// The digests that a field says a body has, and those that it turns out to have.
pub(super) struct Claims(Vec<(Vec<u8>, Context)>);

impl Claims {
    /// Of the whole field.
    pub(super) fn of(headers: &HeaderMap, name: &HeaderName) -> Result<Self, Reason> {
        Self::among(headers, name, |_| true)
    }

    /// Of what a signature covers of the digests of the content: the field, or those members that it
    /// names. Nothing, if it covers none.
    pub(super) fn covered(
        headers: &HeaderMap,
        params: &SignatureParams,
    ) -> Result<Option<Self>, Reason> {
        let keys: Vec<_> = members(params).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let whole = keys.contains(&None);
        let is_covered = |name: &str| whole || keys.contains(&Some(name));
        Self::among(headers, &CONTENT_DIGEST, is_covered).map(Some)
    }

    fn among(
        headers: &HeaderMap,
        name: &HeaderName,
        is_covered: impl Fn(&str) -> bool,
    ) -> Result<Self, Reason> {
        if !headers.contains_key(name) {
            return Err(Reason::Missing);
        }
        let text = value::combined(headers, name).map_err(|_| Reason::Malformed)?;
        let parsed = Parser::new(&text).parse::<Dictionary>();
        let fields = parsed.map_err(|_| Reason::Malformed)?;
        let mut claims = Vec::new();
        let covered = fields.iter().filter(|(name, _)| is_covered(name.as_str()));
        for (name, entry) in covered {
            if let Some(algorithm) = DigestAlgorithm::parse(name.as_str()) {
                let claimed = bytes_of(entry).ok_or(Reason::Malformed)?.to_vec();
                claims.push((claimed, Context::new(algorithm.function())));
            }
        }
        if claims.is_empty() {
            return Err(Reason::Insufficient);
        }
        Ok(Self(claims))
    }

    /// That there is no content, whatever a field says of the content that there might have been.
    pub(super) fn nothing() -> Self {
        let empty = digest(&SHA256, b"").as_ref().to_vec();
        Self(vec![(empty, Context::new(&SHA256))])
    }

    /// The next part of the body.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        for (_, context) in &mut self.0 {
            context.update(bytes);
        }
    }

    /// Whether the body is the one that was meant.
    pub(super) fn finish(self) -> Result<(), Reason> {
        // Both are public, so that it need not take the same time.
        let is_right =
            |(claimed, context): (Vec<u8>, Context)| claimed == context.finish().as_ref();
        if self.0.into_iter().all(is_right) {
            Ok(())
        } else {
            Err(Reason::OtherBody)
        }
    }
}

/// Whether a signature covers a digest of the content of its own message, in whatever form.
pub(super) fn is_covered(params: &SignatureParams) -> bool {
    members(params).next().is_some()
}

/// Which members of the field a signature covers; `None` stands for all of them.
fn members(params: &SignatureParams) -> impl Iterator<Item = Option<&str>> {
    let digests = params.components.iter().filter(|component| {
        component.name == Name::Field(CONTENT_DIGEST) && !component.is_req() && !component.is_tr()
    });
    digests.map(Component::key_param)
}

/// The bytes that a member of a dictionary is.
pub(super) fn bytes_of(entry: &ListEntry) -> Option<&[u8]> {
    match entry {
        ListEntry::Item(item) => item.bare_item.as_byte_sequence(),
        ListEntry::InnerList(_) => None,
    }
}
