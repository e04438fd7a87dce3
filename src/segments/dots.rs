//! Segments that lead elsewhere, in the reading of servers that read too much into a path.

/// How often a path is decoded along the way, at most.
const DECODINGS: usize = 3;

/// Bytes that some server takes for a dot, a slash or a backslash: overlong UTF-8, and characters that normal forms
/// turn into them.
const LOOKALIKES: [(&[u8], &[u8]); 18] = [
    (b"\xc0\xae", b"."),
    (b"\xe0\x80\xae", b"."),
    (b"\xf0\x80\x80\xae", b"."),
    (b"\xc0\xaf", b"/"),
    (b"\xe0\x80\xaf", b"/"),
    (b"\xf0\x80\x80\xaf", b"/"),
    (b"\xc1\x9c", b"\\"),
    (b"\xe0\x81\x9c", b"\\"),
    (b"\xf0\x80\x81\x9c", b"\\"),
    ("\u{2024}".as_bytes(), b"."),
    ("\u{2025}".as_bytes(), b".."),
    ("\u{fe52}".as_bytes(), b"."),
    ("\u{ff0e}".as_bytes(), b"."),
    ("\u{2044}".as_bytes(), b"/"),
    ("\u{2215}".as_bytes(), b"/"),
    ("\u{ff0f}".as_bytes(), b"/"),
    ("\u{fe68}".as_bytes(), b"\\"),
    ("\u{ff3c}".as_bytes(), b"\\"),
];

/// Whether a segment of the path is `.` or `..` to some server: plain or encoded up to three times over, between slashes
/// or backslashes of any sort, and without what some cut off (parameters, what follows a NUL, a `?` or a `#`, and white
/// space around).
pub(crate) fn leads_elsewhere(path: &str) -> bool {
    let is_plain = !path.contains('%') && path.is_ascii();
    if is_plain && !super::look(path).may_hold_dots {
        return false;
    }
    let mut path = path.as_bytes().to_vec();
    for _ in 0..DECODINGS {
        if has_dots(&path) {
            return true;
        }
        let decoded = decoded(&path);
        if decoded == path {
            return false;
        }
        path = decoded;
    }
    has_dots(&path)
}

fn has_dots(path: &[u8]) -> bool {
    let mut plain = path.to_vec();
    if !plain.is_ascii() {
        for (odd, meant) in LOOKALIKES {
            plain = replaced(&plain, odd, meant);
        }
    }
    let ends = |byte: &u8| b";?#\0".contains(byte);
    let is_space = |byte: u8| byte.is_ascii_whitespace() || byte.is_ascii_control();
    let mut segments = plain.split(|byte| b"/\\".contains(byte));
    segments.any(|segment| {
        let segment = segment.split(ends).next().unwrap_or_default();
        let start = segment.iter().take_while(|byte| is_space(**byte)).count();
        let segment = &segment[start..];
        let end = segment
            .iter()
            .rev()
            .take_while(|byte| is_space(**byte))
            .count();
        [&b"."[..], b".."].contains(&&segment[..segment.len() - end])
    })
}

/// What is no percent-encoding stays as it is.
fn decoded(path: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut rest = path;
    let mut out = Vec::with_capacity(path.len());
    while let [first, behind @ ..] = rest {
        let code = match (first, behind) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)),
            _ => None,
        };
        out.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = if code.is_some() { &behind[2..] } else { behind };
    }
    out
}

fn replaced(text: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut rest = text;
    let mut out = Vec::with_capacity(text.len());
    while let Some((first, behind)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(from) {
            out.extend_from_slice(to);
            rest = behind;
        } else {
            out.push(*first);
            rest = behind;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_spelling_of_a_dot_segment_passes() {
        for path in [
            "/../admin",
            "/..",
            "/a/.",
            "/./admin",
            "/%2e%2E%2fadmin",
            "/%252e%252e/admin",
            "/%25252e%25252E/admin",
            "/..%252fadmin",
            "/..%255cadmin",
            "/a\\..\\..\\admin",
            "/..%20/admin",
            "/..%09/admin",
            "/%20../admin",
            "/..%0d%0a/admin",
            "/..%00x/admin",
            "/..;a/admin",
            "/..%253ba/admin",
            "/a/..%23/admin",
            "/a/..%3f/admin",
            "/%c0%ae%c0%ae/admin",
            "/..%c0%afadmin",
            "/%e0%80%ae./admin",
            "/%f0%80%80%ae%f0%80%80%ae/admin",
            "/..%f0%80%80%afadmin",
            "/..%c1%9cadmin",
            "/..%f0%80%81%9cadmin",
            "/..%ef%b9%a8admin",
            "/..%e2%88%95admin",
            "/..%ef%bc%8fadmin",
            "/%ef%bc%8e%ef%bc%8e/admin",
            "/%e2%80%a5/admin",
        ] {
            assert!(leads_elsewhere(path), "{path}");
        }
    }

    #[test]
    fn other_paths_pass() {
        for path in [
            "/",
            "//",
            "/a..b/.../..c/d../.well-known/v1.2",
            "/a%2Fb%252Fc%25",
            "/%E3%80%82/%F0%9F%A6%80.png",
            "/100%/%zz/%2",
            "/a%20b;c=../d",
            "/.%61",
            "/%2e%2e%2e",
        ] {
            assert!(!leads_elsewhere(path), "{path}");
        }
    }

    #[test]
    fn nothing_is_decoded_for_ever() {
        let deep = format!("/%{}2e", "25".repeat(10));
        assert!(!leads_elsewhere(&deep));
        assert!(!leads_elsewhere(&"%25".repeat(20_000)));
    }
}
