//! What a response says about its key: read from its status and headers, no clock but an argument.

use std::mem::ManuallyDrop;
use std::time::SystemTime;

use buttress_kernel::{Delay, DelaySource, Quota};
use http::{HeaderMap, HeaderName, Response, StatusCode, header};

use crate::settings::Settings;
use crate::source::Source;
use crate::state::Lesson;

/// Everything that a response says, as the server said it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Words {
    pub(crate) delay: Option<Delay>,
    pub(crate) quota: Option<Quota>,
}

/// Whether a response may say something, at the price of a look at the names of its fields.
#[inline(always)]
pub(crate) fn speaks<B>(response: &Response<B>, proactive: impl FnOnce() -> bool) -> bool {
    let headers = response.headers();
    refuses(response.status()) || (!headers.is_empty() && proactive() && tells_quota(headers))
}

#[inline(always)]
fn refuses(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}

#[inline(always)]
fn tells_quota(headers: &HeaderMap) -> bool {
    // Not `any`, which stays a call.
    for name in headers.keys() {
        if is_quota(name) {
            return true;
        }
    }
    false
}

/// Whether this is one of the fields without which there is no [`Quota`]. Names are compared as they
/// are: nearly all are standard ones, which are no texts, and different from these at a glance.
#[inline(always)]
fn is_quota(name: &HeaderName) -> bool {
    // Not dropped, since that takes longer than the rest.
    let [bare, ours, theirs, hyphened] = const {
        [
            ManuallyDrop::new(HeaderName::from_static("ratelimit")),
            ManuallyDrop::new(HeaderName::from_static("ratelimit-remaining")),
            ManuallyDrop::new(HeaderName::from_static("x-ratelimit-remaining")),
            ManuallyDrop::new(HeaderName::from_static("x-rate-limit-remaining")),
        ]
    };
    *name == *bare || *name == *ours || *name == *theirs || *name == *hyphened
}

/// What the response says; `now` is the calendar's time.
pub(crate) fn read<B>(response: &Response<B>, proactive: bool, now: SystemTime) -> Words {
    let headers = response.headers();
    // RFC 9111 §5.1: `Age` means that the origin did not make this response for us, so what it says
    // of a quota is out of date. A refusal's own delay is kept whole: late at worst, never early.
    let stored = headers.contains_key(header::AGE);
    let fresh = |delay: &Delay| !stored || !from_quota(delay.source());
    let refused = refuses(response.status());
    Words {
        delay: refused
            .then(|| Delay::parse(headers, now))
            .flatten()
            .filter(fresh),
        quota: (proactive && !stored)
            .then(|| Quota::parse(headers, now))
            .flatten(),
    }
}

fn from_quota(source: DelaySource) -> bool {
    matches!(source, DelaySource::RateLimit | DelaySource::Reset)
}

/// What follows from the words under these settings. A refusal's delay wins over its quota.
pub(crate) fn conclude(words: Words, status: StatusCode, settings: &Settings) -> Lesson {
    let Words { delay, quota } = words;
    let pushback = delay.map(|delay| (delay.duration(), Source::Delay(delay.source())));
    let exhausted = quota.filter(|quota| quota.remaining() == 0);
    let reset = exhausted.map(|quota| (quota.resets_in(), Source::Quota));
    let by_default = settings
        .default_delay
        .filter(|_| status == StatusCode::TOO_MANY_REQUESTS)
        .map(|delay| (delay, Source::Default));
    Lesson {
        hold: pushback.or(reset).or(by_default),
        quota: quota.filter(|quota| quota.remaining() > 0 || pushback.is_none()),
    }
}

impl Lesson {
    /// What of it is for everybody, and what for those who carry the same credentials. RFC 9110 §15.6.4: a 503 is
    /// about the server; RFC 6585 §4: a 429, and so a quota, is about who asked.
    pub(crate) fn split(self, status: StatusCode) -> (Self, Self) {
        let is_quota = |source| match source {
            Source::Delay(source) => from_quota(source),
            source => source == Source::Quota,
        };
        let overloaded = status == StatusCode::SERVICE_UNAVAILABLE;
        let hold = self
            .hold
            .filter(|(_, source)| overloaded && !is_quota(*source));
        let (all, quota) = (Self { hold, quota: None }, self.quota);
        let hold = self.hold.filter(|_| all.hold.is_none());
        (all, Self { hold, quota })
    }
}

#[cfg(test)]
mod tests;
