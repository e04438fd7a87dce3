//! What a server says about our allowance.

mod policy;
mod structured;

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};
use sfv::Item;

use self::structured as sf;
use crate::delay::believable;
use crate::field;

pub use self::policy::Policy;

/// What is left of our allowance, as a server told it in any response.
///
/// Read from `RateLimit` and `RateLimit-Policy` (the IETF draft's structured fields, quoted or
/// not), the draft's older `ratelimit: limit=…, remaining=…, reset=…`, or the single fields
/// `RateLimit-Remaining`, `X-RateLimit-Remaining` and `X-Rate-Limit-Remaining` with their resets.
/// Of several policies the one that binds first counts: one with nothing left, and of those the
/// one with the longest wait, else the one with the least left for each unit of time. Of several
/// lines of a single field the strictest counts.
///
/// A malformed field is ignored, as the draft demands, and so are policies that count something
/// other than requests (`qu`), resets further away than [`Delay::LONGEST`](crate::Delay::LONGEST),
/// and whatever a field lists beyond its first 64 members.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use buttress_kernel::Quota;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("ratelimit", r#""burst";r=5;t=10, "day";r=900;t=36000"#.parse()?);
///
/// let quota = Quota::parse(&headers, SystemTime::UNIX_EPOCH).unwrap();
/// assert_eq!(quota.remaining(), 900);
/// assert_eq!(quota.resets_in(), Duration::from_secs(36_000));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    remaining: u64,
    resets_in: Duration,
}

const RATELIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The unstructured families: what remains, and when it resets.
static FAMILIES: [(HeaderName, HeaderName); 3] = [
    (
        HeaderName::from_static("ratelimit-remaining"),
        HeaderName::from_static("ratelimit-reset"),
    ),
    (
        HeaderName::from_static("x-ratelimit-remaining"),
        HeaderName::from_static("x-ratelimit-reset"),
    ),
    (
        HeaderName::from_static("x-rate-limit-remaining"),
        HeaderName::from_static("x-rate-limit-reset"),
    ),
];

impl Quota {
    /// A quota with `remaining` requests left until it resets, `resets_in` from now.
    #[must_use]
    pub const fn new(remaining: u64, resets_in: Duration) -> Self {
        Self {
            remaining,
            resets_in,
        }
    }

    /// Reads the quota that binds first; `now` is the calendar's time, for resets told as epochs.
    #[must_use]
    pub fn parse(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        Self::structured(headers).or_else(|| Self::from_families(headers, now))
    }

    /// How many requests are left.
    #[must_use]
    pub const fn remaining(self) -> u64 {
        self.remaining
    }

    /// The time from now until the quota is full again.
    #[must_use]
    pub const fn resets_in(self) -> Duration {
        self.resets_in
    }

    /// How long nothing will remain, where the structured fields say that nothing does.
    pub(crate) fn exhausted_for(headers: &HeaderMap) -> Option<Duration> {
        Self::structured(headers)
            .filter(|quota| quota.remaining == 0)
            .map(Self::resets_in)
    }

    /// The reset of the first family that has one and does not say that something remains.
    pub(crate) fn family_reset(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
        FAMILIES
            .iter()
            .filter(|(remaining, _)| least(headers, remaining).is_none_or(|left| left == 0))
            .find_map(|(_, reset)| latest(headers, reset, now))
    }

    fn from_families(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        FAMILIES.iter().find_map(|(remaining, reset)| {
            let remaining = least(headers, remaining)?;
            Some(Self::new(remaining, latest(headers, reset, now)?))
        })
    }

    fn structured(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(RATELIMIT) {
            return None;
        }
        let policies = Policy::parse(headers);
        sf::list(headers, &RATELIMIT)
            .iter()
            .filter_map(|item| Self::of_item(item, &policies))
            .reduce(Self::stricter)
            .or_else(|| Self::of_dictionary(headers))
    }

    fn of_item(item: &Item, policies: &[Policy]) -> Option<Self> {
        let name = sf::name(&item.bare_item)?;
        let policy = policies.iter().find(|policy| policy.name() == name);
        if policy.is_some_and(|policy| !policy.counts_requests()) {
            return None;
        }
        let remaining = sf::number(item.params.get("r")?)?;
        let resets_in = match item.params.get("t") {
            Some(seconds) => Duration::from_secs(sf::number(seconds)?),
            None => policy?.window()?,
        };
        Self::believed(remaining, resets_in)
    }

    /// The form of the draft's versions up to 07: one dictionary.
    fn of_dictionary(headers: &HeaderMap) -> Option<Self> {
        let dictionary = sf::dictionary(headers, &RATELIMIT)?;
        let member = |key: &str| sf::member(&dictionary, key);
        Self::believed(member("remaining")?, Duration::from_secs(member("reset")?))
    }

    fn believed(remaining: u64, resets_in: Duration) -> Option<Self> {
        believable(&resets_in).then_some(Self::new(remaining, resets_in))
    }

    fn stricter(self, other: Self) -> Self {
        let first = match (self.remaining, other.remaining) {
            (0, 0) => self.resets_in >= other.resets_in,
            (0, _) => true,
            (_, 0) => false,
            // remaining / time, cross-multiplied so that nothing is divided by zero
            (mine, theirs) => {
                u128::from(mine) * other.resets_in.as_millis()
                    <= u128::from(theirs) * self.resets_in.as_millis()
            }
        };
        if first { self } else { other }
    }
}

/// The least count among the lines of a field.
fn least(headers: &HeaderMap, name: &HeaderName) -> Option<u64> {
    texts(headers, name).filter_map(field::count).min()
}

/// The latest believable reset among the lines of a field.
fn latest(headers: &HeaderMap, name: &HeaderName, now: SystemTime) -> Option<Duration> {
    let resets = texts(headers, name).filter_map(|text| field::reset(text, now));
    resets.filter(believable).max()
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers.get_all(name).into_iter();
    lines.filter_map(|line| line.to_str().ok())
}

#[cfg(test)]
mod tests;
