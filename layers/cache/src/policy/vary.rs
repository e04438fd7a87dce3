use http::{HeaderMap, HeaderName};

/// The request fields that chose a stored response, and what they said (RFC 9111 §4.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Vary {
    /// One entry for each nominated field: its lines joined, or nothing when the request had none.
    pub(crate) fields: Vec<(HeaderName, Option<Box<[u8]>>)>,
}

impl Vary {
    /// Whether a request with these fields would have been given the same response.
    ///
    /// Costs no allocation.
    pub(crate) fn matches(&self, headers: &HeaderMap) -> bool {
        self.fields.iter().all(|(name, value)| {
            headers.get(name).map(http::HeaderValue::as_bytes) == value.as_deref()
        })
    }
}
