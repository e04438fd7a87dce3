use std::fmt;

use http::header;
use serde_json::Value;

use crate::template::{Encoding, encode};

mod body;
mod boundary;
mod json;
mod known;
mod media;
mod multipart;
mod names;
mod shapes;
mod telling;
mod text;

pub(super) use self::body::Opaque;
pub(super) use self::boundary::{boundary, without_boundary};
use self::names::Names;

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "REDACTED";

/// What is secret in an exchange: it is in no message and no file.
///
/// | in | secret unless told otherwise |
/// | --- | --- |
/// | headers | `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, `DPoP`, those whose last word is `key` (`Fastly-Key`, but not `Idempotency-Key`, `Cache-Key`, `Partition-Key`, `Sec-WebSocket-Key` and `Surrogate-Key`) or whose last words are a name of the next row (`X-Api-Key`, `X-Vault-Token`), and every value that [is sensitive](http::HeaderValue::is_sensitive) |
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

#[cfg(test)]
mod tests;
