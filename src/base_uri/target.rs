use http::Uri;
use http::uri::PathAndQuery;

use super::BaseUri;
use crate::segments;

/// What the type of a URI holds, less than 65535 bytes.
const LONGEST: usize = 65_534;

/// Why a request cannot be handed on to where it points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pathless {
    /// There is no path, as in `OPTIONS *`, or none that a URI can have.
    None,
    /// The path may lead elsewhere than it seems to.
    Dots,
    /// It is longer than a URI can be.
    TooLong,
}

impl BaseUri {
    /// Where a request goes that came in for `uri` and is handed on to this base: its path and query as
    /// they came, doubled slashes and all, behind the prefix. Scheme and authority are the base's, whatever
    /// the request named.
    ///
    /// Dot segments are refused, unless the sender may write them and there is no prefix that they could leave.
    pub(crate) fn target(&self, uri: &Uri, may_have_dots: bool) -> Result<Uri, Pathless> {
        let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
        // RFC 9112 §3.2.1: an empty path is sent as a slash.
        let slash = if path.starts_with('?') { "/" } else { "" };
        if slash.is_empty() && !path.starts_with('/') {
            return Err(Pathless::None);
        }
        let leads_nowhere_else = may_have_dots && self.prefix.is_empty();
        if !leads_nowhere_else && segments::leads_elsewhere(uri.path()) {
            return Err(Pathless::Dots);
        }
        let path = [&self.prefix, slash, path].concat();
        if path.len() > LONGEST {
            return Err(Pathless::TooLong);
        }
        let path = path.try_into().map_err(|_| Pathless::None)?;
        self.at(path).map_err(|_| Pathless::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(base: &str, uri: &'static str, may_have_dots: bool) -> Result<String, Pathless> {
        let base: BaseUri = base.parse().unwrap();
        let uri = base.target(&Uri::from_static(uri), may_have_dots);
        uri.map(|uri| uri.to_string())
    }

    #[test]
    fn a_path_passes_as_it_came() {
        for (uri, sent) in [
            (
                "/a//b/c%2Fd?x=../1&y=%20",
                "http://h/a//b/c%2Fd?x=../1&y=%20",
            ),
            ("//evil.example/x", "http://h//evil.example/x"),
            ("http://evil.example:81/x?y", "http://h/x?y"),
            ("http://evil.example?y", "http://h/?y"),
            ("http://evil.example", "http://h/"),
        ] {
            assert_eq!(target("http://h", uri, false).as_deref(), Ok(sent), "{uri}");
        }
        assert_eq!(target("http://h", "*", false), Err(Pathless::None));
    }

    #[test]
    fn no_path_leads_elsewhere() {
        for uri in [
            "/../admin",
            "/..",
            "/a/../../admin",
            "/%2e%2E/admin",
            "/.%2e/admin",
            "/a\\..\\..\\admin",
            "/a%5c..%2fadmin",
            "/..;x/admin",
            "/%252e%252e/admin",
            "/..%20/admin",
            "/%c0%ae%c0%ae/admin",
            "/..%ef%bc%8fadmin",
            "/..%3f/admin",
        ] {
            for base in ["http://h/v1", "http://h"] {
                assert_eq!(target(base, uri, false), Err(Pathless::Dots), "{uri}");
            }
            assert_eq!(
                target("http://h/v1", uri, true),
                Err(Pathless::Dots),
                "{uri}"
            );
            assert!(target("http://h", uri, true).is_ok(), "{uri}");
        }
        let kept = target("http://h/v1/", "/a..b/...?c=../d", false);
        assert_eq!(kept.as_deref(), Ok("http://h/v1/a..b/...?c=../d"));
    }

    #[test]
    fn a_path_is_as_long_as_a_uri_can_be() {
        let base: BaseUri = "http://h/v1".parse().unwrap();
        let long = |length: usize| {
            let path = format!("/{}", "a".repeat(length - 1));
            base.target(&path.parse().unwrap(), false).map(drop)
        };
        assert_eq!(long(LONGEST - 3), Ok(()));
        assert_eq!(long(LONGEST - 2), Err(Pathless::TooLong));
    }
}
