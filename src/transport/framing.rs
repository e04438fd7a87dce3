//! How long a message is, where its header says it twice or not at all.

use http::{HeaderMap, HeaderValue, Method, header};

/// Of the two, `Transfer-Encoding` holds (RFC 9112 §6.3). A length beside it is wrong at best, and whoever reads
/// the header next would believe it.
pub(crate) fn without_false_length(headers: &mut HeaderMap) {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        headers.remove(header::CONTENT_LENGTH);
    }
}

/// Says that there is nothing, where something is expected (RFC 9110 §8.6): without a length some servers answer
/// 411, or wait.
pub(super) fn tell_empty(method: &Method, headers: &mut HeaderMap) {
    let expects_content = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    let is_told = || {
        headers.contains_key(header::CONTENT_LENGTH)
            || headers.contains_key(header::TRANSFER_ENCODING)
    };
    if expects_content && !is_told() {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_message_says_so_where_one_expects_content() {
        let told = |method: Method, field: Option<(&'static str, &'static str)>| {
            let mut headers = HeaderMap::new();
            if let Some((name, value)) = field {
                headers.insert(name, HeaderValue::from_static(value));
            }
            tell_empty(&method, &mut headers);
            headers.get(header::CONTENT_LENGTH).cloned()
        };
        for method in [Method::POST, Method::PUT, Method::PATCH] {
            assert_eq!(told(method.clone(), None).unwrap(), "0");
            let own = told(method.clone(), Some(("content-length", "00")));
            assert_eq!(own.unwrap(), "00");
            let chunked = told(method, Some(("transfer-encoding", "chunked")));
            assert_eq!(chunked, None);
        }
        for method in [Method::GET, Method::HEAD, Method::DELETE, Method::OPTIONS] {
            assert_eq!(told(method, None), None);
        }
    }
}
