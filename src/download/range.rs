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
mod tests;
