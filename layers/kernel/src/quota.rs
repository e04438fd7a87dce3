use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName};
use sfv::{BareItem, Dictionary, Item, List, ListEntry, Parameters, Parser};

use crate::delay::believable;
use crate::field;

/// What is left of our allowance, as a server told it in any response.
///
/// Read from `RateLimit` and `RateLimit-Policy` (the IETF draft's structured fields, quoted or
/// not), the draft's older `ratelimit: limit=…, remaining=…, reset=…`, or the single fields
/// `RateLimit-Remaining`, `X-RateLimit-Remaining` and `X-Rate-Limit-Remaining` with their resets.
/// Of several policies the one that binds first counts: one with nothing left, and of those the
/// one with the longest wait, else the one with the least left for each unit of time.
///
/// A malformed field is ignored, as the draft demands, and so are policies that count something
/// other than requests (`qu`).
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
const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// The unstructured families: what remains, and when it resets.
const FAMILIES: [(HeaderName, HeaderName); 3] = [
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
        FAMILIES.iter().find_map(|(remaining, reset)| {
            let left = text(headers, remaining).and_then(count);
            if left.is_some_and(|left| left > 0) {
                return None;
            }
            field::reset(text(headers, reset)?, now).filter(believable)
        })
    }

    fn from_families(headers: &HeaderMap, now: SystemTime) -> Option<Self> {
        FAMILIES.iter().find_map(|(remaining, reset)| {
            let left = count(text(headers, remaining)?)?;
            let resets_in = field::reset(text(headers, reset)?, now).filter(believable)?;
            Some(Self::new(left, resets_in))
        })
    }

    fn structured(headers: &HeaderMap) -> Option<Self> {
        if !headers.contains_key(RATELIMIT) {
            return None;
        }
        let policies = Policy::parse(headers);
        let items = list(headers, &RATELIMIT).unwrap_or_default();
        items
            .iter()
            .filter_map(|item| Self::of_item(item, &policies))
            .reduce(Self::stricter)
            .or_else(|| Self::of_dictionary(headers))
    }

    fn of_item(item: &Item, policies: &[Policy]) -> Option<Self> {
        let name = name(&item.bare_item)?;
        let policy = policies.iter().find(|policy| policy.name == name);
        if policy.is_some_and(|policy| !policy.counts_requests) {
            return None;
        }
        let remaining = integer(&item.params, "r")?;
        let window = policy.and_then(|policy| policy.window);
        let resets_in = integer(&item.params, "t").map(Duration::from_secs).or(window);
        Some(Self::new(remaining, resets_in.filter(believable)?))
    }

    /// The form of the draft's versions up to 07: one dictionary.
    fn of_dictionary(headers: &HeaderMap) -> Option<Self> {
        let dictionary = Parser::new(text(headers, &RATELIMIT)?).parse::<Dictionary>().ok()?;
        let member = |key: &str| match dictionary.get(key)? {
            ListEntry::Item(item) => number(&item.bare_item),
            ListEntry::InnerList(_) => None,
        };
        let resets_in = Duration::from_secs(member("reset")?);
        believable(&resets_in).then_some(Self::new(member("remaining")?, resets_in))
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

/// One policy of a `RateLimit-Policy` field: so many requests in such a window.
///
/// ```
/// use std::time::Duration;
/// use buttress_kernel::Policy;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("ratelimit-policy", r#""default";q=100;w=10"#.parse()?);
/// let policies = Policy::parse(&headers);
/// let [policy] = &policies[..] else { panic!() };
/// assert_eq!(policy.name(), "default");
/// assert_eq!(policy.quota(), 100);
/// assert_eq!(policy.window(), Some(Duration::from_secs(10)));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    name: String,
    quota: u64,
    window: Option<Duration>,
    counts_requests: bool,
}

impl Policy {
    /// Reads every policy of the field; none when it is absent or malformed.
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Vec<Self> {
        let items = list(headers, &RATELIMIT_POLICY).unwrap_or_default();
        items.iter().filter_map(Self::of_item).collect()
    }

    /// The name by which `RateLimit` refers to it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How much may be used in a window.
    #[must_use]
    pub const fn quota(&self) -> u64 {
        self.quota
    }

    /// The window's length, where it is told.
    #[must_use]
    pub const fn window(&self) -> Option<Duration> {
        self.window
    }

    /// Whether it counts requests, and not, say, bytes of content.
    #[must_use]
    pub const fn counts_requests(&self) -> bool {
        self.counts_requests
    }

    fn of_item(item: &Item) -> Option<Self> {
        let unit = item.params.get("qu");
        Some(Self {
            name: name(&item.bare_item)?.to_owned(),
            quota: integer(&item.params, "q")?,
            window: integer(&item.params, "w").map(Duration::from_secs),
            counts_requests: unit.is_none_or(|unit| name(unit) == Some("requests")),
        })
    }
}

/// The items of a structured list, over all lines of the field.
fn list(headers: &HeaderMap, field: &HeaderName) -> Option<Vec<Item>> {
    let mut items = Vec::new();
    for line in headers.get_all(field) {
        let line: List = Parser::new(line.as_bytes()).parse().ok()?;
        items.extend(line.into_iter().filter_map(|entry| match entry {
            ListEntry::Item(item) => Some(item),
            ListEntry::InnerList(_) => None,
        }));
    }
    Some(items)
}

fn name(item: &BareItem) -> Option<&str> {
    match item {
        BareItem::String(name) => Some(name.as_str()),
        BareItem::Token(name) => Some(name.as_str()),
        _ => None,
    }
}

fn integer(params: &Parameters, key: &str) -> Option<u64> {
    params.get(key).and_then(number)
}

fn number(item: &BareItem) -> Option<u64> {
    match item {
        BareItem::Integer(number) => u64::try_from(i64::from(*number)).ok(),
        _ => None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn count(text: &str) -> Option<u64> {
    let text = text.trim_matches([' ', '\t']);
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}
