//! What a change at the origin makes out of date (RFC 9111 §4.4).

use http::{Method, Uri, header};

use super::{Arrival, Ask, location};

/// The URIs whose stored responses may be wrong after an unsafe request that did not fail: its own, and those that
/// the response names, if they are of the same origin.
pub(super) fn uris(ask: &Ask<'_>, arrival: &Arrival<'_>) -> Vec<Uri> {
    let failed = !arrival.status.is_success() && !arrival.status.is_redirection();
    if is_safe(ask.method) || failed {
        return Vec::new();
    }
    let mut uris = vec![ask.uri.clone()];
    for name in [header::LOCATION, header::CONTENT_LOCATION] {
        let uri = location::field(ask, arrival.headers, &name);
        uris.extend(uri.filter(|uri| !uris.contains(uri)));
    }
    uris
}

/// A method that is not known counts as unsafe.
pub(super) fn is_safe(method: &Method) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE].contains(method)
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, HeaderValue, StatusCode, Version};

    use super::*;

    fn invalidated(
        method: &str,
        status: u16,
        fields: &[(&'static str, &'static str)],
    ) -> Vec<String> {
        let fields = fields.iter().map(|(name, value)| {
            (
                http::HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        });
        let arrival = Arrival {
            status: StatusCode::from_u16(status).unwrap(),
            version: Version::HTTP_11,
            headers: &fields.collect(),
            sent: SystemTime::UNIX_EPOCH,
            received: SystemTime::UNIX_EPOCH,
        };
        let ask = Ask {
            method: &method.parse().unwrap(),
            uri: &Uri::from_static("http://a/b?c"),
            headers: &HeaderMap::new(),
        };
        uris(&ask, &arrival).iter().map(Uri::to_string).collect()
    }

    #[test]
    fn unsafe_methods_invalidate_their_uri() {
        for method in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "post"] {
            for status in [200, 204, 206, 301, 303, 304] {
                assert_eq!(
                    invalidated(method, status, &[]),
                    ["http://a/b?c"],
                    "{method}"
                );
            }
        }
    }

    #[test]
    fn failures_and_safe_methods_invalidate_nothing() {
        for status in [400, 404, 499, 500, 503, 599] {
            assert!(invalidated("POST", status, &[]).is_empty(), "{status}");
        }
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(invalidated(method, 200, &[]).is_empty(), "{method}");
        }
    }

    #[test]
    fn locations_of_the_same_origin_are_invalidated_too() {
        let fields = [("location", "/x"), ("content-location", "http://a/y")];
        let expected = ["http://a/b?c", "http://a/x", "http://a/y"];
        assert_eq!(invalidated("PUT", 201, &fields), expected);
        let fields = [("location", "http://other/x"), ("content-location", "")];
        assert_eq!(invalidated("PUT", 201, &fields), ["http://a/b?c"]);
        let fields = [("location", "/x"), ("content-location", "/x")];
        assert_eq!(invalidated("PUT", 201, &fields).len(), 2);
    }
}
