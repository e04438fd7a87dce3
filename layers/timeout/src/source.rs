//! Who is to blame when a limit runs out in the middle of a request's body.

use std::time::Instant;

use buttress_kernel::body;

use crate::rule::{Head, Rule, Verdict};

/// Until the head of the response, while the request's body may keep the server waiting for it.
#[derive(Debug)]
pub(crate) struct Sourced {
    head: Head,
    source: Option<body::Source>,
}

impl Sourced {
    #[inline]
    pub(crate) const fn new(head: Head, source: Option<body::Source>) -> Self {
        Self { head, source }
    }

    #[inline]
    fn judge(&self, verdict: Verdict) -> Verdict {
        match (verdict, &self.source) {
            (Verdict::Expired(expiry), Some(source)) if source.is_dry() => {
                Verdict::Expired(expiry.for_want_of_a_body())
            }
            _ => verdict,
        }
    }
}

impl Rule for Sourced {
    #[inline]
    fn check(&mut self, now: Instant) -> Verdict {
        let verdict = self.head.check(now);
        self.judge(verdict)
    }

    fn check_again(&mut self, now: Instant) -> Verdict {
        let verdict = self.head.check_again(now);
        self.judge(verdict)
    }
}
