//! Strings of structured fields.

/// Whether a text can be a string of a structured field: printable ASCII
/// ([RFC 9651 §3.3.3](https://www.rfc-editor.org/rfc/rfc9651#section-3.3.3)).
pub(super) fn is_string(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// In quotes, with backslashes before what needs one.
pub(super) fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}
