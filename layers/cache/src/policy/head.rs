use std::time::{Duration, SystemTime};

use http::response::Parts;
use http::{HeaderMap, Response, StatusCode, Version};

use super::{Ask, Freshness, Vary, freshness, validator};

/// The head of a stored response, of the whole representation even where only a part of its bytes
/// is stored: then its status is 200 and it has no `Content-Range`.
///
/// Fields that describe one connection are gone (RFC 9111 §3.1). `Age` comes first, as a place to
/// write the current one to.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Status, version and fields, ready to be given out: to put an answer together takes longer than to
    /// copy one. No extensions.
    pub(crate) parts: Parts,
    pub(crate) vary: Vary,
    pub(crate) freshness: Freshness,
    pub(crate) extent: Extent,
}

/// Which bytes of the representation are stored: from `first` up to, not including, `end`.
///
/// Until the body has ended, `end` is what the head announced, or `first` if it announced nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// How many the representation has, if that is known.
    pub(crate) total: Option<u64>,
}

impl Extent {
    /// All of a body of this many bytes.
    pub(crate) const fn whole(length: u64) -> Self {
        Self {
            first: 0,
            end: length,
            total: Some(length),
        }
    }

    /// Whether nothing is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.first == 0 && self.total == Some(self.end)
    }

    /// Whether these bytes are stored.
    pub(crate) const fn contains(&self, first: u64, end: u64) -> bool {
        self.first <= first && end <= self.end
    }
}

/// The parts of a head that has no extensions.
pub(crate) fn parts(status: StatusCode, version: Version, headers: HeaderMap) -> Parts {
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = status;
    parts.version = version;
    parts.headers = headers;
    parts
}

impl Head {
    /// Whether the bytes are those of another response, as far as both say so by a strong tag.
    pub(crate) fn has_bytes_of(&self, other: &Self) -> bool {
        self.parts.status == other.parts.status
            && validator::same_bytes(&self.parts.headers, &other.parts.headers)
    }

    /// Whether the response also answers this request, as far as its fields go (§4.1): for waiters
    /// that join a fetch.
    pub(crate) fn matches(&self, ask: &Ask<'_>) -> bool {
        self.answers(ask.headers)
    }

    /// The same of the fields alone.
    pub(crate) fn answers(&self, asked: &HeaderMap) -> bool {
        self.vary.matches(asked, &self.parts.headers)
    }

    /// How long ago the origin said that the response answers this request.
    pub(super) fn resident(&self, ask: &Ask<'_>, now: SystemTime) -> Duration {
        match self.vary.confirmed(ask.headers, &self.parts.headers) {
            Some(confirmed) => freshness::time_since(confirmed, now),
            None => self.freshness.resident(now),
        }
    }

    /// The body has ended cleanly after this many bytes. Whether that is what the head announced: if
    /// not, the response must not be stored (§3.3).
    #[must_use]
    pub(crate) fn finish(&mut self, bytes: u64) -> bool {
        let Extent { first, end, total } = self.extent;
        let announced = (total.is_some() || end > first).then_some(end);
        self.extent.end = first.saturating_add(bytes);
        if announced.is_none() {
            self.extent.total = Some(self.extent.end);
        }
        announced.is_none_or(|end| end == self.extent.end)
    }

    /// The body broke off after this many bytes. Whether the part is worth keeping: only if the rest
    /// can be asked for (§3.3).
    #[must_use]
    pub(crate) fn cut(&mut self, bytes: u64) -> bool {
        let Extent { first, end, total } = self.extent;
        let more = total.is_none_or(|_| bytes < end - first);
        self.extent.end = first.saturating_add(bytes);
        more && bytes > 0
            && self.parts.status == StatusCode::OK
            && validator::strong(&self.parts.headers).is_some()
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        let Self {
            parts,
            vary,
            freshness,
            extent,
        } = self;
        parts.status == other.parts.status
            && parts.version == other.parts.version
            && parts.headers == other.parts.headers
            && *vary == other.vary
            && *freshness == other.freshness
            && *extent == other.extent
    }
}

impl AsRef<Self> for Head {
    fn as_ref(&self) -> &Self {
        self
    }
}

#[cfg(test)]
mod tests;
