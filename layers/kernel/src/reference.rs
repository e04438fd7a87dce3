/// A reference to another resource, as responses write it (RFC 3986 §4.1): in `Location`,
/// `Content-Location` and `Link`.
///
/// [`target`](Self::target) says which path and query it means in a document at a given URI. Which origins and
/// schemes may be meant is for whoever follows it.
///
/// ```
/// use buttress_kernel::Reference;
/// use http::Uri;
///
/// let base = Uri::from_static("https://api.example.com/v1/users?page=1");
/// let next = Reference::parse("../v2/./users?page=2#top");
/// assert_eq!(next.target(&base), "/v2/users?page=2");
/// assert_eq!((next.scheme(), next.authority()), (None, None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// The parts of a reference (RFC 3986, appendix B). The fragment, which is never sent, is passed over; no
    /// text is refused, so a part may hold what no URI can.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let (text, query) = match text.split_once('?') {
            Some((text, query)) => (text, Some(query)),
            None => (text, None),
        };
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
            _ => (None, text),
        };
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
                (Some(authority), path)
            }
            None => (None, rest),
        };
        Self {
            scheme,
            authority,
            path,
            query,
        }
    }

    /// The scheme, where it names one.
    #[must_use]
    pub const fn scheme(&self) -> Option<&'a str> {
        self.scheme
    }

    /// Host, port and user info, where it names a host; nothing of them is checked.
    #[must_use]
    pub const fn authority(&self) -> Option<&'a str> {
        self.authority
    }

    /// The path and query that it means in a document at `base`, without segments of dots (RFC 3986 §5.2.2).
    #[must_use]
    pub fn target(&self, base: &http::Uri) -> String {
        let is_elsewhere = self.scheme.is_some() || self.authority.is_some();
        let (path, query) = match self.path {
            "" if !is_elsewhere => (base.path().to_owned(), self.query.or(base.query())),
            path if is_elsewhere || path.starts_with('/') => (without_dots(path), self.query),
            path => {
                let folder = base.path().rfind('/').map_or("", |at| &base.path()[..at]);
                (without_dots(&format!("{folder}/{path}")), self.query)
            }
        };
        query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"))
    }
}

/// RFC 3986 §3.1.
fn is_scheme(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    text.starts_with(|first: char| first.is_ascii_alphabetic()) && text.bytes().all(is_inner)
}

/// Without `.` and `..` (RFC 3986 §5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            other => kept.push(other),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;

    use super::*;

    fn resolved(reference: &str) -> String {
        let base = Uri::from_static("http://a/b/c/d;p?q");
        let reference = Reference::parse(reference);
        let scheme = reference.scheme().unwrap_or("http");
        let authority = reference.authority().unwrap_or("a");
        format!("{scheme}://{authority}{}", reference.target(&base))
    }

    #[test]
    fn the_examples_of_rfc_3986_mean_what_it_says() {
        // §5.4.1 and §5.4.2, without fragments. `g:h` and `http:g` name no host, which the last test is for.
        for (reference, expected) in [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g/"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
            ("g;x?y#s", "http://a/b/c/g;x?y"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("../../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            (".g", "http://a/b/c/.g"),
            ("g..", "http://a/b/c/g.."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?y/../x", "http://a/b/c/g?y/../x"),
            ("g#s/./x", "http://a/b/c/g"),
            ("g#s/../x", "http://a/b/c/g"),
        ] {
            assert_eq!(resolved(reference), expected, "{reference}");
        }
    }

    #[test]
    fn a_colon_makes_a_scheme_only_where_one_can_stand() {
        for (text, scheme, authority) in [
            ("g:h", Some("g"), None),
            ("http:g", Some("http"), None),
            ("http://u@h:1/p", Some("http"), Some("u@h:1")),
            ("http://h?q", Some("http"), Some("h")),
            ("a+b-c.d:x", Some("a+b-c.d"), None),
            ("1a:x", None, None),
            ("a_b:x", None, None),
            (":x", None, None),
            ("./g:h", None, None),
            ("?a:b", None, None),
            ("///x", None, Some("")),
        ] {
            let reference = Reference::parse(text);
            assert_eq!(
                (reference.scheme(), reference.authority()),
                (scheme, authority),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn no_segment_of_dots_is_left(text in "(/|\\.|a|\\?|:){0,12}") {
            let base = Uri::from_static("http://a/b/c");
            let target = Reference::parse(&text).target(&base);
            let path = target.split('?').next().unwrap();
            prop_assert!(path.starts_with('/'));
            prop_assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
        }
    }
}
