//! Lists as fields hold them (RFC 9110 §5.6.1): members between commas, quoted strings whole.

use http::HeaderValue;

/// The members of a list, over all lines of a field, without the white space around them. Empty
/// ones are passed over.
///
/// `Escapes`: whether a backslash in quotes hides what follows, as in a quoted string and unlike in
/// an entity tag.
#[derive(Clone, Debug)]
pub(super) struct Members<'a, I, const ESCAPES: bool> {
    lines: I,
    rest: &'a [u8],
}

/// The members of a field of tokens and quoted strings.
pub(super) fn members<'a, I>(lines: I) -> Members<'a, I::IntoIter, true>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    let lines = lines.into_iter();
    Members { lines, rest: b"" }
}

/// The members of a field of entity tags.
pub(super) fn tags<'a, I>(lines: I) -> Members<'a, I::IntoIter, false>
where
    I: IntoIterator<Item = &'a [u8]>,
{
    let lines = lines.into_iter();
    Members { lines, rest: b"" }
}

/// The lines of a field as bytes.
pub(super) fn lines<'a>(
    headers: &'a http::HeaderMap,
    name: &http::HeaderName,
) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).into_iter().map(HeaderValue::as_bytes)
}

/// Without the white space of RFC 9110 §5.6.3 at both ends.
pub(super) const fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Where the first member of a line ends: at a comma that is not in quotes.
fn end(line: &[u8], escapes: bool) -> usize {
    // Most members have no quotes.
    let first = line.iter().position(|byte| matches!(byte, b',' | b'"'));
    match first {
        Some(at) if line[at] == b'"' => {}
        plain => return plain.unwrap_or(line.len()),
    }
    let (mut quoted, mut hidden) = (false, false);
    let comma = line.iter().position(|byte| {
        let (was_hidden, was_quoted) = (hidden, quoted);
        hidden = escapes && was_quoted && !was_hidden && *byte == b'\\';
        quoted ^= *byte == b'"' && !was_hidden;
        *byte == b',' && !was_quoted
    });
    comma.unwrap_or(line.len())
}

impl<'a, I: Iterator<Item = &'a [u8]>, const ESCAPES: bool> Iterator for Members<'a, I, ESCAPES> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            while self.rest.is_empty() {
                self.rest = self.lines.next()?;
                if self.rest.is_empty() {
                    continue;
                }
            }
            let end = end(self.rest, ESCAPES);
            let member = trim(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            if !member.is_empty() {
                return Some(member);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(lines: &[&'static str]) -> Vec<&'static str> {
        members(lines.iter().map(|line| line.as_bytes()))
            .map(|member| std::str::from_utf8(member).unwrap())
            .collect()
    }

    #[test]
    fn members_are_split_at_commas_outside_quotes() {
        assert_eq!(split(&["a, b\t,c"]), ["a", "b", "c"]);
        assert_eq!(split(&["a", "", " b "]), ["a", "b"]);
        assert_eq!(split(&[",, a ,"]), ["a"]);
        assert_eq!(split(&[r#"x="a, b", c"#]), [r#"x="a, b""#, "c"]);
        assert_eq!(split(&[r#"x="a\", b", c"#]), [r#"x="a\", b""#, "c"]);
        assert_eq!(split(&[r#"x="a\\", b"#]), [r#"x="a\\""#, "b"]);
        assert_eq!(split(&[r"x=a\, b"]), [r"x=a\", "b"]);
        assert_eq!(split(&[r#"x="a, b"#, "c"]), [r#"x="a, b"#, "c"]);
        assert_eq!(split(&[]), [""; 0]);
        assert_eq!(split(&["", "", ""]), [""; 0]);
    }

    #[test]
    fn a_backslash_in_an_entity_tag_hides_nothing() {
        let line: &[u8] = br#""a\", "b""#;
        let found: Vec<_> = tags([line]).collect();
        assert_eq!(found, [&br#""a\""#[..], br#""b""#]);
    }

    #[test]
    fn ten_thousand_empty_lines_are_no_members() {
        let lines = std::iter::repeat_n(&b""[..], 10_000);
        assert_eq!(members(lines).count(), 0);
    }
}
