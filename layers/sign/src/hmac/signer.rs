use std::fmt;
use std::time::SystemTime;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Uri, header};
use ring::hmac;

use super::date::DateFormat;
use super::encoding::Encoding;
use super::hash::Hash;
use super::part::Part;
use crate::{InvalidSettings, Payload, Secret, Sign, SignError, authority};

const SIGNATURE: HeaderName = HeaderName::from_static("x-signature");

/// Signs by HMAC over a canonical form, and verifies it.
///
/// | setting | default |
/// | --- | --- |
/// | [`parts`](Self::parts) | method, authority, path and query, date, body digest |
/// | [`separator`](Self::separator) | a line feed |
/// | [`signature_header`](Self::signature_header) | `X-Signature` |
/// | [`prefix`](Self::prefix) | none |
/// | [`encoding`](Self::encoding) | lower-case hexadecimal |
/// | [`date`](Self::date) | HTTP's form, in `Date` |
/// | [`digest_header`](Self::digest_header) | none |
/// | [`key_id`](Self::key_id) | none |
/// | [`unsigned_streams`](Self::unsigned_streams) | streams are refused |
/// | [`uri_scheme`](Self::uri_scheme) | that of the URI, which a receiver seldom knows |
#[derive(Clone)]
pub struct Hmac {
    key: Secret,
    pub(super) hash: Hash,
    pub(super) parts: Vec<Part>,
    pub(super) separator: Vec<u8>,
    pub(super) signature_header: HeaderName,
    pub(super) prefix: HeaderValue,
    pub(super) encoding: Encoding,
    pub(super) date: DateFormat,
    pub(super) date_header: HeaderName,
    pub(super) digest_header: Option<HeaderName>,
    key_id: Option<(HeaderName, HeaderValue)>,
    pub(super) unsigned: Option<&'static str>,
    uri_scheme: Option<&'static str>,
}

impl Hmac {
    /// HMAC-SHA256 with this key.
    ///
    /// # Errors
    ///
    /// If the key is empty, as a variable that nobody has set is.
    pub fn sha256(key: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        Self::new(key.into(), Hash::Sha256)
    }

    /// HMAC-SHA512 with this key.
    ///
    /// # Errors
    ///
    /// If the key is empty, as a variable that nobody has set is.
    pub fn sha512(key: impl Into<Secret>) -> Result<Self, InvalidSettings> {
        Self::new(key.into(), Hash::Sha512)
    }

    fn new(key: Secret, hash: Hash) -> Result<Self, InvalidSettings> {
        if key.expose().is_empty() {
            return Err(InvalidSettings::new("a key for HMAC must not be empty"));
        }
        Ok(Self {
            key,
            hash,
            parts: vec![
                Part::Method,
                Part::Authority,
                Part::PathAndQuery,
                Part::Date,
                Part::BodyDigest,
            ],
            separator: b"\n".to_vec(),
            signature_header: SIGNATURE,
            prefix: HeaderValue::from_static(""),
            encoding: Encoding::Hex,
            date: DateFormat::Http,
            date_header: header::DATE,
            digest_header: None,
            key_id: None,
            unsigned: None,
            uri_scheme: None,
        })
    }

    /// What is signed, in this order. Without [`Part::Date`] no date is sent or checked, and a
    /// signature is good for ever; without [`Part::Authority`] it is good at every server that has the key.
    ///
    /// # Errors
    ///
    /// If nothing of the request is among them, so that the signature would be the same for each.
    pub fn parts(mut self, parts: impl IntoIterator<Item = Part>) -> Result<Self, InvalidSettings> {
        self.parts = parts.into_iter().collect();
        if self.parts.iter().all(|part| matches!(part, Part::Text(_))) {
            return Err(InvalidSettings::new(
                "a signature covers at least one part of the request",
            ));
        }
        Ok(self)
    }

    /// What stands between the parts. Nothing but a line feed is sure not to be in a part, and with
    /// any other separator two requests may have the same canonical form: take it only if the API
    /// wants it.
    #[must_use]
    pub fn separator(mut self, separator: &str) -> Self {
        self.separator = separator.as_bytes().to_vec();
        self
    }

    /// The header that carries the signature.
    #[must_use]
    pub fn signature_header(mut self, name: HeaderName) -> Self {
        self.signature_header = name;
        self
    }

    /// What stands before the signature in its header, such as `sha256=`.
    #[must_use]
    pub fn prefix(mut self, prefix: HeaderValue) -> Self {
        self.prefix = prefix;
        self
    }

    /// How signature and digest are written.
    #[must_use]
    pub fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = encoding;
        self
    }

    /// How the date is written, and in which header. Each attempt has a new one, whatever the request
    /// had.
    #[must_use]
    pub fn date(mut self, format: DateFormat, name: HeaderName) -> Self {
        self.date = format;
        self.date_header = name;
        self
    }

    /// Sends the body's digest in this header too. What the receiver finds there must be right.
    ///
    /// The signature must cover the digest, the body or this header: nothing is signed or accepted
    /// otherwise, since anybody could change body and header together.
    #[must_use]
    pub fn digest_header(mut self, name: HeaderName) -> Self {
        self.digest_header = Some(name);
        self
    }

    /// Says in this header whose key it is. A receiver with several keys looks it up there and then
    /// verifies with a value for that key.
    #[must_use]
    pub fn key_id(mut self, name: HeaderName, id: HeaderValue) -> Self {
        self.key_id = Some((name, id));
        self
    }

    /// Signs a stream without its body: `word` stands where the digest would. Whoever carries the
    /// request can change such a body unseen.
    #[must_use]
    pub fn unsigned_streams(mut self, word: &'static str) -> Self {
        self.unsigned = Some(word);
        self
    }

    /// The scheme that the client uses, `https` or `http`, whatever a URI says. Of the
    /// [authority](Part::Authority) it tells which port says nothing: a receiver should say it, since some
    /// clients send that port.
    #[must_use]
    pub fn uri_scheme(mut self, scheme: &'static str) -> Self {
        self.uri_scheme = Some(scheme);
        self
    }

    pub(super) fn scheme_of<'a>(&self, uri: &'a Uri) -> Option<&'a str> {
        self.uri_scheme.or(uri.scheme_str())
    }

    pub(super) fn covers(&self, part: &Part) -> bool {
        self.parts.contains(part)
    }

    /// Whether the digest that is sent, if one is, means anything.
    pub(super) fn proves_its_digest(&self) -> bool {
        let Some(name) = &self.digest_header else {
            return true;
        };
        self.parts.iter().any(|part| match part {
            Part::BodyDigest | Part::Body => true,
            Part::Header(covered) => covered == name,
            _ => false,
        })
    }

    // From the secret each time: ring's key is not wiped when it is dropped, and the secret is.
    pub(super) fn key(&self) -> hmac::Key {
        hmac::Key::new(self.hash.mac(), self.key.expose())
    }
}

impl Sign for Hmac {
    fn scheme(&self) -> &'static str {
        "hmac"
    }

    fn sign(&self, head: &mut Parts, body: Payload<'_>, now: SystemTime) -> Result<(), SignError> {
        let scheme = self.scheme_of(&head.uri);
        if self.covers(&Part::Authority) && !authority::is_one(&head.uri, &head.headers, scheme) {
            return Err(SignError::new(OTHER_HOST));
        }
        if !self.proves_its_digest() {
            return Err(SignError::new(BARE_DIGEST));
        }
        head.headers.remove(&self.signature_header);
        if let Some((name, id)) = &self.key_id {
            head.headers.insert(name, id.clone());
        }
        if self.covers(&Part::Date) {
            let date = self
                .date
                .write(now)
                .ok_or_else(|| SignError::new(NO_DATE))?;
            head.headers.insert(&self.date_header, date);
        }
        if let Some(name) = &self.digest_header {
            let digest = self.body_digest(body)?;
            let digest = HeaderValue::from_str(&digest).map_err(|_| SignError::new(NO_WORD))?;
            head.headers.insert(name, digest);
        }
        let canonical = self.canonical(head, body)?;
        let tag = hmac::sign(&self.key(), &canonical);
        head.headers
            .insert(&self.signature_header, self.value(tag.as_ref()));
        Ok(())
    }
}

const OTHER_HOST: &str = "its Host header names another place than its URI, and which of them a \
                          receiver sees depends on the protocol";
const BARE_DIGEST: &str = "the signature covers neither its body nor the digest that is sent; add one \
                           of them to the parts";
const NO_DATE: &str = "the wall clock shows a date that cannot be written";
const NO_WORD: &str = "the word for an unsigned body is not fit for a header";

impl Hmac {
    fn value(&self, tag: &[u8]) -> HeaderValue {
        let tag = self.encoding.encode(tag);
        let value = [self.prefix.as_bytes(), tag.as_bytes()].concat();
        let mut value = HeaderValue::from_bytes(&value)
            .expect("a header's value and a few letters are a header's value");
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for Hmac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hmac")
            .field("hash", &self.hash)
            .field("parts", &self.parts)
            .field("signature_header", &self.signature_header)
            .finish_non_exhaustive()
    }
}
