//! Where requests go.

use buttress::{BaseUri, BoxError};
use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// The upstream's scheme and authority, which no request can change, and the path that all requests
/// lie below.
#[derive(Clone, Debug)]
pub(crate) struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    prefix: String,
}

impl Upstream {
    /// Reads a URI; the error says what is wrong with it and does not repeat it, since it may hold a
    /// password.
    pub(crate) fn parse(text: &str) -> Result<Self, BoxError> {
        let base: BaseUri = text.parse()?;
        let parts = base.to_string().parse::<Uri>()?.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err("the URI has no scheme and host".into());
        };
        let path = parts.path_and_query;
        let prefix = path.as_ref().map_or("", PathAndQuery::path);
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.trim_end_matches('/').to_owned(),
        })
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The path and query as they came, below the upstream's own path: a proxy passes paths on as
    /// they are, dot segments and doubled slashes too. `None` where there is no path, as in
    /// `OPTIONS *`.
    pub(crate) fn target(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        // RFC 9112 §3.2.1: an empty path is sent as a slash.
        let slash = if path.starts_with('?') { "/" } else { "" };
        if slash.is_empty() && !path.starts_with('/') {
            return None;
        }
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(format!("{}{slash}{path}", self.prefix))
            .build()
            .ok()
    }
}
