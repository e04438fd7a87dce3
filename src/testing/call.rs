use std::fmt;
use std::sync::Arc;

use buttress_kernel::Attempt;
use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri};
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use super::Redaction;
use crate::template::matching::{Found, query_of};

/// A request as the server saw it, after every layer of the client.
///
/// Each attempt is a call of its own. `Debug` shows no secret that the mock's [`Redaction`] knows.
#[derive(Clone)]
pub struct Call {
    head: Parts,
    body: Bytes,
    at: Instant,
    values: Found,
    redaction: Arc<Redaction>,
}

impl Call {
    pub(super) fn new(head: Parts, body: Bytes, redaction: Arc<Redaction>) -> Self {
        Self {
            head,
            body,
            at: Instant::now(),
            values: Vec::new(),
            redaction,
        }
    }

    pub(super) fn with_values(mut self, values: Found) -> Self {
        self.values = values;
        self
    }

    /// Tells none of these texts.
    pub(super) fn with_secrets(mut self, secrets: Vec<String>) -> Self {
        for secret in secrets {
            let redaction = Arc::unwrap_or_clone(self.redaction);
            self.redaction = Arc::new(redaction.value(secret));
        }
        self
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.head.method
    }

    /// The URI.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.head.uri
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }

    /// What layers left in the request: a [`Deadline`](crate::Deadline), overrides,
    /// [`Tags`](crate::Tags).
    #[must_use]
    pub const fn extensions(&self) -> &Extensions {
        &self.head.extensions
    }

    /// The body.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// When it came, by tokio's clock, which a test can pause.
    #[must_use]
    pub const fn at(&self) -> Instant {
        self.at
    }

    /// Which attempt of a call it was, counted from 1.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        let attempt = self.extensions().get::<Attempt>();
        attempt.map_or(1, |attempt| attempt.number().get())
    }

    /// A header, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name)?.to_str().ok()
    }

    /// The value in the place of a name: `42` for `id`, where `/users/{id}` was expected.
    #[must_use]
    pub fn path(&self, name: &str) -> Option<&str> {
        let value = self.values.iter().find(|(n, _)| n == name);
        value.map(|(_, value)| value.as_str())
    }

    /// The first value of a query parameter, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.queries().into_iter();
        pairs.find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// The query, decoded, in its order.
    #[must_use]
    pub fn queries(&self) -> Vec<(String, String)> {
        query_of(self.uri())
    }

    /// The body as text; what is no UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, read as JSON.
    ///
    /// # Errors
    ///
    /// When it is not the JSON of a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    pub(super) fn redaction(&self) -> &Redaction {
        &self.redaction
    }
}

/// Method and URI, without secrets.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method(), self.redaction.uri(self.uri()))
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("call", &format_args!("{self}"))
            .field("attempt", &self.attempt())
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}
