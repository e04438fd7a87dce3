//! What every request of the client carries.

use http::{HeaderName, HeaderValue, Method, Uri};

use super::ClientBuilder;
use crate::InvalidClient;

impl ClientBuilder {
    /// The URI under which relative paths lie; its path is a prefix.
    pub fn base_uri(mut self, uri: impl AsRef<str>) -> Self {
        match uri.as_ref().parse() {
            Ok(base) => self.base = Some(base),
            Err(fault) => self.blame(InvalidClient::base_uri(fault)),
        }
        self
    }

    /// A header for every request that does not bring its own. Credentials go to the base URI's
    /// origin alone; see [`DefaultHeadersLayer`](crate::defaults::DefaultHeadersLayer).
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => self.defaults = self.defaults.header(name, value),
            Err(fault) => self.blame(InvalidClient::header(fault)),
        }
        self
    }

    /// A header for the requests that `condition` picks by method and URI.
    pub fn header_when<N, V, F>(mut self, name: N, value: V, condition: F) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
        F: Fn(&Method, &Uri) -> bool + Send + Sync + 'static,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => {
                self.defaults = self.defaults.header_when(name, value, condition);
            }
            Err(fault) => self.blame(InvalidClient::header(fault)),
        }
        self
    }

    /// A cookie for every request to the base URI's origin that brings no `Cookie` header. All
    /// cookies go into one header (RFC 6265 §4.2.1); there is no jar.
    pub fn cookie(mut self, name: &str, value: &str) -> Self {
        if crate::header::is_cookie(name, value) {
            let separator = if self.cookies.is_empty() { "" } else { "; " };
            self.cookies += &format!("{separator}{name}={value}");
        } else {
            self.blame(InvalidClient::cookie(name));
        }
        self
    }
}
