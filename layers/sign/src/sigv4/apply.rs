use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Uri, header};
use ring::digest::{SHA256, digest};

use super::canonical;
use super::credentials::Credentials;
use super::signer::{SigV4, Unsigned};
use super::stamp::Stamp;
use crate::hex::hex;
use crate::{Payload, SignError};

const AMZ_DATE: HeaderName = HeaderName::from_static("x-amz-date");
const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// The parameters that a signature in a query is made of.
const PARAMETERS: [&str; 7] = [
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
];

impl SigV4 {
    pub(super) fn sign_headers(
        &self,
        head: &mut Parts,
        body: Payload<'_>,
        now: SystemTime,
    ) -> Result<(), SignError> {
        let stamp = stamp(now)?;
        let payload = self.payload(body)?;
        let credentials = self.credentials.current()?;
        head.headers.insert(AMZ_DATE, plain(stamp.as_str())?);
        head.headers.remove(&SECURITY_TOKEN);
        head.headers.remove(&CONTENT_SHA256);
        let token = credentials.token().map(secret).transpose()?;
        if let Some(token) = token.clone().filter(|_| self.token_signed) {
            head.headers.insert(SECURITY_TOKEN, token);
        }
        if self.content_sha256 || payload == UNSIGNED {
            head.headers.insert(CONTENT_SHA256, plain(&payload)?);
        }
        let canonical = self.canonical(head, &[], &payload)?;
        let signature = self.signature(&credentials, &canonical, (&stamp, now));
        let names = &canonical.signed_headers;
        let (id, scope) = (credentials.id(), self.scope.at(&stamp));
        let value = format!(
            "AWS4-HMAC-SHA256 Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}"
        );
        head.headers.insert(header::AUTHORIZATION, secret(&value)?);
        if let Some(token) = token {
            head.headers.insert(SECURITY_TOKEN, token);
        }
        Ok(())
    }

    pub(super) fn sign_query(
        &self,
        head: &mut Parts,
        body: Payload<'_>,
        now: SystemTime,
        expires: Duration,
    ) -> Result<(), SignError> {
        let stamp = stamp(now)?;
        let payload = self.payload_of_link(head, body)?;
        let credentials = self.credentials.current()?;
        head.uri = replaced(&head.uri, kept(&head.uri))?;
        let mut more = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256".to_owned()),
            (
                "X-Amz-Credential",
                format!("{}/{}", credentials.id(), self.scope.at(&stamp)),
            ),
            ("X-Amz-Date", stamp.as_str().to_owned()),
            ("X-Amz-Expires", expires.as_secs().to_string()),
            ("X-Amz-SignedHeaders", canonical::signed_headers(head)?),
        ];
        let token = credentials.token().map(str::to_owned);
        let token = token.map(|token| ("X-Amz-Security-Token", token));
        let (signed, unsigned) = if self.token_signed {
            (token, None)
        } else {
            (None, token)
        };
        more.extend(signed);
        let canonical = self.canonical(head, &more, &payload)?;
        let signature = self.signature(&credentials, &canonical, (&stamp, now));
        more.push(("X-Amz-Signature", signature));
        more.extend(unsigned);
        let pieces = kept(&head.uri).chain(
            more.iter()
                .map(|(name, value)| format!("{name}={}", canonical::encoded(value.as_bytes()))),
        );
        head.uri = replaced(&head.uri, pieces)?;
        Ok(())
    }

    fn signature(
        &self,
        credentials: &Credentials,
        canonical: &canonical::Canonical,
        at: (&Stamp, SystemTime),
    ) -> String {
        let text = canonical.string_to_sign(at.0, &self.scope);
        self.keys.sign(credentials, &self.scope, at, &text)
    }

    /// The hash of the body, or what stands for it.
    fn payload(&self, body: Payload<'_>) -> Result<String, SignError> {
        match (self.unsigned, body) {
            (Unsigned::All, _) | (Unsigned::Streams, Payload::Stream) => Ok(UNSIGNED.to_owned()),
            (_, body) => Ok(hex(digest(&SHA256, body.bytes()?).as_ref())),
        }
    }
}

impl SigV4 {
    /// Whoever follows a link to S3 sends what nobody knows yet, so that S3 takes it to be unsigned.
    fn payload_of_link(&self, head: &Parts, body: Payload<'_>) -> Result<String, SignError> {
        if !self.bare_links {
            return self.payload(body);
        }
        let Some(told) = head.headers.get(CONTENT_SHA256) else {
            return Ok(UNSIGNED.to_owned());
        };
        let told = told.to_str().map_err(|_| {
            SignError::new("its X-Amz-Content-Sha256 is not text, and the signature covers it")
        })?;
        Ok(told.trim().to_owned())
    }
}

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

fn stamp(now: SystemTime) -> Result<Stamp, SignError> {
    Stamp::of(now)
        .ok_or_else(|| SignError::new("the wall clock shows a date that cannot be written"))
}

fn plain(text: &str) -> Result<HeaderValue, SignError> {
    HeaderValue::from_str(text).map_err(|_| SignError::new("its signature is not fit for a header"))
}

fn secret(text: &str) -> Result<HeaderValue, SignError> {
    let mut value = plain(text)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The pieces of the query, without an earlier signature.
fn kept(uri: &Uri) -> impl Iterator<Item = String> {
    let pieces = uri.query().unwrap_or("").split('&');
    let ours = |piece: &&str| {
        let name = piece.split('=').next().unwrap_or("");
        piece.is_empty() || PARAMETERS.contains(&name)
    };
    pieces
        .filter(move |piece| !ours(piece))
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// The URI with another query.
fn replaced(uri: &Uri, pieces: impl Iterator<Item = String>) -> Result<Uri, SignError> {
    let too_long = |_| SignError::new("its URI is too long for a signature");
    let query: Vec<_> = pieces.collect();
    let mark = if query.is_empty() { "" } else { "?" };
    let path = format!("{}{mark}{}", uri.path(), query.join("&"));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).map_err(too_long)?);
    Uri::from_parts(parts).map_err(|_| SignError::new("its URI is not one to sign"))
}
