//! What of a stored body the origin could be asked for, where the store cannot give it.

use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{Conditions, Extent, Head, Reply, range, validator};

/// The bytes of a stored response that have yet to be sent, and what identifies them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    first: u64,
    end: u64,
    total: Option<u64>,
    tag: HeaderValue,
    encoding: Option<HeaderValue>,
}

impl Rest {
    /// Of an answer of which nothing has been sent; nothing where its bytes cannot be identified.
    pub(crate) fn of(head: &Head, reply: &Reply) -> Option<Self> {
        let Extent { first, end, total } = head.extent;
        let (first, end) = match *reply {
            Reply::Whole => (first, end),
            Reply::Range { first, end, .. } => (first, end),
            Reply::NotModified | Reply::Unsatisfiable { .. } => return None,
        };
        let tag = validator::strong(&head.parts.headers)?.clone();
        let encoding = head.parts.headers.get(header::CONTENT_ENCODING).cloned();
        (head.parts.status == StatusCode::OK).then_some(Self {
            first,
            end,
            total,
            tag,
            encoding,
        })
    }

    /// So many bytes more have been sent.
    pub(crate) const fn advance(&mut self, bytes: u64) {
        self.first = self.first.saturating_add(bytes);
    }

    /// How many bytes are missing.
    pub(crate) const fn length(&self) -> u64 {
        self.end.saturating_sub(self.first)
    }

    /// To get them, and nothing else (RFC 9110 §13.1.5).
    pub(crate) fn conditions(&self) -> Conditions {
        let last = if self.total == Some(self.end) {
            None
        } else {
            self.end.checked_sub(1)
        };
        Conditions::ranging(self.first, last, &self.tag)
    }

    /// Whether a response is these very bytes (§15.3.7).
    pub(crate) fn is(&self, status: StatusCode, headers: &HeaderMap) -> bool {
        let same_bytes = headers.get(header::ETAG) == Some(&self.tag);
        // One that is asked for by its tag need not say it again.
        let encoding = headers.get(header::CONTENT_ENCODING);
        let same_encoding = encoding.is_none() || encoding == self.encoding.as_ref();
        let same_range = range::content(headers).is_some_and(|part| {
            part.first == self.first
                && part.end == self.end
                && (self.total.is_none() || part.total == self.total)
        });
        status == StatusCode::PARTIAL_CONTENT && same_bytes && same_encoding && same_range
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Policy;
    use crate::policy::model::{get, origin, stored};

    const TAG: (&str, &str) = ("etag", "\"a\"");

    fn head(status: u16, fields: &[(&str, &str)], extent: Extent) -> Head {
        let fields = [&[("cache-control", "max-age=60")], fields].concat();
        let says = origin(status, &fields, "");
        let head = stored(&Policy::private(), &get(&[]), &says).unwrap();
        Head { extent, ..head }
    }

    fn headers(fields: &[(&'static str, &str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &str)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::try_from(*value).unwrap())
        };
        fields.iter().map(field).collect()
    }

    const fn range(first: u64, end: u64, total: Option<u64>) -> Reply {
        Reply::Range { first, end, total }
    }

    #[test]
    fn the_missing_bytes_are_asked_for_and_no_others() {
        let whole = head(200, &[TAG], Extent::whole(10));
        for (reply, sent, asked) in [
            (Reply::Whole, 0, "bytes=0-"),
            (Reply::Whole, 4, "bytes=4-"),
            (range(2, 6, Some(10)), 0, "bytes=2-5"),
            (range(2, 6, Some(10)), 3, "bytes=5-5"),
            (range(6, 10, Some(10)), 1, "bytes=7-"),
        ] {
            let mut rest = Rest::of(&whole, &reply).unwrap();
            rest.advance(sent);
            let own = [("range", "bytes=0-99"), ("if-none-match", "\"b\"")];
            let mut own = headers(&own);
            rest.conditions().apply(&mut own);
            let expected = headers(&[("range", asked), ("if-range", "\"a\"")]);
            assert_eq!(own, expected, "{reply:?}");
        }
    }

    #[test]
    fn bytes_that_nothing_identifies_cannot_be_asked_for() {
        let whole = Extent::whole(10);
        for (status, fields) in [
            (200, &[("etag", "W/\"a\"")]),
            (200, &[("last-modified", "Tue, 14 Nov 2023 22:13:20 GMT")]),
            (404, &[TAG]),
        ] {
            let head = head(status, fields, whole);
            assert_eq!(Rest::of(&head, &Reply::Whole), None, "{status} {fields:?}");
        }
        let head = head(200, &[TAG], whole);
        for reply in [Reply::NotModified, Reply::Unsatisfiable { total: 10 }] {
            assert_eq!(Rest::of(&head, &reply), None);
        }
    }

    #[test]
    fn only_the_very_bytes_that_are_missing_will_do() {
        let stored = head(200, &[TAG], Extent::whole(10));
        let mut rest = Rest::of(&stored, &Reply::Whole).unwrap();
        rest.advance(4);
        assert_eq!(rest.length(), 6);
        let part = |range| [("content-range", range), TAG];
        let right = part("bytes 4-9/10");
        assert!(rest.is(StatusCode::PARTIAL_CONTENT, &headers(&right)));
        assert!(!rest.is(StatusCode::OK, &headers(&right)), "not a part");
        for range in [
            "bytes 3-9/10",
            "bytes 5-9/10",
            "bytes 4-8/10",
            "bytes 4-9/11",
            "bytes 4-9/*",
            "bytes 4-10/11",
            "items 4-9/10",
            "bytes */10",
            "",
        ] {
            let headers = headers(&part(range));
            assert!(!rest.is(StatusCode::PARTIAL_CONTENT, &headers), "{range}");
        }
        for tag in ["\"b\"", "W/\"a\"", "a"] {
            let headers = headers(&[right[0], ("etag", tag)]);
            assert!(!rest.is(StatusCode::PARTIAL_CONTENT, &headers), "{tag}");
        }
        let untold = headers(&[right[0]]);
        assert!(!rest.is(StatusCode::PARTIAL_CONTENT, &untold));
        let short = headers(&[right[0], TAG, ("content-length", "5")]);
        assert!(!rest.is(StatusCode::PARTIAL_CONTENT, &short));
    }

    #[test]
    fn what_is_packed_otherwise_is_other_bytes() {
        let part = [("content-range", "bytes 0-9/10"), TAG];
        let packed = |name| [&part[..], &[("content-encoding", name)]].concat();
        for (stored, then, is_right) in [
            (&part[1..], packed("gzip"), false),
            (&packed("gzip")[1..], packed("gzip"), true),
            (&packed("gzip")[1..], packed("br"), false),
            (&packed("gzip")[1..], part.to_vec(), true),
        ] {
            let stored = head(200, stored, Extent::whole(10));
            let rest = Rest::of(&stored, &Reply::Whole).unwrap();
            let is = rest.is(StatusCode::PARTIAL_CONTENT, &headers(&then));
            assert_eq!(is, is_right, "{then:?}");
        }
    }

    #[test]
    fn a_part_of_something_of_unknown_length_is_continued_to_its_own_end() {
        let extent = Extent {
            first: 0,
            end: 6,
            total: None,
        };
        let stored = head(200, &[TAG], extent);
        let rest = Rest::of(&stored, &range(2, 6, None)).unwrap();
        let asked = headers(&[("range", "bytes=2-5"), ("if-range", "\"a\"")]);
        let mut own = HeaderMap::new();
        rest.conditions().apply(&mut own);
        assert_eq!(own, asked);
        for total in ["6", "9", "*"] {
            let range = format!("bytes 2-5/{total}");
            let headers = headers(&[("content-range", &range), TAG]);
            assert!(rest.is(StatusCode::PARTIAL_CONTENT, &headers), "{total}");
        }
    }
}
