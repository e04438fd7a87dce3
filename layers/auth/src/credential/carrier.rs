use std::fmt;

use http::{HeaderMap, Method, Uri};

/// The parts of a request that a credential can be written on.
///
/// `Debug` shows neither headers nor the query.
pub struct Carrier<'a> {
    /// The request's method.
    pub method: &'a Method,
    /// Its URI.
    pub uri: &'a mut Uri,
    /// Its headers. Mark what you add as [sensitive](http::HeaderValue::set_sensitive).
    pub headers: &'a mut HeaderMap,
}

impl fmt::Debug for Carrier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .finish_non_exhaustive()
    }
}
