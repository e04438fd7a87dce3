//! The segments of a path as servers may come to see them.

/// Whether `is` holds for a segment, in the reading of any server: plain or percent-encoded, between
/// slashes, encoded slashes or backslashes, and cut where parameters (`;`) or a NUL begin, behind which
/// many stop reading.
pub(crate) fn any(path: &str, is: impl Fn(&str) -> bool) -> bool {
    // No segment that matters here is without a dot.
    if !path.contains('.') && !path.contains("%2") {
        return false;
    }
    let mut plain = path.to_ascii_lowercase();
    for (encoded, char) in [
        ("%2e", "."),
        ("%2f", "/"),
        ("%5c", "\\"),
        ("%3b", ";"),
        ("%00", "\0"),
    ] {
        plain = plain.replace(encoded, char);
    }
    let segments = plain.split(['/', '\\']);
    segments
        .filter_map(|segment| segment.split([';', '\0']).next())
        .any(is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_seen_however_they_are_written() {
        let dots = |path: &str| any(path, |segment| segment == "..");
        for path in [
            "..",
            "a/..",
            "%2E%2e",
            ".%2e/a",
            "a%2F..%5cb",
            "a\\..",
            "..;x",
            "..%3Bx",
            "..%00",
            "a/..%00x/b",
            "%2e%2e%00;x",
        ] {
            assert!(dots(path), "{path}");
        }
        for path in ["", "...", "a..", "..a", ".", "a%00..", "%252e%252e", "a;.."] {
            assert!(!dots(path), "{path}");
        }
    }
}
