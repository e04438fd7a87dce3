//! What a server tells its callers about their limit.

use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::error::RateLimited;
use crate::handle::Peek;

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The largest number in a structured field
/// ([RFC 9651 §3.3.1](https://www.rfc-editor.org/rfc/rfc9651#section-3.3.1)).
const LARGEST: u64 = 999_999_999_999_999;

impl RateLimited {
    /// The refusal as a response: 429 ([RFC 6585 §4](https://www.rfc-editor.org/rfc/rfc6585#section-4))
    /// with `Retry-After` in seconds, rounded up and never 0.
    #[must_use]
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = too_many();
        let seconds = HeaderValue::from(self.seconds());
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
        response
    }
}

/// 429 and nothing else.
pub(crate) fn too_many<B: Default>() -> Response<B> {
    let mut response = Response::new(B::default());
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response
}

impl Peek {
    /// Adds what is left as `RateLimit` and `RateLimit-Policy` (the IETF draft's structured fields),
    /// in place of those that are there: the bucket is a quota of its burst in the time that it takes
    /// to fill, and resets when it is full.
    pub fn insert_fields(self, now: Instant, headers: &mut HeaderMap) {
        let (burst, level) = (self.burst().min(LARGEST), self.level().min(LARGEST));
        let window = seconds(self.window());
        let reset = seconds(self.full_at().saturating_duration_since(now));
        let policy = format!("\"default\";q={burst};w={window}");
        let left = format!("\"default\";r={level};t={reset}");
        for (name, value) in [(RATELIMIT_POLICY, policy), (RATELIMIT, left)] {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        }
    }
}

/// Rounded up; 73 years at most, which is well within a field's numbers.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_a_second_counts_as_one_and_no_part_as_none() {
        let told = [0, 1, 1_000_000_000, 1_000_000_001].map(Duration::from_nanos);
        assert_eq!(told.map(seconds), [0, 1, 1, 2]);
    }
}
