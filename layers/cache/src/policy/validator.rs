//! Entity tags and dates that identify a representation (RFC 9110 §8.8).

use http::{HeaderMap, HeaderValue, header};

use super::list;

/// An entity tag; compared byte by byte, quotes included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    weak: bool,
    opaque: &'a [u8],
}

impl<'a> Tag<'a> {
    pub(super) fn parse(text: &'a [u8]) -> Self {
        match list::trim(text) {
            [b'W', b'/', opaque @ ..] => Self { weak: true, opaque },
            opaque => Self {
                weak: false,
                opaque,
            },
        }
    }

    pub(super) fn of(headers: &'a HeaderMap) -> Option<Self> {
        headers
            .get(header::ETAG)
            .map(|tag| Self::parse(tag.as_bytes()))
    }

    /// Whether it changes with every byte of the representation. A tag without quotes is none of
    /// the grammar's, and not trusted so far.
    pub(super) const fn is_strong(&self) -> bool {
        !self.weak && matches!(self.opaque, [b'"', .., b'"'])
    }

    /// Whether it is the `*` of `If-None-Match`, which stands for any.
    pub(super) fn is_any(&self) -> bool {
        !self.weak && self.opaque == b"*"
    }

    /// Weak comparison (§8.8.3.2): as good as the same.
    pub(super) fn matches(&self, other: &Tag<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// Strong comparison: the same bytes.
    pub(super) fn is(&self, other: &Tag<'_>) -> bool {
        self.is_strong() && other.is_strong() && self.matches(other)
    }
}

/// What `If-None-Match` lists.
pub(super) fn none_match(headers: &HeaderMap) -> impl Iterator<Item = Tag<'_>> {
    list::tags(list::lines(headers, &header::IF_NONE_MATCH)).map(Tag::parse)
}

/// Whether a response can be validated at all (RFC 9111 §4.3.1).
pub(super) fn has_validator(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ETAG) || headers.contains_key(header::LAST_MODIFIED)
}

/// The field that identifies the very bytes of a response, for `If-Range` (RFC 9110 §13.1.5): a
/// strong tag. A date is not used: two versions may come within its second.
pub(super) fn strong(headers: &HeaderMap) -> Option<&HeaderValue> {
    let tag = headers.get(header::ETAG)?;
    Tag::parse(tag.as_bytes()).is_strong().then_some(tag)
}

/// Whether two heads are of the same bytes, as far as both say so by a strong tag.
pub(super) fn same_bytes(one: &HeaderMap, other: &HeaderMap) -> bool {
    let tags = Tag::of(one).zip(Tag::of(other));
    tags.is_some_and(|(one, other)| one.is(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(text: &str) -> Tag<'_> {
        Tag::parse(text.as_bytes())
    }

    #[test]
    fn tags_are_compared_as_rfc_9110_says() {
        // §8.8.3.2, the table.
        let table = [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ];
        for (one, other, strong, weak) in table {
            assert_eq!(tag(one).is(&tag(other)), strong, "{one} {other}");
            assert_eq!(tag(other).is(&tag(one)), strong, "{one} {other}");
            assert_eq!(tag(one).matches(&tag(other)), weak, "{one} {other}");
        }
    }

    #[test]
    fn a_tag_without_quotes_matches_itself_but_is_not_strong() {
        for text in ["abc", "\"abc", "abc\"", "\"", "w/\"abc\"", "W\\\"abc\""] {
            assert!(tag(text).matches(&tag(text)), "{text}");
            assert!(!tag(text).is(&tag(text)), "{text}");
        }
        assert!(tag("\"\"").is_strong());
    }

    #[test]
    fn lists_of_tags_are_read() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::IF_NONE_MATCH,
            HeaderValue::from_static("\"a,b\", W/\"c\""),
        );
        headers.append(
            header::IF_NONE_MATCH,
            HeaderValue::from_static("\"d\\\", \"e\""),
        );
        let found: Vec<_> = none_match(&headers).collect();
        assert_eq!(found, ["\"a,b\"", "W/\"c\"", "\"d\\\"", "\"e\""].map(tag));
    }

    #[test]
    fn only_a_strong_tag_identifies_bytes() {
        let headers = |tag: &'static str| {
            HeaderMap::from_iter([(header::ETAG, HeaderValue::from_static(tag))])
        };
        assert!(strong(&headers("\"1\"")).is_some());
        assert!(strong(&headers("W/\"1\"")).is_none());
        assert!(strong(&HeaderMap::new()).is_none());
        assert!(same_bytes(&headers("\"1\""), &headers("\"1\"")));
        assert!(!same_bytes(&headers("\"1\""), &headers("\"2\"")));
        assert!(!same_bytes(&headers("W/\"1\""), &headers("W/\"1\"")));
        assert!(!same_bytes(&headers("\"1\""), &HeaderMap::new()));
    }

    #[test]
    fn a_tag_or_a_date_validates() {
        let one = |name| HeaderMap::from_iter([(name, HeaderValue::from_static("x"))]);
        assert!(has_validator(&one(header::ETAG)));
        assert!(has_validator(&one(header::LAST_MODIFIED)));
        assert!(!has_validator(&one(header::DATE)));
    }
}
