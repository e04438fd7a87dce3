use http::Uri;
use http::uri::{PathAndQuery, Scheme};

use super::BaseUri;
use super::reference::leaves_prefix;

impl BaseUri {
    /// Where a request goes that came in for `uri` and is handed on to this base: its path and query as
    /// they came, doubled slashes and all, behind the prefix. Scheme and authority are the base's, whatever
    /// the request named.
    ///
    /// `None` where there is no path, as in `OPTIONS *`, and where the path could leave the prefix.
    pub(crate) fn target(&self, uri: &Uri) -> Option<Uri> {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        // RFC 9112 §3.2.1: an empty path is sent as a slash.
        let slash = if path.starts_with('?') { "/" } else { "" };
        if slash.is_empty() && !path.starts_with('/') {
            return None;
        }
        if !self.prefix.is_empty() && leaves_prefix(path) {
            return None;
        }
        let path = [&self.prefix, slash, path].concat();
        self.at(path.try_into().ok()?).ok()
    }

    pub(crate) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str, uri: &'static str) -> Option<String> {
        let base: BaseUri = base.parse().unwrap();
        let uri = base.target(&Uri::from_static(uri));
        uri.map(|uri| uri.to_string())
    }

    #[test]
    fn a_path_passes_as_it_came() {
        for (uri, sent) in [
            (
                "/a//b/../c%2Fd?x=1&y=%20",
                "http://h/a//b/../c%2Fd?x=1&y=%20",
            ),
            ("//evil.example/x", "http://h//evil.example/x"),
            ("http://evil.example:81/x?y", "http://h/x?y"),
            ("http://evil.example?y", "http://h/?y"),
            ("http://evil.example", "http://h/"),
        ] {
            assert_eq!(target("http://h", uri).as_deref(), Some(sent), "{uri}");
        }
        assert_eq!(target("http://h", "*"), None);
    }

    #[test]
    fn no_path_leaves_the_prefix() {
        for uri in [
            "/../admin",
            "/..",
            "/a/../../admin",
            "/%2e%2E/admin",
            "/.%2e/admin",
            "/a\\..\\..\\admin",
            "/a%5c..%2fadmin",
            "/..;x/admin",
        ] {
            assert_eq!(target("http://h/v1", uri), None, "{uri}");
        }
        let kept = target("http://h/v1/", "/a..b/...?c=../d");
        assert_eq!(kept.as_deref(), Some("http://h/v1/a..b/...?c=../d"));
    }
}
