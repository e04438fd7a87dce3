use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::{Quota, field};

/// A server's wish that we wait, read from the headers of a refusal (429 or 503).
///
/// Fields are asked in this order, and the first that holds a usable value decides:
///
/// 1. `retry-after-ms`: milliseconds.
/// 2. `Retry-After` ([RFC 9110 §10.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3)):
///    seconds, or a date in any of the three forms. A date in the past is no wait at all.
/// 3. `RateLimit` (the IETF draft), where nothing remains.
/// 4. `x-ratelimit-retry-after`: seconds.
/// 5. `ratelimit-reset`, `x-ratelimit-reset`, `x-rate-limit-reset`: seconds, or an epoch in seconds
///    or milliseconds; not asked when the field's family says that something remains, for then the
///    quota was not the reason.
///
/// A malformed value (negative, not a number, no date) loses only itself: the next field is asked.
/// So does an absurd one, above [`Delay::LONGEST`]. Of several lines of one field the longest usable
/// value counts. Fractions are rounded up to the millisecond, by exact arithmetic. A delay is never
/// shorter than the server's wish.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use buttress_kernel::{Delay, DelaySource};
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("retry-after", "Thu, 01 Jan 1970 00:00:30 GMT".parse()?);
///
/// let delay = Delay::parse(&headers, SystemTime::UNIX_EPOCH).unwrap();
/// assert_eq!(delay.duration(), Duration::from_secs(30));
/// assert_eq!(delay.source(), DelaySource::RetryAfter);
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delay {
    duration: Duration,
    source: DelaySource,
}

/// The field that a [`Delay`] came from.
// Open: vendors invent more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DelaySource {
    /// `retry-after-ms`
    RetryAfterMs,
    /// `Retry-After`
    RetryAfter,
    /// `RateLimit`
    RateLimit,
    /// `x-ratelimit-retry-after`
    XRateLimitRetryAfter,
    /// `ratelimit-reset`, `x-ratelimit-reset` or `x-rate-limit-reset`
    Reset,
}

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const X_RATELIMIT_RETRY_AFTER: HeaderName = HeaderName::from_static("x-ratelimit-retry-after");

impl Delay {
    /// The longest wish that is believed: 31 days, as long as the longest usual quota window.
    /// What is longer is taken for an error of the server and passed over.
    pub const LONGEST: Duration = Duration::from_secs(31 * 24 * 60 * 60);

    /// A delay that was not read from headers by [`parse`](Self::parse).
    #[must_use]
    pub const fn new(duration: Duration, source: DelaySource) -> Self {
        Self { duration, source }
    }

    /// Reads the delay of a refusal; `now` is the calendar's time, for dates.
    #[must_use]
    pub fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        use DelaySource as Source;

        let retry_after =
            |text: &str| field::seconds(text).or_else(|| field::until_date(text, now));
        let lines = |name: &HeaderName, read: &dyn Fn(&str) -> Option<Duration>| {
            longest(headers.get_all(name).iter(), read)
        };
        let from = |source, wait: Option<Duration>| wait.map(|wait| Self::new(wait, source));

        from(
            Source::RetryAfterMs,
            lines(&RETRY_AFTER_MS, &field::milliseconds),
        )
        .or_else(|| {
            from(
                Source::RetryAfter,
                lines(&header::RETRY_AFTER, &retry_after),
            )
        })
        .or_else(|| from(Source::RateLimit, Quota::exhausted_for(headers)))
        .or_else(|| {
            let wait = lines(&X_RATELIMIT_RETRY_AFTER, &field::seconds);
            from(Source::XRateLimitRetryAfter, wait)
        })
        .or_else(|| from(Source::Reset, Quota::family_reset(headers, now)))
    }

    /// How long to wait from the moment the response arrived.
    #[must_use]
    pub const fn duration(self) -> Duration {
        self.duration
    }

    /// Which field said so.
    #[must_use]
    pub const fn source(self) -> DelaySource {
        self.source
    }
}

/// The longest usable value among the lines of a field.
fn longest<'a>(
    values: impl Iterator<Item = &'a HeaderValue>,
    read: impl Fn(&str) -> Option<Duration>,
) -> Option<Duration> {
    values
        .filter_map(|value| read(value.to_str().ok()?))
        .filter(believable)
        .max()
}

pub(crate) fn believable(wait: &Duration) -> bool {
    *wait <= Delay::LONGEST
}
