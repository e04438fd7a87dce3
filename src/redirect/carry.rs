//! What of a request goes along.

use buttress_kernel::IdempotencyHeader;
use http::Extensions;
use http::header::{self, HeaderMap, HeaderName};

/// Takes off what describes a body that is gone (RFC 9110 §15.4).
pub(super) fn drop_content(headers: &mut HeaderMap) {
    drop_all(headers, is_of_content);
}

/// Takes off what made sense for the old method alone (RFC 9110 §15.4): a precondition was about the resource that
/// was to be changed. A range goes with the `If-Range` that says of what.
pub(super) fn drop_of_method(headers: &mut HeaderMap, extensions: &Extensions) {
    drop_all(headers, |name| {
        let is_condition = name.as_str().starts_with("if-") || *name == header::RANGE;
        is_condition || IdempotencyHeader::is(name, extensions)
    });
}

fn drop_all(headers: &mut HeaderMap, is_gone: impl Fn(&HeaderName) -> bool) {
    let gone: Vec<_> = headers
        .keys()
        .filter(|name| is_gone(name))
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
    const TEXTS: [&str; 2] = ["digest", "repr-digest"];
    let text = name.as_str();
    text.starts_with("content-") || NAMES.contains(name) || TEXTS.contains(&text)
}

/// Takes off what is nobody else's business. Keys have all sorts of names, so the list is of what stays.
pub(super) fn drop_private(headers: &mut HeaderMap, extensions: &Extensions) {
    let stays = |name| is_open(name) || IdempotencyHeader::is(name, extensions);
    let private: Vec<_> = headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || !stays(name))
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
    const TEXTS: [&str; 4] = ["content-digest", "repr-digest", "traceparent", "tracestate"];
    NAMES.contains(name) || TEXTS.contains(&name.as_str())
}
