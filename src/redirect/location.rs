//! References in `Location` (RFC 9110 §10.2.2, RFC 3986 §5).

use buttress_kernel::Reference;
use http::{HeaderMap, Uri, header};

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
    Some(written(first.as_bytes()).and_then(|reference| resolve(base, &reference)))
}

/// The reference as URIs are written. What browsers encode is encoded; what they take for something
/// else, and what could hide something, is refused.
pub(crate) fn written(value: &[u8]) -> Result<String, Fault> {
    let mut text = String::with_capacity(value.len());
    for &byte in value.trim_ascii() {
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

/// The URI of http that a reference means (RFC 3986 §5.2.2).
pub(crate) fn resolve(base: &Uri, text: &str) -> Result<Uri, Fault> {
    let reference = Reference::parse(text);
    let target = reference.target(base);
    if reference.scheme().is_none() && reference.authority().is_none() {
        let mut parts = base.clone().into_parts();
        parts.path_and_query = Some(target.try_into().map_err(|_| MALFORMED)?);
        return Uri::from_parts(parts).map_err(|_| MALFORMED);
    }
    let own = base.scheme_str().unwrap_or_default();
    let scheme = reference.scheme().unwrap_or(own).to_ascii_lowercase();
    if !matches!(scheme.as_str(), "http" | "https") {
        return Err("its scheme is neither http nor https");
    }
    match reference.authority() {
        None | Some("") => Err("it names no host"),
        Some(authority) if authority.contains('@') => Err("it holds a user name or password"),
        Some(authority) => {
            BaseUri::absolute(&format!("{scheme}://{authority}{target}")).map_err(|_| MALFORMED)
        }
    }
}

const MALFORMED: Fault = "it is not a URI";

#[cfg(test)]
mod tests {
    use http::HeaderValue;
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
    fn other_places_are_named_in_full_or_under_the_same_scheme() {
        for (location, expected) in [
            ("../g?y/../x#s", "http://a/g?y/../x"),
            ("", "http://a/b"),
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
                let named = match at.split_once("//") {
                    Some(("" | "http:" | "https:", rest)) => Some(rest),
                    _ => None,
                };
                let host = named.map(|rest| rest.split(['/', '?']).next().unwrap());
                let authority = uri.authority().unwrap().as_str();
                prop_assert_eq!(authority, host.unwrap_or("home.example"));
                prop_assert!(!uri.path().split('/').any(|s| s == ".." || s == "."));
            }
        }
    }
}
