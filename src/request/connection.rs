use http::{HeaderMap, HeaderName, header};

/// Whether a field says something about the connection alone that it came over (RFC 9110 §7.6.1).
pub(super) fn owns(headers: &HeaderMap, name: &HeaderName) -> bool {
    let always = [
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ];
    always.contains(name)
        || name == "keep-alive"
        || name == "proxy-connection"
        || is_named(headers, name)
}

/// Whether `Connection` names it.
fn is_named(headers: &HeaderMap, name: &HeaderName) -> bool {
    let lists = headers.get_all(header::CONNECTION).iter();
    let mut options = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    options.any(|option| {
        option
            .trim_ascii()
            .eq_ignore_ascii_case(name.as_str().as_bytes())
    })
}
