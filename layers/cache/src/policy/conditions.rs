//! Preconditions: those we send to the origin (RFC 9111 §4.3.1), and the caller's (§4.3.2).

use std::time::SystemTime;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::validator::{self, Tag};
use super::{Ask, Head, dates};

/// The entity tags of so many variants are listed at most.
const MOST_TAGS: usize = 16;

/// What to change in a forwarded request, so that the origin can spare its body.
// Boxed: most requests are forwarded without, and decisions are moved about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Conditions(Option<Box<[(HeaderName, HeaderValue)]>>);

impl Conditions {
    fn new(fields: impl IntoIterator<Item = (HeaderName, Option<HeaderValue>)>) -> Self {
        let fields = fields.into_iter();
        let fields = fields.filter_map(|(name, value)| Some((name, value?)));
        let fields: Box<[_]> = fields.collect();
        Self(Some(fields).filter(|fields| !fields.is_empty()))
    }

    /// To learn whether a stored response is still right.
    pub(super) fn validating(head: &Head) -> Self {
        let field = |name: HeaderName| head.parts.headers.get(name).cloned();
        Self::new([
            (header::IF_NONE_MATCH, field(header::ETAG)),
            (header::IF_MODIFIED_SINCE, field(header::LAST_MODIFIED)),
        ])
    }

    /// To learn whether one of several variants is right for a request that none of them is known to
    /// answer (§4.1).
    pub(super) fn selecting<'a>(heads: impl Iterator<Item = &'a Head>) -> Self {
        let mut tags: Vec<&[u8]> = Vec::new();
        for tag in heads.filter_map(|head| head.parts.headers.get(header::ETAG)) {
            if tags.len() < MOST_TAGS && !tags.contains(&tag.as_bytes()) {
                tags.push(tag.as_bytes());
            }
        }
        let list = HeaderValue::from_bytes(&tags.join(&b", "[..])).ok();
        let list = list.filter(|list| !list.is_empty());
        Self::new([(header::IF_NONE_MATCH, list)])
    }

    /// To get what a stored response lacks at its end (§3.3); nothing when its bytes cannot be
    /// identified.
    pub(super) fn completing(head: &Head) -> Option<Self> {
        let tag = validator::strong(&head.parts.headers)?;
        Some(Self::ranging(head.extent.end, None, tag))
    }

    /// To get the bytes from `first` on, up to and including `last` where that is not the end, of the
    /// representation with this tag (RFC 9110 §13.1.5).
    pub(super) fn ranging(first: u64, last: Option<u64>, tag: &HeaderValue) -> Self {
        let last = last.map(|last| last.to_string()).unwrap_or_default();
        let range = HeaderValue::try_from(format!("bytes={first}-{last}")).ok();
        let fields = [
            (header::RANGE, range),
            (header::IF_RANGE, Some(tag.clone())),
        ];
        Self::new(fields)
    }

    /// Whether the request goes out as the caller wrote it.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Replaces the caller's preconditions by these; changes nothing when there are none. The
    /// caller's range stays, unless we want one of our own.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let Some(fields) = &self.0 else {
            return;
        };
        headers.remove(header::IF_NONE_MATCH);
        headers.remove(header::IF_MODIFIED_SINCE);
        for (name, value) in fields {
            headers.insert(name, value.clone());
        }
    }
}

/// Whether the caller has the stored response already (§4.3.2): the first of `If-None-Match` and
/// `If-Modified-Since` that is present decides.
pub(super) fn not_modified(ask: &Ask<'_>, head: &Head, now: SystemTime) -> bool {
    // RFC 9110 §13.2.1
    if !head.parts.status.is_success() {
        return false;
    }
    if ask.headers.contains_key(header::IF_NONE_MATCH) {
        return has_tag(ask.headers, head);
    }
    let since = ask.headers.get(header::IF_MODIFIED_SINCE);
    since.is_some_and(|since| is_unmodified(head, since, now))
}

/// Whether the request has a condition that only the origin can judge (RFC 9110 §13.1.1, §13.1.4).
pub(super) fn needs_origin(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_MATCH) || headers.contains_key(header::IF_UNMODIFIED_SINCE)
}

/// Whether the caller asks for a body only under a condition.
pub(super) fn is_conditional(headers: &HeaderMap) -> bool {
    headers.contains_key(header::IF_NONE_MATCH) || headers.contains_key(header::IF_MODIFIED_SINCE)
}

fn has_tag(request: &HeaderMap, head: &Head) -> bool {
    let own = Tag::of(&head.parts.headers);
    validator::none_match(request)
        .any(|tag| tag.is_any() || own.is_some_and(|own| own.matches(&tag)))
}

/// A response that does not say when it was modified was at the latest when it was made.
fn is_unmodified(head: &Head, since: &HeaderValue, now: SystemTime) -> bool {
    let modified = head.parts.headers.get(header::LAST_MODIFIED);
    if modified == Some(since) {
        return true;
    }
    let modified = modified
        .and_then(|modified| dates::parse(modified.as_bytes(), now))
        .unwrap_or(head.freshness.date);
    dates::parse(since.as_bytes(), now).is_some_and(|since| modified <= since)
}
