//! The header fields that a proxy takes out, puts together and adds (RFC 9110 §7.6).

use http::{HeaderMap, HeaderName, header};

use crate::transport::without_false_length;

/// Fields that belong to one connection (RFC 9110 §7.6.1), besides those that `Connection` names.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    HeaderName::from_static("http2-settings"),
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    HeaderName::from_static("proxy-authentication-info"),
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes the fields of one connection out of a message's header, and a length that one of them overrides. Returns
/// what `Connection` named.
pub(super) fn strip(headers: &mut HeaderMap) -> Vec<HeaderName> {
    without_false_length(headers);
    let named: Vec<HeaderName> = elements(headers, &header::CONNECTION)
        .filter_map(|name| HeaderName::from_bytes(name).ok())
        .collect();
    for name in HOP_BY_HOP.iter().chain(&named) {
        headers.remove(name);
    }
    named
}

/// Whether the sender reads trailers (RFC 9110 §10.1.4).
pub(super) fn wants_trailers(headers: &HeaderMap) -> bool {
    elements(headers, &header::TE).any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
}

/// Whether the body came as it is, or in chunks, which are undone before anybody sees it. What else
/// was done to it (RFC 9112 §7) nobody here can undo, and the next connection cannot tell of it.
pub(super) fn is_plainly_framed(headers: &HeaderMap) -> bool {
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => true,
        (Some(one), None) => one.as_bytes().eq_ignore_ascii_case(b"chunked"),
        (Some(_), Some(_)) => false,
    }
}

/// Whether the sender wants to speak WebSocket from here on. Other wishes for another protocol may be passed over
/// (RFC 9110 §7.8): many clients ask every server for HTTP/2. So is one that `Connection` does not name, since it was
/// meant for somebody else.
pub(super) fn wants_websocket(headers: &HeaderMap) -> bool {
    let names = |list, name: &[u8]| {
        elements(headers, &list).any(|element| element.eq_ignore_ascii_case(name))
    };
    names(header::UPGRADE, b"websocket") && names(header::CONNECTION, b"upgrade")
}

/// Counts this hop where the sender allows for a number of them (RFC 9110 §7.6.2); `false` where none is left.
pub(super) fn count_hop(headers: &mut HeaderMap) -> bool {
    let mut said = headers.get_all(header::MAX_FORWARDS).iter();
    let number = match (said.next(), said.next()) {
        (Some(one), None) => digits(one.as_bytes()),
        _ => None,
    };
    let left = number.map(|number| number.checked_sub(1));
    match left {
        Some(Some(left)) => headers.insert(header::MAX_FORWARDS, left.into()),
        // What is no number says nothing.
        None => headers.remove(header::MAX_FORWARDS),
        Some(None) => return false,
    };
    true
}

/// A number above all that can be counted is as large as can be.
fn digits(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

/// The elements of a list, without the space around them. Bytes, since one element that is not
/// text must not hide the others.
pub(super) fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(name).into_iter();
    let elements = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    elements.map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(fields: &[(HeaderName, &'static str)]) -> HeaderMap {
        let fields = fields.iter().cloned();
        fields
            .map(|(name, value)| (name, HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn of_a_length_and_chunks_the_length_goes() {
        let mut headers = of(&[
            (header::CONTENT_LENGTH, "3"),
            (header::TRANSFER_ENCODING, "chunked"),
        ]);
        strip(&mut headers);
        assert!(headers.is_empty(), "{headers:?}");
        let mut headers = of(&[(header::CONTENT_LENGTH, "3")]);
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
    }

    #[test]
    fn hops_are_counted_down_to_none() {
        for (said, left) in [
            ("5", Some(Some("4"))),
            ("1", Some(Some("0"))),
            ("0", None),
            ("000", None),
            ("18446744073709551616", Some(Some("18446744073709551614"))),
            ("", Some(None)),
            ("-1", Some(None)),
            ("+1", Some(None)),
            ("1, 2", Some(None)),
        ] {
            let mut headers = of(&[(header::MAX_FORWARDS, said)]);
            let goes_on = count_hop(&mut headers);
            let now = headers.get(header::MAX_FORWARDS);
            let now = now.map(|now| now.to_str().unwrap());
            assert_eq!(goes_on.then_some(now), left, "{said}");
        }
        assert!(count_hop(&mut HeaderMap::new()));
    }

    #[test]
    fn an_upgrade_counts_where_the_connection_names_it() {
        for (connection, upgrade, wants) in [
            ("Upgrade", "WebSocket", true),
            ("keep-alive, upgrade", "h2c, websocket", true),
            ("close", "websocket", false),
            ("upgrade", "h2c", false),
        ] {
            let headers = of(&[(header::CONNECTION, connection), (header::UPGRADE, upgrade)]);
            assert_eq!(wants_websocket(&headers), wants, "{connection}, {upgrade}");
        }
    }
}
