use std::borrow::Cow;
use std::fmt;

use http::{HeaderName, HeaderValue, Uri, header};
use serde_json::Value;

use crate::template::matching::decode;
use crate::template::{Encoding, encode};

mod body;
mod json;
mod known;
mod media;
mod multipart;
mod names;
mod shapes;
mod text;

pub(super) use self::body::Opaque;
use self::names::Names;
use self::text::Sign;

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "REDACTED";

/// What is secret in an exchange: it is in no message and no file.
///
/// | in | secret unless told otherwise |
/// | --- | --- |
/// | headers | `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, `DPoP`, those whose last word is `key` (`Fastly-Key`, but not `Idempotency-Key`, `Cache-Key`, `Partition-Key`, `Sec-WebSocket-Key` and `Surrogate-Key`) or whose last words are a name of the next row (`X-Api-Key`, `X-Vault-Token`), and every value that [is sensitive](HeaderValue::is_sensitive) |
/// | fields of JSON at any depth, of forms and of queries | the headers above that are named, and names whose last words are `access_key`, `api_key`, `app_key`, `application_key`, `assertion`, `auth_key`, `authorization`, `bearer`, `code_verifier`, `credential`, `device_code`, `encryption_key`, `jwt`, `master_key`, `otp`, `passcode`, `passphrase`, `passwd`, `password`, `password_confirm`, `password_confirmation`, `password_hash`, `private_key`, `pwd`, `secret`, `secret_key`, `secret_string`, `secret_value`, `shared_key`, `signing_key`, `subscription_key` or `token`; but a `page_token`, `next_token`, `previous_token`, `cursor_token`, `continuation_token`, `pagination_token`, `resume_token` or `sync_token` pages a list, and is told |
/// | forms and queries, and JSON that has a `grant_type` | `code`, `key`, `saml_response`, `sig`, `signature`, `X-Amz-Credential`, `X-Amz-Security-Token`, `X-Amz-Signature`, `X-Goog-Credential`, `X-Goog-Signature` |
/// | URIs, wherever they stand | user info; the values above in query and fragment |
///
/// Names are compared by their letters and digits alone, so that `access_token`, `accessToken` and `access-token` are one;
/// words begin behind a sign, or with a capital. Text is searched for `name=value` and
/// `name: value`, also where it is escaped for a URI, for JSON or for HTML; text that is JSON, in a field or a
/// parameter, is read as such.
///
/// Whatever it is called, text has no JWTs either, no tokens that begin as those of well-known issuers do, no
/// private keys in PEM, and nothing long behind `Bearer` or `Basic`. A recording also has none of what
/// its request was sent with: credentials of six bytes or more, from headers, query and body, are looked for in all
/// of the exchange, response included.
///
/// # Bodies
///
/// JSON (`application/json`, `…+json`), JSON in lines, event streams, forms, forms of several parts, and
/// `text/plain` are understood. Any other body, and one that is not what its type says, may hold a secret that
/// nothing finds: it is not recorded, which is an error, and no message shows it. Where you know better,
/// say so for its type: [`plain`](Self::plain) or [`withhold`](Self::withhold).
///
/// ```
/// use buttress::testing::Redaction;
///
/// let redaction = Redaction::new()
///     .header("x-tenant-key")
///     .query("session")
///     .field("iban")
///     .pointer("/data/card/number")
///     .value("s3cret-of-this-test")
///     .plain("image/*")
///     .withhold("text/html");
/// # let _ = redaction;
/// ```
#[derive(Clone)]
pub struct Redaction {
    headers: Names,
    /// What only queries and forms call secret.
    parameters: Names,
    fields: Names,
    /// Last words that make a name secret.
    ends: Names,
    pointers: Vec<Vec<String>>,
    values: Vec<String>,
    /// Last words that make a header secret, and no field.
    header_ends: Names,
    /// Names whose end alone would make them secret.
    kept: Names,
    open_headers: Names,
    positions: Names,
    plain: Vec<String>,
    withheld: Vec<String>,
}

impl Redaction {
    /// What is secret nearly everywhere.
    #[must_use]
    pub fn new() -> Self {
        Self {
            headers: Names::of(&names::HEADERS),
            parameters: Names::of(&names::PARAMETERS),
            fields: Names::of(&[]),
            ends: Names::of(&names::FIELDS),
            pointers: Vec::new(),
            values: Vec::new(),
            header_ends: Names::of(&names::HEADER_ENDS),
            kept: Names::of(&[]),
            open_headers: Names::of(&names::OPEN_HEADERS),
            positions: Names::of(&names::POSITIONS),
            plain: Vec::new(),
            withheld: Vec::new(),
        }
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str) -> Self {
        self.headers.insert(name);
        self.not_kept(name)
    }

    /// One more parameter of queries and forms.
    #[must_use]
    pub fn query(mut self, name: &str) -> Self {
        self.parameters.insert(name);
        self.not_kept(name)
    }

    /// One more field of JSON bodies, at any depth, and of queries and forms.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        self.fields.insert(name);
        self.not_kept(name)
    }

    fn not_kept(mut self, name: &str) -> Self {
        for names in [&mut self.kept, &mut self.open_headers, &mut self.positions] {
            names.remove(name);
        }
        self
    }

    /// One more place in JSON bodies, as a JSON pointer
    /// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)); `*` stands for every element of a list
    /// and every field: `/users/*/email`. All that lies under it is secret. Of lines and events it is a
    /// place in each.
    #[must_use]
    pub fn pointer(mut self, pointer: &str) -> Self {
        self.pointers.push(json::segments(pointer));
        self
    }

    /// A text that is secret wherever it stands: as it is, encoded for a URI or a form, or escaped for
    /// JSON. An empty one is passed over.
    #[must_use]
    pub fn value(mut self, secret: impl Into<String>) -> Self {
        let secret = secret.into();
        if secret.is_empty() {
            return self;
        }
        let encoded = |encoding| {
            let mut text = String::new();
            encode(&secret, encoding, &mut text);
            text
        };
        let quoted = Value::String(secret.clone()).to_string();
        let escaped = quoted[1..quoted.len() - 1].to_owned();
        let forms = [
            encoded(Encoding::Component),
            encoded(Encoding::Form),
            escaped,
        ];
        for form in forms.into_iter().chain([secret]) {
            if !self.values.contains(&form) {
                self.values.push(form);
            }
        }
        self
    }

    /// A name that is no secret here, nor are those that end with it: an `otp` that is an object's type, for instance.
    /// What is known by more words stays secret.
    #[must_use]
    pub fn keep(mut self, name: &str) -> Self {
        let known = [
            &mut self.headers,
            &mut self.header_ends,
            &mut self.parameters,
            &mut self.fields,
            &mut self.ends,
        ];
        for names in known {
            names.remove(name);
        }
        self.kept.insert(name);
        self
    }

    /// Tells bodies of a media type (`text/html`), or of all of a kind (`image/*`), even where they are not
    /// understood: they hold nothing that is secret by its name or place. What is text is searched as text is,
    /// and [`value`](Self::value)s are found in any. A body without a type is of
    /// `application/octet-stream`.
    #[must_use]
    pub fn plain(mut self, media: &str) -> Self {
        self.plain.push(media.to_ascii_lowercase());
        self
    }

    /// Tells nothing of bodies of a media type, or of all of a kind: `REDACTED` stands in the place of
    /// each.
    #[must_use]
    pub fn withhold(mut self, media: &str) -> Self {
        self.withheld.push(media.to_ascii_lowercase());
        self
    }

    /// A header's value as it may be told. What is no text is told byte by byte, as Latin 1.
    pub(super) fn header_value(&self, name: &HeaderName, value: &HeaderValue) -> String {
        if value.is_sensitive() || self.is_header(name.as_str()) {
            return REDACTED.to_owned();
        }
        let text: String = value.as_bytes().iter().copied().map(char::from).collect();
        let told = self.leaf(&text);
        // An escape that was taken off can be what no header may hold.
        match told.chars().all(|c| u32::from(c) < 256 && !c.is_control()) {
            false if told != text => REDACTED.to_owned(),
            _ => told.into_owned(),
        }
    }

    /// A URI as it may be told.
    pub(super) fn uri(&self, uri: &Uri) -> String {
        let told = crate::error::redacted(uri);
        let mut told = self.text(&told).into_owned();
        if let Some(query) = uri.query() {
            told.push('?');
            told.push_str(&self.pairs(query, Encoding::Component));
        }
        told
    }

    /// The value of a parameter of the path, the query or a form, as it may be told.
    pub(super) fn parameter<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.is_parameter(name) {
            return REDACTED.into();
        }
        self.leaf(value)
    }

    /// A JSON document as it may be told.
    pub(super) fn json(&self, value: &Value) -> Value {
        let text = value.to_string();
        let told = json::document(self, &text).unwrap_or(Cow::Borrowed("null"));
        serde_json::from_str(&told).unwrap_or_default()
    }

    /// The pairs of a query or a form, as they may be told.
    fn pairs(&self, text: &str, encoding: Encoding) -> String {
        let told = text.split('&').map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (plain_name, plain) = (decode(name, true), decode(value, true));
            let told_name = self.leaf(&plain_name);
            let told = match pair.contains('=') {
                true => self.parameter(&plain_name, &plain),
                false => Cow::Borrowed(""),
            };
            if told_name == plain_name && told == plain {
                return pair.to_owned();
            }
            let mut told_pair = String::with_capacity(pair.len());
            match told_name == plain_name {
                true => told_pair.push_str(name),
                false => encode(&told_name, encoding, &mut told_pair),
            }
            told_pair.push('=');
            encode(&told, encoding, &mut told_pair);
            told_pair
        });
        told.collect::<Vec<_>>().join("&")
    }

    /// Text that is a value of its own, and perhaps JSON.
    fn leaf<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let may_be_json = text.trim_start().starts_with(['{', '[', '"']);
        if may_be_json && let Some(told) = json::document(self, text) {
            return told;
        }
        self.text(text)
    }

    /// Text as it may be told. A secret that shows only once escapes are taken off takes them all with it.
    fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        /// More layers of escapes than anybody means.
        const MOST: u32 = 8;
        let mut told = self.flat(text);
        let mut layer = told.clone();
        for _ in 0..MOST {
            let plain = text::unescaped(&layer);
            if plain == layer {
                return match told == text {
                    true => text.into(),
                    false => told.into(),
                };
            }
            layer = self.flat(&plain);
            if layer != plain {
                told.clone_from(&layer);
            }
        }
        REDACTED.into()
    }

    fn flat(&self, text: &str) -> String {
        let mut told = text::search(text, &|name, sign| {
            self.is_field(name) || (sign == Sign::Equals && self.parameters.has_part(name))
        });
        told = shapes::without(&told);
        for secret in &self.values {
            if told.contains(secret.as_str()) {
                told = told.replace(secret.as_str(), REDACTED);
            }
        }
        told
    }

    fn holds_value(&self, text: &str) -> bool {
        let mut values = self.values.iter();
        values.any(|secret| text.contains(secret.as_str()))
    }

    fn is_header(&self, name: &str) -> bool {
        let secret = [&self.ends, &self.fields, &self.header_ends];
        self.headers.has(name) || names::is_secret(name, &secret, &[&self.kept, &self.open_headers])
    }

    /// A header's name is one of a field, too: servers tell what they were sent.
    fn is_field(&self, name: &str) -> bool {
        let kept = [&self.kept, &self.positions];
        self.headers.has(name)
            || self.fields.has_part(name)
            || names::is_any_secret(name, &[&self.ends], &kept)
    }

    pub(super) fn is_parameter(&self, name: &str) -> bool {
        self.parameters.has_part(name) || self.is_field(name)
    }
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redaction")
            .field("headers", &self.headers)
            .field("parameters", &self.parameters)
            .field("fields", &self.fields)
            .field("ends", &self.ends)
            .field("pointers", &self.pointers)
            .field("values", &self.values.len())
            .field("plain", &self.plain)
            .field("withheld", &self.withheld)
            .finish()
    }
}

/// The content type in `headers`, if it is text.
pub(super) fn content_type(headers: &http::HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

/// What parts the parts of a body of this content type, where it has any.
pub(super) fn boundary(content_type: &str) -> Option<String> {
    let boundary = media::Media::of(Some(content_type)).boundary;
    boundary.filter(|boundary| !boundary.is_empty())
}

/// The body of a form of several parts without its boundary, which is another one each time.
pub(super) fn without_boundary(body: &[u8], boundary: &str) -> Vec<u8> {
    let delimiter = format!("--{boundary}");
    let delimiter = delimiter.as_bytes();
    let mut told = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some((first, behind)) = rest.split_first() {
        match rest.strip_prefix(delimiter) {
            Some(behind) if !boundary.is_empty() => {
                told.extend_from_slice(b"--");
                rest = behind;
            }
            _ => {
                told.push(*first);
                rest = behind;
            }
        }
    }
    told
}

#[cfg(test)]
mod tests;
