use std::error::Error;
use std::fmt;

#[cfg(feature = "message-signatures")]
use buttress_kernel::Sent;
use buttress_kernel::{Facts, Kind};

/// A message's signature does not prove what it should.
///
/// Tell the sender no more than that: which check failed helps whoever forges. It holds nothing of
/// the message and nothing of a key, so it is fit for a log.
#[derive(Debug)]
pub struct Unverified {
    reason: Reason,
    facts: Facts,
}

/// Which check a signature failed.
// Open: a scheme to come may check something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There is none, or none of those that were asked for.
    Missing,
    /// It, or what belongs to it, cannot be read.
    Malformed,
    /// It is older than allowed, or says itself that it has expired.
    Expired,
    /// It was made in the future, by more than clocks may differ.
    NotYetValid,
    /// Nobody knows its key, or the key is not meant for its algorithm.
    UnknownKey,
    /// It does not cover all that it must, or lacks a parameter that it must have.
    Insufficient,
    /// It was made with another key or over something else.
    Mismatch,
    /// It is right, and the body is not the one whose digest was signed.
    OtherBody,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Malformed => "malformed",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::UnknownKey => "unknown-key",
            Self::Insufficient => "insufficient",
            Self::Mismatch => "mismatch",
            Self::OtherBody => "other-body",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Unverified {
    pub(crate) fn new(reason: Reason) -> Self {
        let facts = Facts::new(Kind::Unauthenticated);
        Self { reason, facts }
    }

    /// With what is known of the request that the message answers.
    #[cfg(feature = "message-signatures")]
    pub(crate) fn sent(mut self, sent: Sent) -> Self {
        self.facts = self.facts.sent(sent);
        self
    }

    /// Which check failed.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

impl From<Reason> for Unverified {
    fn from(reason: Reason) -> Self {
        Self::new(reason)
    }
}

impl fmt::Display for Unverified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.reason {
            Reason::Missing => "the message has no such signature",
            Reason::Malformed => "the signature cannot be read",
            Reason::Expired => "the signature is too old",
            Reason::NotYetValid => "the signature was made in the future; compare the clocks",
            Reason::UnknownKey => "nobody knows the signature's key, or not for its algorithm",
            Reason::Insufficient => "the signature does not cover all that it must",
            Reason::Mismatch => "the signature is not that of this message",
            Reason::OtherBody => "the body is not the one that was signed",
        })
    }
}

impl Error for Unverified {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
