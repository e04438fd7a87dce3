use http::{HeaderMap, StatusCode, Version};

use super::{Freshness, Vary};

/// The head of a stored response, of the whole representation even where only a part of its bytes
/// is stored: then its status is 200 and it has no `Content-Range`.
///
/// Fields that describe one connection are gone (RFC 9111 §3.1). `Age` is present, as a place to
/// write the current one to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) vary: Vary,
    pub(crate) freshness: Freshness,
    pub(crate) extent: Extent,
}

/// Which bytes of the representation are stored: from `first` up to, not including, `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) first: u64,
    pub(crate) end: u64,
    /// How many the representation has, if that is known.
    pub(crate) total: Option<u64>,
}

impl Extent {
    /// A whole body of this many bytes.
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
}

impl Head {
    /// The body has ended cleanly after this many bytes. Whether that is what the head had announced; if not,
    /// the response must not be stored.
    #[must_use]
    pub(crate) fn finish(&mut self, bytes: u64) -> bool {
        let end = self.extent.first.saturating_add(bytes);
        let announced = self.extent.total.is_none_or(|total| end <= total);
        self.extent.end = end;
        if self.extent.total.is_none() {
            self.extent.total = Some(end);
        }
        announced
    }

    /// The body broke off after this many bytes. Whether the part is worth keeping: only if the rest can be
    /// asked for (§3.3).
    #[must_use]
    pub(crate) fn cut(&mut self, bytes: u64) -> bool {
        self.extent.end = self.extent.first.saturating_add(bytes);
        false
    }
}

impl AsRef<Self> for Head {
    fn as_ref(&self) -> &Self {
        self
    }
}
