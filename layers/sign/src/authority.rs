//! Which authority a request goes to, as its parts say it.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};

/// The authority that the receiver will see, in lower case and without the scheme's own port: the
/// `Host` header, which a transport leaves alone where there is one, or else the URI's. The scheme is the
/// one by which the receiver is asked, whatever the URI says of a hop in between.
pub(crate) fn sent<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    scheme: Option<&str>,
) -> Option<Cow<'a, str>> {
    host(headers, scheme).or_else(|| of_uri(uri, scheme))
}

/// The authority that was asked for: the URI's where it has one
/// ([RFC 9112 §3.2.2](https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2)), or else `Host`.
#[cfg(any(feature = "hmac", feature = "message-signatures"))]
pub(crate) fn received<'a>(
    uri: &'a Uri,
    headers: &'a HeaderMap,
    scheme: Option<&str>,
) -> Option<Cow<'a, str>> {
    of_uri(uri, scheme).or_else(|| host(headers, scheme))
}

/// Whether the receiver sees the same authority whichever of the two it goes by.
#[cfg(feature = "hmac")]
pub(crate) fn is_one(uri: &Uri, headers: &HeaderMap, scheme: Option<&str>) -> bool {
    sent(uri, headers, scheme) == received(uri, headers, scheme)
}

/// The only `Host` header; two of them name no place.
fn host<'a>(headers: &'a HeaderMap, scheme: Option<&str>) -> Option<Cow<'a, str>> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return None;
    };
    let host = host.to_str().ok().filter(|host| !host.is_empty())?;
    Some(normal(host, scheme))
}

fn of_uri<'a>(uri: &'a Uri, scheme: Option<&str>) -> Option<Cow<'a, str>> {
    let authority = uri.authority()?.as_str();
    // User information is no part of the authority that is sent.
    let place = authority
        .rsplit_once('@')
        .map_or(authority, |(_, place)| place);
    Some(normal(place, scheme))
}

/// In lower case, without the port that says nothing.
fn normal<'a>(place: &'a str, scheme: Option<&str>) -> Cow<'a, str> {
    let is = |name: &str| scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(name));
    let usual = if is("https") {
        "443"
    } else if is("http") {
        "80"
    } else {
        ""
    };
    let place = match place.rsplit_once(':') {
        Some((host, port)) if port.is_empty() || port == usual => host,
        _ => place,
    };
    if place.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(place.to_ascii_lowercase())
    } else {
        Cow::Borrowed(place)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn seen(uri: &str, hosts: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for host in hosts {
            headers.append(header::HOST, host.parse().unwrap());
        }
        let uri: Uri = uri.parse().unwrap();
        sent(&uri, &headers, uri.scheme_str()).map(Cow::into_owned)
    }

    #[test]
    fn the_authority_is_what_the_receiver_sees() {
        for (uri, hosts, authority) in [
            ("https://A.example/", &[][..], Some("a.example")),
            ("https://a.example:443/", &[], Some("a.example")),
            ("http://a.example:443/", &[], Some("a.example:443")),
            ("https://user:secret@a.example/", &[], Some("a.example")),
            ("https://a.example/", &["B.example"], Some("b.example")),
            ("https://[::1]:8080/", &[], Some("[::1]:8080")),
            ("/", &["b.example:80"], Some("b.example:80")),
            ("/", &["b.example", "c.example"], None),
            ("/", &[], None),
        ] {
            assert_eq!(seen(uri, hosts).as_deref(), authority, "{uri} {hosts:?}");
        }
    }
}
