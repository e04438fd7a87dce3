//! Paths and queries in the one form that AWS compares: pure functions on bytes.

use crate::percent::{push, units};

/// Each byte but letters, digits and `-._~` as a percent sign and two digits; slashes stay if told.
pub(super) fn encode(bytes: &[u8], keep_slashes: bool, text: &mut String) {
    for byte in bytes {
        let stays = is_unreserved(*byte) || keep_slashes && *byte == b'/';
        push(*byte, stays, text);
    }
}

/// The same for what may be encoded already, so that nothing is encoded twice. An encoded slash is
/// another thing than a slash, and stays encoded.
pub(super) fn encode_once(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    for (byte, escaped) in units(path.as_bytes(), false) {
        let stays = is_unreserved(byte) || byte == b'/' && !escaped;
        push(byte, stays, &mut text);
    }
    text
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Without `.`, `..` and empty segments ([RFC 3986 §5.2.4](https://www.rfc-editor.org/rfc/rfc3986#section-5.2.4),
/// and AWS's rule for slashes).
pub(super) fn normalized(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let is_folder = ["/", "/.", "/.."].iter().any(|end| path.ends_with(end));
    let end = if is_folder && !segments.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::percent::decode_form;

    #[test]
    fn paths_lose_what_leads_nowhere() {
        for (path, normal) in [
            ("", "/"),
            ("/", "/"),
            ("/./", "/"),
            ("//", "/"),
            ("/a/..", "/"),
            ("/a/b/..", "/a/"),
            ("/a/b/../..", "/"),
            ("/../../a", "/a"),
            ("//a//", "/a/"),
            ("/./a", "/a"),
            ("/a/.", "/a/"),
            ("/a.b/...", "/a.b/..."),
        ] {
            assert_eq!(normalized(path), normal, "{path}");
        }
    }

    #[test]
    fn nothing_is_encoded_twice_and_no_slash_is_lost() {
        for (path, encoded) in [
            ("/a b@c", "/a%20b%40c"),
            ("/a%20b", "/a%20b"),
            ("/a%2fb", "/a%2Fb"),
            ("/%61", "/a"),
            ("/%", "/%25"),
            ("/%4", "/%254"),
            ("/%zz", "/%25zz"),
            ("/\u{1234}", "/%E1%88%B4"),
        ] {
            assert_eq!(encode_once(path), encoded, "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_can_be_decoded(bytes: Vec<u8>) {
            let mut text = String::new();
            encode(&bytes, false, &mut text);
            prop_assert_eq!(decode_form(&text), bytes);
        }

        #[test]
        fn encoding_once_changes_nothing_the_second_time(path in "[/a%2fF@ é+]{0,20}") {
            let once = encode_once(&path);
            prop_assert_eq!(encode_once(&once), once);
        }

        #[test]
        fn normalising_changes_nothing_the_second_time(path in "/[/a.]{0,20}") {
            let normal = normalized(&path);
            prop_assert_eq!(normalized(&normal), normal);
        }
    }
}
