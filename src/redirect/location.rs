//! References in `Location` (RFC 9110 §10.2.2, RFC 3986 §5).

use http::{HeaderMap, HeaderValue, Uri, header};

use crate::BaseUri;

/// What is wrong with a `Location`.
type Fault = &'static str;

/// Where a redirect leads; `None` when it does not say.
pub(super) fn of(headers: &HeaderMap, base: &Uri) -> Option<Result<Uri, Fault>> {
    let mut all = headers.get_all(header::LOCATION).iter();
    let first = all.next()?;
    if all.any(|other| other != first) {
        return Some(Err("it names several places"));
    }
    Some(written(first).and_then(|reference| resolve(base, &reference)))
}

/// The reference as URIs are written. What browsers encode is encoded; what they take for something
/// else, and what could hide something, is refused.
fn written(value: &HeaderValue) -> Result<String, Fault> {
    let mut text = String::with_capacity(value.len());
    for &byte in value.as_bytes().trim_ascii() {
        match byte {
            b'\\' => return Err("it holds a backslash, which some take for a slash"),
            b'\t' => return Err("it holds a tab"),
            b'#' => break, // A fragment is never sent.
            b' ' | b'"' | b'<' | b'>' | b'^' | b'`' | b'{' | b'|' | b'}' | 0x80.. => {
                text.push_str(&format!("%{byte:02X}"));
            }
            _ => text.push(char::from(byte)),
        }
    }
    Ok(text)
}

/// RFC 3986 §5.2.2, for a reference without a fragment.
pub(crate) fn resolve(base: &Uri, reference: &str) -> Result<Uri, Fault> {
    let scheme = base.scheme_str().unwrap_or_default();
    if let Some(end) = scheme_end(reference) {
        return elsewhere(&reference[..end], &reference[end + 1..]);
    }
    if reference.starts_with("//") {
        return elsewhere(scheme, reference);
    }
    let mut parts = base.clone().into_parts();
    let joined = joined(base, reference).try_into();
    parts.path_and_query = Some(joined.map_err(|_| MALFORMED)?);
    Uri::from_parts(parts).map_err(|_| MALFORMED)
}

const MALFORMED: Fault = "it is not a URI";

/// Where a scheme ends, if the reference begins with one.
fn scheme_end(reference: &str) -> Option<usize> {
    let at = reference.find([':', '/', '?'])?;
    let is_scheme = reference[at..].starts_with(':')
        && reference.starts_with(|first: char| first.is_ascii_alphabetic());
    is_scheme.then_some(at)
}

/// A reference that says where, from the slashes on.
fn elsewhere(scheme: &str, rest: &str) -> Result<Uri, Fault> {
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err("its scheme is neither http nor https");
    }
    let rest = rest.strip_prefix("//").ok_or("it names no host")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.contains('@') {
        return Err("it holds a user name or password");
    }
    if authority.is_empty() {
        return Err("it names no host");
    }
    let (path, query) = split_query(target);
    let target = with_query(&without_dots(path), query);
    let scheme = scheme.to_ascii_lowercase();
    BaseUri::absolute(&format!("{scheme}://{authority}{target}")).map_err(|_| MALFORMED)
}

/// A path and query, relative to those of the base.
fn joined(base: &Uri, reference: &str) -> String {
    let (path, query) = split_query(reference);
    let query = query.or_else(|| base.query().filter(|_| path.is_empty()));
    let path = match path.as_bytes() {
        [] => base.path().to_owned(),
        [b'/', ..] => without_dots(path),
        _ => {
            let folder = base.path().rfind('/').map_or("", |at| &base.path()[..at]);
            without_dots(&format!("{folder}/{path}"))
        }
    };
    with_query(&path, query)
}

fn split_query(reference: &str) -> (&str, Option<&str>) {
    match reference.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (reference, None),
    }
}

fn with_query(path: &str, query: Option<&str>) -> String {
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
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

    fn resolved(base: &str, location: &[u8]) -> Result<String, Fault> {
        let value = HeaderValue::from_bytes(location).unwrap();
        let headers = HeaderMap::from_iter([(header::LOCATION, value)]);
        of(&headers, &base.parse().unwrap())
            .unwrap()
            .map(|uri| uri.to_string())
    }

    #[test]
    fn references_are_resolved_as_rfc_3986_shows() {
        // §5.4.1 and §5.4.2, without the fragments, which are not sent.
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
            ("./g:h", "http://a/b/c/g:h"),
        ] {
            let found = resolved("http://a/b/c/d;p?q", reference.as_bytes());
            assert_eq!(found.as_deref(), Ok(expected), "{reference}");
        }
    }

    #[test]
    fn other_places_are_named_in_full_or_under_the_same_scheme() {
        for (location, expected) in [
            ("https://b.example:8443/x?y", "https://b.example:8443/x?y"),
            ("HTTPS://B.example", "https://B.example/"),
            ("http://b/a/../c", "http://b/c"),
            ("http://b?q", "http://b/?q"),
            ("//b:81/x", "http://b:81/x"),
            (" /x ", "http://a/x"),
            ("/a b/\"<>^`{|}", "http://a/a%20b/%22%3C%3E%5E%60%7B%7C%7D"),
            ("/%zz", "http://a/%zz"),
            ("http://[::1]:80/", "http://[::1]:80/"),
        ] {
            let found = resolved("http://a/b", location.as_bytes());
            assert_eq!(found.as_deref(), Ok(expected), "{location}");
        }
        assert_eq!(
            resolved("http://a/b", "/ä".as_bytes()).unwrap(),
            "http://a/%C3%A4"
        );
    }

    #[test]
    fn what_is_hostile_is_refused() {
        for location in [
            "http://b\\@c/",
            "\\\\evil/x",
            "/\\evil",
            "http://u:p@b/",
            "//u@b/x",
            "http:///x",
            "///x",
            "//",
            "http:",
            "http:x",
            "http:/x",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "ftp://b/",
            "data:text/html,x",
            "http://b:99999/",
            "http://b*/",
            "http://b\t/",
            "http://b c/",
            "//b%2f@c/",
        ] {
            let found = resolved("http://a/b", location.as_bytes());
            assert!(found.is_err(), "{location}: {found:?}");
        }
        let two = ["/a", "/b"].map(|place| (header::LOCATION, HeaderValue::from_static(place)));
        let mut headers = HeaderMap::new();
        headers.extend(two.map(|(name, value)| (Some(name), value)));
        headers.append(header::LOCATION, HeaderValue::from_static("/c"));
        assert!(
            of(&headers, &Uri::from_static("http://a/"))
                .unwrap()
                .is_err()
        );
        assert_eq!(of(&HeaderMap::new(), &Uri::from_static("http://a/")), None);
    }

    proptest! {
        #[test]
        fn no_location_leads_to_another_host_than_the_one_it_names(
            location in "[ -~]{0,12}|(https?:)?//[-a-z.:@%/\\\\?#]{0,16}|[/.\\\\]{0,6}[ -~]{0,9}",
        ) {
            let found = resolved("http://home.example/a/b", location.as_bytes());
            if let Ok(uri) = found {
                let uri: Uri = uri.parse().unwrap();
                let at = location.trim().split('#').next().unwrap();
                let named = scheme_end(at).map_or(at, |end| &at[end + 1..]).strip_prefix("//");
                let host = named.map(|rest| rest.split(['/', '?']).next().unwrap());
                let authority = uri.authority().unwrap().as_str();
                prop_assert_eq!(authority, host.unwrap_or("home.example"));
                prop_assert!(!uri.path().split('/').any(|s| s == ".." || s == "."));
            }
        }
    }
}
