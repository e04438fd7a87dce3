//! What follows from the answer to a question for the rest.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::coding;

/// A version of a file, as it is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Version {
    /// Without one, what has come cannot be added to.
    pub(super) validator: Option<HeaderValue>,
    /// What it is [packed](coding::of) in: some servers give one tag to what they pack and what they do not.
    pub(super) coding: String,
}

/// What to do with a response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It has what follows, up to `end`. Without a total that need not be the end of the file.
    Append { end: u64, total: Option<u64> },
    /// It has everything.
    Whole(Version),
    /// Everything is there already.
    Done,
    /// What is there is of no use any more; ask anew.
    Restart,
    /// It is no success.
    Refused,
    /// It is a success that is no file.
    Unfit,
}

/// The field that asks for everything from `start` on.
pub(super) fn from(start: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes={start}-")).unwrap_or(HeaderValue::from_static("bytes=0-"))
}

/// Decides about the answer to a question for what follows the first `have` bytes of the version that
/// `asked` names, or for everything.
pub(super) fn step(
    status: StatusCode,
    headers: &HeaderMap,
    have: u64,
    asked: Option<&Version>,
) -> Step {
    let validator = asked.and_then(|version| version.validator.as_ref());
    let named = asked.zip(validator);
    match (status.as_u16(), named) {
        (206, Some((version, _))) if is_packed_otherwise(headers, version) => Step::Restart,
        (206, Some((_, validator))) => part(headers, have, validator),
        // The range begins behind the end. If the file ends here, it is whole.
        (416, Some((_, validator))) => match content_range(headers) {
            Some(Range::Unsatisfied { total })
                if total == have && !is_other(headers, validator) =>
            {
                Step::Done
            }
            _ => Step::Restart,
        },
        // A part that nobody asked for is no file.
        (206, None) => Step::Restart,
        (200 | 203, _) => Step::Whole(Version {
            // What a proxy has changed is no longer what its tag says (RFC 9110 §15.3.4).
            validator: self::validator(headers).filter(|_| status == StatusCode::OK),
            coding: coding::of(headers),
        }),
        // "Nothing here", "not yet" and their like are no files.
        (200..=299, _) => Step::Unfit,
        _ => Step::Refused,
    }
}

/// Whether a part says that it is packed in something else than the rest. It may be silent, too (RFC 9110
/// §15.3.7).
fn is_packed_otherwise(headers: &HeaderMap, version: &Version) -> bool {
    headers.contains_key(header::CONTENT_ENCODING) && coding::of(headers) != version.coding
}

fn part(headers: &HeaderMap, have: u64, version: &HeaderValue) -> Step {
    // RFC 9110 §15.3.7: parts of different versions must not be put together, and a part must have the tag
    // that the whole would have had.
    let is_named = !is_strong_tag(version) || headers.contains_key(header::ETAG);
    let is_same = is_named && !is_other(headers, version);
    match content_range(headers) {
        Some(Range::Part { start, end, total }) if start == have && is_same => {
            Step::Append { end, total }
        }
        _ => Step::Restart,
    }
}

/// Whether a response says that it is about another version. One that answers `If-Range` may be silent about its
/// date (RFC 9110 §15.3.7).
fn is_other(headers: &HeaderMap, version: &HeaderValue) -> bool {
    let differs = |name| {
        let mut all = headers.get_all(name).iter();
        all.any(|other| other != version)
    };
    match is_strong_tag(version) {
        true => differs(header::ETAG),
        // What had no tag has one now, or another date.
        false => headers.contains_key(header::ETAG) || differs(header::LAST_MODIFIED),
    }
}

/// A tag that is longer than this is not kept.
const LONGEST: usize = 4096;

/// What tells a version from all others, fit for `If-Range` (RFC 9110 §13.1.5).
fn validator(headers: &HeaderMap) -> Option<HeaderValue> {
    let refuses = headers.get(header::ACCEPT_RANGES);
    if refuses.is_some_and(|ranges| ranges.as_bytes().eq_ignore_ascii_case(b"none")) {
        return None;
    }
    match headers.get(header::ETAG) {
        Some(tag) => (is_strong_tag(tag) && tag.len() <= LONGEST).then(|| tag.clone()),
        None => strong_date(headers).cloned(),
    }
}

fn is_strong_tag(tag: &HeaderValue) -> bool {
    let tag = tag.as_bytes();
    tag.len() >= 2 && tag.starts_with(b"\"") && tag.ends_with(b"\"")
}

/// A `Last-Modified` is strong when it is old enough that the file cannot have changed twice in its
/// second (§8.8.2.2).
fn strong_date(headers: &HeaderMap) -> Option<&HeaderValue> {
    let date = |name: HeaderName| httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok();
    let age = date(header::DATE)?.duration_since(date(header::LAST_MODIFIED)?);
    let is_old = age.is_ok_and(|age| age.as_secs() >= 1);
    headers.get(header::LAST_MODIFIED).filter(|_| is_old)
}

#[derive(Debug, PartialEq, Eq)]
enum Range {
    /// From `start` to before `end`.
    Part {
        start: u64,
        end: u64,
        total: Option<u64>,
    },
    Unsatisfied {
        total: u64,
    },
}

/// RFC 9110 §14.4.
fn content_range(headers: &HeaderMap) -> Option<Range> {
    let text = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (unit, rest) = text.trim().split_once(' ')?;
    if !unit.eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (range, total) = rest.trim().split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(number(total)?),
    };
    if range == "*" {
        return Some(Range::Unsatisfied { total: total? });
    }
    let (start, last) = range.split_once('-')?;
    let (start, last) = (number(start)?, number(last)?);
    let fits = start <= last && total.is_none_or(|total| last < total);
    let end = last.checked_add(1)?;
    fits.then_some(Range::Part { start, end, total })
}

/// `parse` takes a sign.
fn number(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let field = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        fields.iter().map(field).collect()
    }

    fn version(validator: &'static str) -> Version {
        Version {
            validator: Some(HeaderValue::from_static(validator)),
            coding: String::new(),
        }
    }

    fn answer(status: u16, fields: &[(&'static str, &'static str)]) -> Step {
        let version = version("\"v1\"");
        let status = StatusCode::from_u16(status).unwrap();
        step(status, &headers(fields), 10, Some(&version))
    }

    #[test]
    fn only_the_very_rest_of_the_same_version_is_put_behind_what_is_there() {
        for (range, appended) in [
            ("bytes 10-19/20", Some((20, Some(20)))),
            ("bytes 10-14/20", Some((15, Some(20)))),
            ("BYTES 10-19/*", Some((20, None))),
            ("bytes 9-19/20", None),
            ("bytes 11-19/20", None),
            ("bytes 10-9/20", None),
            ("bytes 10-20/20", None),
            ("bytes +10-19/20", None),
            ("bytes 10-19", None),
            ("bytes */20", None),
            ("lines 10-19/20", None),
            ("bytes 10-99999999999999999999/*", None),
            ("bytes 10-18446744073709551615/*", None),
        ] {
            let found = answer(206, &[("content-range", range), ("etag", "\"v1\"")]);
            let expected =
                appended.map_or(Step::Restart, |(end, total)| Step::Append { end, total });
            assert_eq!(found, expected, "{range}");
        }
        let other = [("content-range", "bytes 10-19/20"), ("etag", "\"v2\"")];
        assert_eq!(answer(206, &other), Step::Restart);
        assert_eq!(answer(206, &[]), Step::Restart);
    }

    #[test]
    fn an_answer_about_another_version_is_not_believed() {
        let (old, new) = (
            "Sun, 06 Nov 1994 08:49:36 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
        );
        let whole = "bytes */10";
        for (validator, fields, fits) in [
            ("\"v1\"", &[("etag", "\"v1\"")][..], true),
            (
                "\"v1\"",
                &[("etag", "\"v1\""), ("last-modified", new)],
                true,
            ),
            ("\"v1\"", &[("etag", "\"v2\"")], false),
            ("\"v1\"", &[("etag", "W/\"v1\"")], false),
            ("\"v1\"", &[("etag", "\"v1\""), ("etag", "\"v2\"")], false),
            (old, &[("last-modified", old)], true),
            (old, &[], true),
            (old, &[("last-modified", new)], false),
            (old, &[("etag", "\"v1\"")], false),
            (old, &[("etag", "\"v1\""), ("last-modified", old)], false),
        ] {
            let version = version(validator);
            let ask = |status: u16, range: &'static str| {
                let mut headers = headers(fields);
                headers.insert("content-range", HeaderValue::from_static(range));
                step(
                    StatusCode::from_u16(status).unwrap(),
                    &headers,
                    10,
                    Some(&version),
                )
            };
            let is_part = matches!(ask(206, "bytes 10-19/20"), Step::Append { .. });
            assert_eq!(is_part, fits, "{version:?} {fields:?}");
            assert_eq!(
                ask(416, whole) == Step::Done,
                fits,
                "{version:?} {fields:?}"
            );
        }
        // A part must name its version where the whole does; that there is nothing more need not.
        assert_eq!(
            answer(206, &[("content-range", "bytes 10-19/20")]),
            Step::Restart
        );
        assert_eq!(answer(416, &[("content-range", whole)]), Step::Done);
    }

    #[test]
    fn a_range_behind_the_end_means_all_is_there_or_nothing_fits() {
        assert_eq!(answer(416, &[("content-range", "bytes */10")]), Step::Done);
        assert_eq!(
            answer(416, &[("content-range", "bytes */9")]),
            Step::Restart
        );
        assert_eq!(answer(416, &[]), Step::Restart);
        let unasked = step(StatusCode::RANGE_NOT_SATISFIABLE, &headers(&[]), 0, None);
        assert_eq!(unasked, Step::Refused);
        assert_eq!(
            step(StatusCode::PARTIAL_CONTENT, &headers(&[]), 0, None),
            Step::Restart
        );
        assert_eq!(answer(404, &[]), Step::Refused);
        assert_eq!(answer(304, &[]), Step::Refused);
    }

    #[test]
    fn a_part_that_is_packed_otherwise_is_not_put_behind_the_rest() {
        for (coding, packed, appended) in [
            ("", None, true),
            ("", Some("identity"), true),
            ("", Some("gzip"), false),
            ("gzip", None, true),
            ("gzip", Some("x-gzip"), true),
            ("gzip", Some("br"), false),
            ("gzip", Some("identity"), false),
        ] {
            let mut part = headers(&[("content-range", "bytes 10-19/20"), ("etag", "\"v1\"")]);
            if let Some(packed) = packed {
                part.insert("content-encoding", HeaderValue::from_static(packed));
            }
            let mut version = version("\"v1\"");
            version.coding = coding.to_owned();
            let found = step(StatusCode::PARTIAL_CONTENT, &part, 10, Some(&version));
            let is_appended = matches!(found, Step::Append { .. });
            assert_eq!(is_appended, appended, "{coding:?} {packed:?}");
        }
    }

    #[test]
    fn no_success_but_a_whole_response_is_a_file() {
        let tag = [("etag", "\"v1\""), ("content-encoding", "br")];
        let ask = |status: u16| {
            let status = StatusCode::from_u16(status).unwrap();
            step(status, &headers(&tag), 0, None)
        };
        let whole = |validator: Option<&'static str>| {
            Step::Whole(Version {
                validator: validator.map(HeaderValue::from_static),
                coding: "br".to_owned(),
            })
        };
        assert_eq!(ask(200), whole(Some("\"v1\"")));
        // What a proxy has changed has the tag of what it was.
        assert_eq!(ask(203), whole(None));
        for status in (200..300).filter(|status| ![200, 203, 206].contains(status)) {
            assert_eq!(ask(status), Step::Unfit, "{status}");
        }
    }

    #[test]
    fn only_strong_validators_are_kept() {
        let (old, new) = (
            "Sun, 06 Nov 1994 08:49:36 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT",
        );
        for (fields, kept) in [
            (&[("etag", "\"v\"")][..], Some("\"v\"")),
            (&[("etag", "W/\"v\"")], None),
            (&[("etag", "v")], None),
            (
                &[("etag", "W/\"v\""), ("last-modified", old), ("date", new)],
                None,
            ),
            (&[("last-modified", old), ("date", new)], Some(old)),
            (&[("last-modified", new), ("date", new)], None),
            (&[("last-modified", new), ("date", old)], None),
            (&[("last-modified", old)], None),
            (&[("etag", "\"v\""), ("accept-ranges", "None")], None),
            (&[], None),
        ] {
            let found = validator(&headers(fields));
            assert_eq!(
                found.as_ref().map(|v| v.to_str().unwrap()),
                kept,
                "{fields:?}"
            );
        }
        let tag = |length: usize| {
            let tag = HeaderValue::try_from(format!("\"{}\"", "v".repeat(length - 2)));
            HeaderMap::from_iter([(header::ETAG, tag.unwrap())])
        };
        assert!(validator(&tag(LONGEST)).is_some() && validator(&tag(LONGEST + 1)).is_none());
    }
}
