use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use buttress_kernel::{Facts, Sent};
use http::StatusCode;

use crate::error::Answer;

/// A redirect that the policy would follow, and that must not be followed.
#[derive(Debug)]
pub struct NotFollowed {
    status: StatusCode,
    reason: Reason,
    because: Cow<'static, str>,
    facts: Facts,
}

/// Why a redirect was not followed.
// Open: a rule may be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There were as many as [allowed](super::Policy::most) before it.
    TooMany,
    /// The same method and URI were tried before.
    Loop,
    /// It leads from https to http.
    Downgrade,
    /// Its `Location` is malformed, or means something that is not asked over http.
    Location,
    /// The body belongs to it, and cannot be sent again.
    Body,
    /// A [custom](super::Policy::custom) policy refused.
    Policy,
}

impl Reason {
    /// The reason in lower-case words joined by hyphens.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooMany => "too-many",
            Self::Loop => "loop",
            Self::Downgrade => "downgrade",
            Self::Location => "location",
            Self::Body => "body",
            Self::Policy => "policy",
        }
    }
}

impl NotFollowed {
    pub(super) fn new(
        status: StatusCode,
        reason: Reason,
        because: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            reason,
            because: because.into(),
            facts: Facts::default().sent(Sent::Yes),
        }
    }

    /// With what the answer tells besides its status: after how many attempts it came.
    pub(super) fn answered(mut self, answer: Answer) -> Self {
        self.facts = answer.facts();
        self
    }

    /// The redirect's status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// Why.
    #[must_use]
    pub const fn reason(&self) -> Reason {
        self.reason
    }
}

#[cfg(test)]
pub(crate) fn looped() -> NotFollowed {
    NotFollowed::new(StatusCode::FOUND, Reason::Loop, "it is one")
}

impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.as_u16();
        write!(
            f,
            "the redirect ({status}) was not followed: {}",
            self.because
        )
    }
}

impl Error for NotFollowed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
