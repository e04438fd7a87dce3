//! References to other resources of the same origin (RFC 3986 §5).

use std::borrow::Cow;

use http::uri::{Authority, PathAndQuery};
use http::{HeaderMap, HeaderName, Uri, header};

use super::Ask;

/// What a response field refers to, if that is of the same origin as the request.
pub(super) fn field(ask: &Ask<'_>, headers: &HeaderMap, name: &HeaderName) -> Option<Uri> {
    let host = ask.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    resolve(ask.uri, host, headers.get(name)?.to_str().ok()?)
}

/// Whether `Content-Location` says that a response holds what GET would fetch from the same URI
/// (RFC 9110 §8.7).
pub(super) fn is_content_of(ask: &Ask<'_>, headers: &HeaderMap) -> bool {
    let location = field(ask, headers, &header::CONTENT_LOCATION);
    location.is_some_and(|location| location.path_and_query() == ask.uri.path_and_query())
}

/// A reference as a URI with the scheme and authority of `base`, without its fragment.
///
/// A base without an authority is that of a server, which knows its name from the `host` field, and
/// not by which scheme it was reached.
fn resolve(base: &Uri, host: Option<&str>, reference: &str) -> Option<Uri> {
    let reference = reference.trim_matches([' ', '\t']);
    let reference = reference.split('#').next()?;
    let path = match scheme_end(reference) {
        Some(at) => {
            let (scheme, rest) = (&reference[..at], &reference[at + 1..]);
            let same = match base.scheme_str() {
                Some(own) => own.eq_ignore_ascii_case(scheme),
                None => default_port(scheme).is_some(),
            };
            of_authority(base, host, Some(scheme), rest.strip_prefix("//")?).filter(|_| same)?
        }
        None => match reference.strip_prefix("//") {
            Some(rest) => of_authority(base, host, base.scheme_str(), rest)?,
            None => Cow::Borrowed(reference),
        },
    };
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(joined(base, &path)?);
    Uri::from_parts(parts).ok()
}

/// Where a scheme ends, if the reference begins with one.
fn scheme_end(reference: &str) -> Option<usize> {
    let at = reference.find([':', '/', '?'])?;
    reference[at..].starts_with(':').then_some(at)
}

/// What follows the authority, if that is the same as the base's.
fn of_authority<'a>(
    base: &Uri,
    host: Option<&str>,
    scheme: Option<&str>,
    rest: &'a str,
) -> Option<Cow<'a, str>> {
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let authority: Authority = authority.parse().ok()?;
    let own = base.authority().cloned();
    let own = own.or_else(|| host?.parse().ok())?;
    let port = |port: Option<u16>| port.or_else(|| default_port(scheme?));
    let same = authority.host().eq_ignore_ascii_case(own.host())
        && port(authority.port_u16()) == port(own.port_u16());
    same.then(|| match path.as_bytes() {
        [b'/', ..] => Cow::Borrowed(path),
        _ => format!("/{path}").into(),
    })
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else {
        scheme.eq_ignore_ascii_case("https").then_some(443)
    }
}

/// A path and query, relative to those of the base (RFC 3986 §5.2.2).
fn joined(base: &Uri, reference: &str) -> Option<PathAndQuery> {
    let (path, query) = match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    };
    let query = query.or_else(|| base.query().filter(|_| path.is_empty()));
    let path = match path.as_bytes() {
        [] => Cow::Borrowed(base.path()),
        [b'/', ..] => without_dots(path).into(),
        _ => {
            let folder = base.path().rfind('/').map_or("", |at| &base.path()[..at]);
            without_dots(&format!("{folder}/{path}")).into()
        }
    };
    let text = query.map_or_else(|| path.to_string(), |query| format!("{path}?{query}"));
    text.try_into().ok()
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
    use proptest::prelude::*;

    use super::*;

    fn resolved(base: &str, reference: &str) -> Option<String> {
        resolve(&base.parse().unwrap(), None, reference).map(|uri| uri.to_string())
    }

    fn ask<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Ask<'a> {
        let method = &http::Method::POST;
        Ask {
            method,
            uri,
            headers,
        }
    }

    #[test]
    fn references_are_resolved_as_rfc_3986_shows() {
        // §5.4.1 and §5.4.2, those that stay with the origin and have no fragment.
        let table = [
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("#s", "http://a/b/c/d;p?q"),
            ("g#s", "http://a/b/c/g"),
            ("g?y#s", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("g;x", "http://a/b/c/g;x"),
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
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
            ("g?y/./x", "http://a/b/c/g?y/./x"),
            ("g?a:b", "http://a/b/c/g?a:b"),
            ("./g:h", "http://a/b/c/g:h"),
        ];
        for (reference, expected) in table {
            let found = resolved("http://a/b/c/d;p?q", reference);
            assert_eq!(found.as_deref(), Some(expected), "{reference}");
        }
    }

    #[test]
    fn the_same_origin_may_be_spelt_in_full() {
        for reference in [
            "http://a.example/x",
            "HTTP://A.example:80/x",
            "//a.example/x",
            "//a.example:80/x",
            " http://a.example/x\t",
        ] {
            let found = resolved("http://a.example/y", reference);
            assert_eq!(found.as_deref(), Some("http://a.example/x"), "{reference}");
        }
        assert_eq!(
            resolved("https://a:443/y", "https://a?q").as_deref(),
            Some("https://a:443/?q")
        );
        assert_eq!(
            resolved("http://a/y", "http://a").as_deref(),
            Some("http://a/")
        );
    }

    #[test]
    fn other_origins_are_none_of_our_business() {
        for reference in [
            "https://a.example/x",
            "http://b.example/x",
            "//b.example/x",
            "http://a.example:8080/x",
            "//a.example:443/x",
            "mailto:x@a.example",
            "http:x",
            "//",
            "http://[/x",
        ] {
            assert_eq!(
                resolved("http://a.example/y", reference),
                None,
                "{reference}"
            );
        }
    }

    #[test]
    fn a_base_without_an_authority_knows_paths_only() {
        assert_eq!(resolved("/a/b", "c").as_deref(), Some("/a/c"));
        assert_eq!(resolved("/a/b", "//host/c"), None);
        assert_eq!(resolved("/a/b", "http://host/c"), None);
    }

    #[test]
    fn a_base_without_an_authority_is_the_hosts() {
        let table = [
            ("c", Some("/a/c")),
            ("http://A.example/c", Some("/c")),
            ("HTTPS://a.example/c", Some("/c")),
            ("//a.example/c?d", Some("/c?d")),
            ("http://a.example:80/c", Some("/c")),
            ("http://a.example:8080/c", None),
            ("http://b.example/c", None),
            ("//b.example/c", None),
            ("ftp://a.example/c", None),
        ];
        let base = Uri::from_static("/a/b");
        for (reference, expected) in table {
            let found = resolve(&base, Some("a.example"), reference);
            let found = found.map(|uri| uri.to_string());
            assert_eq!(found.as_deref(), expected, "{reference}");
        }
        assert_eq!(resolve(&base, Some("["), "//a.example/c"), None);
    }

    #[test]
    fn what_is_no_uri_is_none() {
        assert_eq!(resolved("http://a/b", "c d"), None);
        let headers = HeaderMap::from_iter([(
            header::LOCATION,
            http::HeaderValue::from_bytes(b"/\xff").unwrap(),
        )]);
        let base = "http://a/b".parse().unwrap();
        let ask = ask(&base, &headers);
        assert_eq!(field(&ask, &headers, &header::LOCATION), None);
    }

    #[test]
    fn content_location_is_compared_with_path_and_query() {
        let is = |location: &'static str| {
            let headers = HeaderMap::from_iter([(
                header::CONTENT_LOCATION,
                http::HeaderValue::from_static(location),
            )]);
            let none = HeaderMap::new();
            is_content_of(&ask(&Uri::from_static("http://a/b?c"), &none), &headers)
        };
        assert!(is("/b?c") && is("http://a/b?c") && is("b?c") && is(""));
        assert!(!is("/b") && !is("/b?d") && !is("https://a/b?c"));
        let none = HeaderMap::new();
        assert!(!is_content_of(&ask(&Uri::from_static("/"), &none), &none));
    }

    proptest! {
        #[test]
        fn no_reference_breaks_the_resolver(reference in "[ -~]{0,40}") {
            let _ = resolved("http://a.example/b/c?d", &reference);
        }

        #[test]
        fn whatever_is_resolved_has_the_same_origin(reference in "[a-c./?:#]{0,20}") {
            if let Some(found) = resolved("http://a/b/c", &reference) {
                prop_assert!(found.starts_with("http://a/"));
            }
        }
    }
}
