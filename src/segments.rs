//! The segments of a path as servers may come to see them.

mod dots;

pub(crate) use self::dots::leads_elsewhere;

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

/// What a path may hold, as far as one look tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Whether there is a segment without a character.
    pub(crate) has_empty: bool,
    /// Whether a segment may be `.` or `..` to a server. If not, [`any`] finds none.
    pub(crate) may_hold_dots: bool,
}

/// Looks at the path of a reference, each byte once and no copy made.
pub(crate) fn look(reference: &str) -> Look {
    let mut look = Look::default();
    let (mut is_empty, mut has_letter, mut is_odd) = (true, false, false);
    let bytes = reference.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match KINDS[usize::from(*byte)] {
            // Whatever follows in this segment, it is neither `.` nor `..`.
            Kind::Letter => has_letter = true,
            Kind::Dot => look.may_hold_dots |= !has_letter || is_odd,
            Kind::Slash => {
                look.has_empty |= is_empty;
                (is_empty, has_letter) = (true, false);
                continue;
            }
            Kind::End => break,
            // May end a segment to some server, or be an encoded dot.
            Kind::Odd => {
                is_odd = true;
                let code = bytes.get(at..at + "%2e".len());
                let is_dot = code.is_some_and(|code| code.eq_ignore_ascii_case(b"%2e"));
                look.may_hold_dots |= is_dot;
            }
        }
        is_empty = false;
    }
    look.has_empty |= is_empty;
    look
}

#[derive(Clone, Copy)]
enum Kind {
    Letter,
    Dot,
    Slash,
    End,
    Odd,
}

const KINDS: [Kind; 256] = {
    let mut kinds = [Kind::Odd; 256];
    let mut byte = 0;
    while byte < kinds.len() {
        #[allow(clippy::cast_possible_truncation)]
        let kind = match byte as u8 {
            b'.' => Kind::Dot,
            b'/' => Kind::Slash,
            b'?' | b'#' => Kind::End,
            b'-' | b'_' | b'~' => Kind::Letter,
            letter if letter.is_ascii_alphanumeric() => Kind::Letter,
            _ => Kind::Odd,
        };
        kinds[byte] = kind;
        byte += 1;
    }
    kinds
};

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

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

    proptest! {
        #[test]
        fn a_look_misses_nothing(
            pieces in prop::collection::vec(prop::sample::select(vec![
                ".", "..", "a", "/", "%2e", "%2E", "%2f", "%5C", "%3b", "%00", "%", "2e", ";", "\\", "\0", "é", "~", "?", "#",
            ]), 0..8),
        ) {
            let reference = pieces.concat();
            let path = reference.split(['?', '#']).next().unwrap_or_default();
            let look = look(&reference);
            prop_assert_eq!(look.has_empty, path.split('/').any(str::is_empty));
            prop_assert!(look.may_hold_dots || !any(path, |segment| segment == "." || segment == ".."));
        }
    }

    #[test]
    fn most_paths_need_no_closer_look() {
        for path in ["a/b-c_1~", "file.tar.gz", "v1.2/x", "a%20b", "a%2Fb"] {
            assert!(!look(path).may_hold_dots, "{path}");
        }
    }
}
