//! What holds for any headers at all. The fuzz targets run it on made-up bytes, and a test replays
//! their corpus.

use std::time::{Duration, SystemTime};

use buttress_kernel::{Delay, DelaySource, Policy, Quota};
use http::{HeaderMap, HeaderName, HeaderValue};

const NAMES: [&str; 13] = [
    "retry-after",
    "retry-after-ms",
    "ratelimit",
    "ratelimit-policy",
    "x-ratelimit-retry-after",
    "ratelimit-remaining",
    "ratelimit-reset",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-rate-limit-remaining",
    "x-rate-limit-reset",
    "x-ratelimit-limit",
    "date",
];

/// One field line for each line of `data`: its first byte names the field (`a` is the first), the
/// others are the value.
fn headers(data: &[u8]) -> HeaderMap {
    let lines = data.split(|byte| *byte == b'\n').take(1_000);
    let fields = lines.filter_map(|line| {
        let (name, value) = line.split_first()?;
        let name = NAMES[usize::from(name.wrapping_sub(b'a')) % NAMES.len()];
        Some((
            HeaderName::from_static(name),
            HeaderValue::from_bytes(value).ok()?,
        ))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    headers
}

/// Days of different centuries, one of them before the epoch.
fn days() -> [SystemTime; 4] {
    let epoch = SystemTime::UNIX_EPOCH;
    [
        epoch - Duration::from_millis(1),
        epoch + Duration::from_millis(784_111_777_500),
        epoch + Duration::from_secs(1_800_000_000),
        epoch + Duration::from_secs(4_000_000_000),
    ]
}

/// A delay is believable, came from a field that is there, and is the same each time.
pub(crate) fn delay(data: &[u8]) {
    let headers = headers(data);
    for now in days() {
        let delay = Delay::parse(&headers, now);
        assert_eq!(delay, Delay::parse(&headers, now));
        if let Some(delay) = delay {
            assert!(delay.duration() <= Delay::LONGEST, "{delay:?}");
            assert!(
                fields_of(delay.source())
                    .iter()
                    .any(|name| headers.contains_key(*name))
            );
        }
    }
}

fn fields_of(source: DelaySource) -> &'static [&'static str] {
    match source {
        DelaySource::RetryAfterMs => &["retry-after-ms"],
        DelaySource::RetryAfter => &["retry-after"],
        DelaySource::RateLimit => &["ratelimit"],
        DelaySource::XRateLimitRetryAfter => &["x-ratelimit-retry-after"],
        DelaySource::Reset => &["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"],
        other => panic!("a source without a field: {other:?}"),
    }
}

/// A quota is believable and the same each time; where it says that nothing remains, so does the
/// delay, unless an earlier field overrules it.
pub(crate) fn quota(data: &[u8]) {
    let headers = headers(data);
    assert!(Policy::parse(&headers).len() <= 64);
    for now in days() {
        let quota = Quota::parse(&headers, now);
        assert_eq!(quota, Quota::parse(&headers, now));
        let Some(quota) = quota else { continue };
        assert!(quota.resets_in() <= Delay::LONGEST, "{quota:?}");
        if quota.remaining() == 0 {
            assert!(Delay::parse(&headers, now).is_some(), "{quota:?}");
        }
    }
}
