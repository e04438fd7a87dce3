//! Ranges of bytes (RFC 9110 §14).

use std::time::SystemTime;

use http::{HeaderMap, HeaderValue, Method, header};

use super::validator::Tag;
use super::{Ask, Extent, Head, list, seconds};

/// One range that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// From a byte on, up to and including another.
    Between(u64, u64),
    /// From a byte on.
    From(u64),
    /// The last bytes.
    Last(u64),
}

/// What a range comes down to for a representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resolved {
    /// These bytes, up to, not including, the second.
    Bytes(u64, u64),
    /// There are none (§15.5.17).
    None,
    /// Nobody knows: its length is not known.
    Unknown,
}

impl Range {
    /// What the request asks for; nothing when it wants everything, several ranges at once, or
    /// something that is no range: then all may be sent (§14.2).
    pub(super) fn of(ask: &Ask<'_>) -> Option<Self> {
        let mut lines = list::lines(ask.headers, &header::RANGE);
        let line = lines.next()?;
        if *ask.method != Method::GET || lines.next().is_some() {
            return None;
        }
        Self::parse(line)
    }

    fn parse(line: &[u8]) -> Option<Self> {
        let at = line.iter().position(|byte| *byte == b'=')?;
        let (unit, range) = (list::trim(&line[..at]), list::trim(&line[at + 1..]));
        let dash = range.iter().position(|byte| *byte == b'-')?;
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return None;
        }
        match (&range[..dash], &range[dash + 1..]) {
            (b"", last) => Some(Self::Last(seconds::number(last)?)),
            (first, b"") => Some(Self::From(seconds::number(first)?)),
            (first, last) => {
                let (first, last) = (seconds::number(first)?, seconds::number(last)?);
                (first <= last).then_some(Self::Between(first, last))
            }
        }
    }

    /// The bytes of a representation that is stored to this extent.
    pub(super) fn resolve(self, extent: &Extent) -> Resolved {
        let Some(total) = extent.total else {
            return match self {
                Self::Between(first, last) => Resolved::Bytes(first, last.saturating_add(1)),
                Self::From(_) | Self::Last(_) => Resolved::Unknown,
            };
        };
        let (first, end) = match self {
            Self::Between(first, last) => (first, last.saturating_add(1).min(total)),
            Self::From(first) => (first, total),
            Self::Last(count) => (total.saturating_sub(count), total),
        };
        if first < end {
            Resolved::Bytes(first, end)
        } else {
            Resolved::None
        }
    }
}

/// Whether a request's range applies to a stored response (§13.1.5): its `If-Range`, if it has one,
/// names that very representation.
pub(super) fn applies(ask: &Ask<'_>, head: &Head) -> bool {
    let Some(condition) = ask.headers.get(header::IF_RANGE) else {
        return true;
    };
    let condition = condition.as_bytes();
    if condition.contains(&b'"') {
        return Tag::of(&head.parts.headers).is_some_and(|tag| tag.is(&Tag::parse(condition)));
    }
    // A date that is exactly that of the response, and older than it by a minute: then it is strong
    // (§8.8.2.2).
    let modified = head.parts.headers.get(header::LAST_MODIFIED);
    modified.is_some_and(|modified| {
        modified.as_bytes() == condition && is_strong(modified, head.freshness.date)
    })
}

fn is_strong(modified: &HeaderValue, date: SystemTime) -> bool {
    let modified = super::dates::parse(modified.as_bytes(), date);
    let apart = modified.and_then(|modified| date.duration_since(modified).ok());
    apart.is_some_and(|apart| apart.as_secs() >= 60)
}

/// What a 206 holds (§14.4): nothing when it has several parts, does not say, or contradicts itself.
pub(super) fn content(headers: &HeaderMap) -> Option<Extent> {
    let mut lines = list::lines(headers, &header::CONTENT_RANGE);
    let line = list::trim(lines.next()?);
    let (unit, range) = line.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes ") || lines.next().is_some() {
        return None;
    }
    let at = |byte| range.iter().position(|other| *other == byte);
    let (dash, slash) = (at(b'-')?, at(b'/')?);
    let first = seconds::number(range.get(..dash)?)?;
    let last = seconds::number(range.get(dash + 1..slash)?)?;
    let total = match &range[slash + 1..] {
        b"*" => None,
        total => Some(seconds::number(total)?),
    };
    let end = last.checked_add(1)?;
    let length = end.checked_sub(first).filter(|length| *length > 0)?;
    let possible = total.is_none_or(|total| end <= total);
    let announced = content_length(headers).is_none_or(|announced| announced == length);
    let extent = Extent { first, end, total };
    (possible && announced).then_some(extent)
}

/// `Content-Length`, if it is one number.
pub(super) fn content_length(headers: &HeaderMap) -> Option<u64> {
    let mut lines = list::lines(headers, &header::CONTENT_LENGTH);
    let line = lines.next()?;
    let number = seconds::number(line).filter(|number| *number < u64::MAX);
    number.filter(|_| lines.next().is_none())
}
