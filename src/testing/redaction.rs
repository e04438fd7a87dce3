use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use http::{HeaderName, HeaderValue, Uri, header};
use serde_json::Value;

use crate::template::matching::decode;
use crate::template::{Encoding, encode};

mod json;
mod text;

/// What stands in a secret's place.
pub(super) const REDACTED: &str = "REDACTED";

/// What is secret in an exchange: it is in no message and no file.
///
/// | in | secret unless told otherwise |
/// | --- | --- |
/// | headers | `Authorization`, `Proxy-Authorization`, `Cookie`, `Set-Cookie`, `X-Api-Key`, `X-Auth-Token`, `X-Amz-Security-Token`, `X-Csrf-Token`, and every value that [is sensitive](HeaderValue::is_sensitive) |
/// | queries and forms, wherever a URI is written down | `access_token`, `api_key`, `apikey`, `api-key`, `client_secret`, `key`, `password`, `refresh_token`, `secret`, `sig`, `signature`, `token`, `X-Amz-Credential`, `X-Amz-Security-Token`, `X-Amz-Signature` |
/// | fields of JSON bodies, at any depth | `access_token`, `api_key`, `apikey`, `client_secret`, `id_token`, `password`, `refresh_token`, `secret`, `token` |
/// | URIs | user info |
///
/// Names are compared without regard to case. A body that is neither JSON, nor a form, nor text is
/// left as it is.
///
/// ```
/// use buttress::testing::Redaction;
///
/// let redaction = Redaction::new()
///     .header("x-tenant-key")
///     .query("session")
///     .field("iban")
///     .pointer("/data/card/number")
///     .value("s3cret-of-this-test");
/// # let _ = redaction;
/// ```
#[derive(Clone)]
pub struct Redaction {
    headers: BTreeSet<String>,
    queries: BTreeSet<String>,
    fields: BTreeSet<String>,
    pointers: Vec<Vec<String>>,
    values: Vec<String>,
}

const HEADERS: [&str; 8] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-api-key",
    "x-auth-token",
    "x-csrf-token",
];

const QUERIES: [&str; 15] = [
    "access_token",
    "api-key",
    "api_key",
    "apikey",
    "client_secret",
    "key",
    "password",
    "refresh_token",
    "secret",
    "sig",
    "signature",
    "token",
    "x-amz-credential",
    "x-amz-security-token",
    "x-amz-signature",
];

const FIELDS: [&str; 9] = [
    "access_token",
    "api_key",
    "apikey",
    "client_secret",
    "id_token",
    "password",
    "refresh_token",
    "secret",
    "token",
];

impl Redaction {
    /// What is secret nearly everywhere.
    #[must_use]
    pub fn new() -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            headers: owned(&HEADERS),
            queries: owned(&QUERIES),
            fields: owned(&FIELDS),
            pointers: Vec::new(),
            values: Vec::new(),
        }
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase());
        self
    }

    /// One more parameter of queries and forms.
    #[must_use]
    pub fn query(mut self, name: &str) -> Self {
        self.queries.insert(name.to_ascii_lowercase());
        self
    }

    /// One more field of JSON bodies, at any depth.
    #[must_use]
    pub fn field(mut self, name: &str) -> Self {
        self.fields.insert(name.to_ascii_lowercase());
        self
    }

    /// One more place in JSON bodies, as a JSON pointer
    /// ([RFC 6901](https://www.rfc-editor.org/rfc/rfc6901)); `*` stands for every element of a list
    /// and every field: `/users/*/email`. All that lies under it is secret.
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

    /// A name that is no secret here: a `token` that pages a list, for instance.
    #[must_use]
    pub fn keep(mut self, name: &str) -> Self {
        let name = name.to_ascii_lowercase();
        for names in [&mut self.headers, &mut self.queries, &mut self.fields] {
            names.remove(&name);
        }
        self
    }

    /// A header's value as it may be told. What is no text is told byte by byte, as Latin 1.
    pub(super) fn header_value(&self, name: &HeaderName, value: &HeaderValue) -> String {
        if value.is_sensitive() || self.headers.contains(name.as_str()) {
            return REDACTED.to_owned();
        }
        let text: String = value.as_bytes().iter().copied().map(char::from).collect();
        self.text(&text).into_owned()
    }

    /// A URI as it may be told.
    pub(super) fn uri(&self, uri: &Uri) -> String {
        let mut told = crate::error::redacted(uri);
        if let Some(query) = uri.query() {
            told.push('?');
            told.push_str(&text::pairs(query, &|name| self.is_query(name)));
        }
        self.values(told.into()).into_owned()
    }

    /// Text as it may be told: URIs in it lose the secrets in their queries.
    pub(super) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = text::uris(text, &|name| self.is_query(name));
        self.values(text)
    }

    /// The value of a query's parameter, as it may be told.
    pub(super) fn query_value<'t>(&self, name: &str, value: &'t str) -> Cow<'t, str> {
        if self.is_query(name) {
            return REDACTED.into();
        }
        self.values(value.into())
    }

    /// A body as it may be told; the same bytes where nothing is secret.
    pub(super) fn body<'b>(&self, content_type: Option<&str>, body: &'b [u8]) -> Cow<'b, [u8]> {
        let Ok(text) = std::str::from_utf8(body) else {
            return body.into();
        };
        let told = if is_form(content_type) {
            let told = text::pairs(text, &|name| self.is_query(name));
            Cow::Owned(self.values(told.into()).into_owned())
        } else {
            let told = self.json_text(text).map_or(Cow::Borrowed(text), Cow::Owned);
            Cow::Owned(self.text(&told).into_owned())
        };
        if told == text {
            return body.into();
        }
        told.into_owned().into_bytes().into()
    }

    /// A JSON document without its secrets, or `None` where it is none or has none.
    fn json_text(&self, text: &str) -> Option<String> {
        let mut value: Value = serde_json::from_str(text).ok()?;
        self.json(&mut value).then(|| value.to_string())
    }

    /// Takes the secrets out of a JSON document; whether there were any.
    pub(super) fn json(&self, value: &mut Value) -> bool {
        let mut found = json::redact_fields(value, &|name| {
            self.fields.contains(&name.to_ascii_lowercase())
        });
        for pointer in &self.pointers {
            found |= json::redact_at(value, pointer);
        }
        found
    }

    fn is_query(&self, name: &str) -> bool {
        self.queries
            .contains(&decode(name, true).to_ascii_lowercase())
    }

    fn values<'t>(&self, text: Cow<'t, str>) -> Cow<'t, str> {
        let holds = |secret: &&String| text.contains(secret.as_str());
        if !self.values.iter().any(|secret| holds(&secret)) {
            return text;
        }
        let mut told = text.into_owned();
        for secret in &self.values {
            told = told.replace(secret.as_str(), REDACTED);
        }
        told.into()
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
            .field("queries", &self.queries)
            .field("fields", &self.fields)
            .field("pointers", &self.pointers)
            .field("values", &self.values.len())
            .finish()
    }
}

fn is_form(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|of| of.starts_with("application/x-www-form-urlencoded"))
}

/// The content type in `headers`, if it is text.
pub(super) fn content_type(headers: &http::HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(redaction: &Redaction, content_type: &str, body: &str) -> String {
        let told = redaction.body(Some(content_type), body.as_bytes());
        String::from_utf8(told.into_owned()).unwrap()
    }

    #[test]
    fn secrets_leave_headers_and_uris() {
        let redaction = Redaction::new().header("X-Own").query("Session");
        let header = |name: &'static str, value: &'static str| {
            let name = HeaderName::from_static(name);
            redaction.header_value(&name, &HeaderValue::from_static(value))
        };
        for name in HEADERS.into_iter().chain(["x-own"]) {
            assert_eq!(header(name, "s3cret"), REDACTED);
        }
        assert_eq!(header("accept", "text/plain"), "text/plain");
        let link = "<https://h/a?token=s3cret&page=2>; rel=\"next\"";
        let told = "<https://h/a?token=REDACTED&page=2>; rel=\"next\"";
        assert_eq!(header("link", link), told);
        let mut sensitive = HeaderValue::from_static("s3cret");
        sensitive.set_sensitive(true);
        let told = redaction.header_value(&HeaderName::from_static("x-else"), &sensitive);
        assert_eq!(told, REDACTED);

        let uri = "https://u:s3cret@h:8/p?page=2&API%5Fkey=s3cret&session=s3cret";
        let told = "https://h:8/p?page=2&API%5Fkey=REDACTED&session=REDACTED";
        assert_eq!(redaction.uri(&uri.parse().unwrap()), told);
    }

    #[test]
    fn secrets_leave_bodies_and_keep_their_types() {
        let redaction = Redaction::new()
            .field("iban")
            .pointer("/users/*/mail")
            .pointer("/a~1b/0")
            .value("s3cret");
        for (before, after) in [
            (r#"{"name": "Ada"}"#, r#"{"name": "Ada"}"#),
            (r#"{"Token":"x"}"#, r#"{"Token":"REDACTED"}"#),
            (
                r#"{"a":{"iban":{"x":1,"y":[true,null]}}}"#,
                r#"{"a":{"iban":{"x":0,"y":[false,null]}}}"#,
            ),
            (
                r#"{"users":[{"mail":"a"},{"mail":"b"}]}"#,
                r#"{"users":[{"mail":"REDACTED"},{"mail":"REDACTED"}]}"#,
            ),
            (r#"{"a/b":["x","y"]}"#, r#"{"a/b":["REDACTED","y"]}"#),
            (
                r#"{"next":"/p?token=x"}"#,
                r#"{"next":"/p?token=REDACTED"}"#,
            ),
            ("it is s3cret", "it is REDACTED"),
        ] {
            assert_eq!(body(&redaction, "application/json", before), after);
        }
        let form = "application/x-www-form-urlencoded";
        let told = body(&redaction, form, "client_secret=x+y&grant=a&password=");
        assert_eq!(told, "client_secret=REDACTED&grant=a&password=REDACTED");
        assert_eq!(redaction.body(None, &[0xff, 0]), &[0xff, 0][..]);
    }

    #[test]
    fn a_secret_text_is_found_however_it_is_written() {
        let redaction = Redaction::new().value("s3 \"cret").value("");
        for written in ["s3 \"cret", "s3%20%22cret", "s3+%22cret", r#"s3 \"cret"#] {
            assert_eq!(redaction.text(&format!("a {written} b")), "a REDACTED b");
        }
    }

    #[test]
    fn what_is_kept_is_told() {
        let redaction = Redaction::new().keep("Token").keep("cookie");
        assert_eq!(
            body(&redaction, "text/plain", r#"{"token":"x"}"#),
            r#"{"token":"x"}"#
        );
        assert_eq!(redaction.uri(&"/a?token=x".parse().unwrap()), "/a?token=x");
        let told =
            redaction.header_value(&HeaderName::from_static("cookie"), &HeaderValue::from(1));
        assert_eq!(told, "1");
    }

    #[test]
    fn debug_tells_no_value() {
        let told = format!("{:?}", Redaction::new().value("s3cret"));
        assert!(!told.contains("s3cret") && told.contains("set-cookie"));
    }
}
