//! References to other resources of the same origin (RFC 3986 §5).

use buttress_kernel::Reference;
use http::uri::Authority;
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
fn resolve(base: &Uri, host: Option<&str>, text: &str) -> Option<Uri> {
    let reference = Reference::parse(text.trim_matches([' ', '\t']));
    if let Some(scheme) = reference.scheme() {
        let same = match base.scheme_str() {
            Some(own) => own.eq_ignore_ascii_case(scheme),
            None => default_port(scheme).is_some(),
        };
        reference.authority().filter(|_| same)?;
    }
    if let Some(authority) = reference.authority() {
        let scheme = reference.scheme().or(base.scheme_str());
        is_own(base, host, scheme, authority).then_some(())?;
    }
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(reference.target(base).try_into().ok()?);
    Uri::from_parts(parts).ok()
}

/// Whether an authority is the base's.
fn is_own(base: &Uri, host: Option<&str>, scheme: Option<&str>, authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let own = base.authority().cloned();
    let Some(own) = own.or_else(|| host?.parse().ok()) else {
        return false;
    };
    let port = |port: Option<u16>| port.or_else(|| default_port(scheme?));
    authority.host().eq_ignore_ascii_case(own.host())
        && port(authority.port_u16()) == port(own.port_u16())
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.eq_ignore_ascii_case("http") {
        Some(80)
    } else {
        scheme.eq_ignore_ascii_case("https").then_some(443)
    }
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
    fn references_are_relative_to_the_request() {
        for (reference, expected) in [
            ("../g?y#s", "http://a/b/g?y"),
            ("", "http://a/b/c/d;p?q"),
            ("?y", "http://a/b/c/d;p?y"),
            ("./g:h", "http://a/b/c/g:h"),
        ] {
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
