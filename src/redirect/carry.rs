//! What of a request goes along.

use http::header::{self, HeaderMap, HeaderName};

/// Takes off what describes a body that is gone, and what made sense for its method alone
/// (RFC 9110 §15.4): a precondition was about the resource that was to be changed.
pub(super) fn drop_content(headers: &mut HeaderMap) {
    let gone: Vec<_> = headers
        .keys()
        .filter(|name| is_of_content(name))
        .cloned()
        .collect();
    for name in gone {
        headers.remove(name);
    }
}

fn is_of_content(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 4] = [
        header::EXPECT,
        header::LAST_MODIFIED,
        header::TRAILER,
        header::TRANSFER_ENCODING,
    ];
    const TEXTS: [&str; 3] = ["digest", "idempotency-key", "repr-digest"];
    let text = name.as_str();
    let begins = text.starts_with("content-") || text.starts_with("if-");
    begins || NAMES.contains(name) || TEXTS.contains(&text)
}

/// Takes off what is nobody else's business. Keys have all sorts of names, so the list is of what stays.
pub(super) fn drop_private(headers: &mut HeaderMap) {
    let private: Vec<_> = headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || !is_open(name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in private {
        headers.remove(name);
    }
}

fn is_open(name: &HeaderName) -> bool {
    const NAMES: [HeaderName; 13] = [
        header::ACCEPT,
        header::ACCEPT_CHARSET,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::CACHE_CONTROL,
        header::CONTENT_ENCODING,
        header::CONTENT_LANGUAGE,
        header::CONTENT_LENGTH,
        header::CONTENT_TYPE,
        header::IF_RANGE,
        header::PRAGMA,
        header::RANGE,
        header::USER_AGENT,
    ];
    const TEXTS: [&str; 5] = [
        "content-digest",
        "idempotency-key",
        "repr-digest",
        "traceparent",
        "tracestate",
    ];
    NAMES.contains(name) || TEXTS.contains(&name.as_str())
}
