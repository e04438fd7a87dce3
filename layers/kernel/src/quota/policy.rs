use std::time::Duration;

use http::{HeaderMap, HeaderName};
use sfv::Item;

use super::structured as sf;

const RATELIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

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
    /// Reads the policies of the field, the first 64 at most; none when it is absent or malformed.
    #[must_use]
    pub fn parse(headers: &HeaderMap) -> Vec<Self> {
        let items = sf::list(headers, &RATELIMIT_POLICY);
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
        let window = item.params.get("w").and_then(sf::number);
        let unit = item.params.get("qu");
        Some(Self {
            name: sf::name(&item.bare_item)?.to_owned(),
            quota: sf::number(item.params.get("q")?)?,
            window: window.map(Duration::from_secs),
            counts_requests: unit.is_none_or(|unit| sf::name(unit) == Some("requests")),
        })
    }
}
