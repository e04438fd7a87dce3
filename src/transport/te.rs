//! `TE`, which is for one connection.

use http::uri::Scheme;
use http::{HeaderMap, HeaderValue, Uri, header};

/// Which versions of HTTP a transport speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Versions {
    Http1,
    Http2,
    /// HTTP/1.1 on plain connections; over TLS whatever the server chooses.
    Either,
}

impl Versions {
    /// Whether a request to this URI certainly goes out on HTTP/1.1.
    fn is_http1(self, uri: &Uri) -> bool {
        match self {
            Self::Http1 => true,
            Self::Http2 => false,
            Self::Either => uri.scheme() == Some(&Scheme::HTTP),
        }
    }
}

/// RFC 9110 §10.1.4: who sends `TE` on HTTP/1.1 names it in `Connection`, so that nobody passes it on. HTTP/2 has no
/// such field, and takes with it what it names; so over TLS, where it may be HTTP/2, `TE` goes by itself.
pub(super) fn name_te(versions: Versions, uri: &Uri, headers: &mut HeaderMap) {
    if !headers.contains_key(header::TE) || !versions.is_http1(uri) {
        return;
    }
    let options = headers.get_all(header::CONNECTION).iter();
    let mut options = options.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    if !options.any(|option| option.trim_ascii().eq_ignore_ascii_case(b"te")) {
        headers.append(header::CONNECTION, HeaderValue::from_static("te"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `Connection` says of a request with these fields.
    fn connection(
        versions: Versions,
        uri: &'static str,
        fields: &[(&'static str, &str)],
    ) -> String {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, value.parse().unwrap());
        }
        name_te(versions, &Uri::from_static(uri), &mut headers);
        let values = headers.get_all(header::CONNECTION).iter();
        let values: Vec<_> = values.map(|value| value.to_str().unwrap()).collect();
        values.join(", ")
    }

    #[test]
    fn te_is_named_where_it_is_certainly_http1() {
        let te = [("te", "trailers")];
        for (versions, plain, tls) in [
            (Versions::Http1, "te", "te"),
            (Versions::Http2, "", ""),
            (Versions::Either, "te", ""),
        ] {
            assert_eq!(
                connection(versions, "http://a/", &te),
                plain,
                "{versions:?}"
            );
            assert_eq!(connection(versions, "https://a/", &te), tls, "{versions:?}");
        }
    }

    #[test]
    fn it_is_named_once_and_only_where_it_is() {
        let named = |fields: &[_]| connection(Versions::Http1, "http://a/", fields);
        assert_eq!(named(&[]), "");
        assert_eq!(named(&[("connection", "x-a")]), "x-a");
        assert_eq!(
            named(&[("te", "trailers"), ("connection", "x-a")]),
            "x-a, te"
        );
        let already = [("te", "trailers"), ("connection", "x-a , TE")];
        assert_eq!(named(&already), "x-a , TE");
    }
}
