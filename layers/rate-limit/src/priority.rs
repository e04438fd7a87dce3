/// How urgent a request is, carried in its extensions; it counts only while requests wait.
///
/// Of those who wait, the more urgent go first. But classes age: a request counts as having come one
/// [`ageing`](crate::RateLimitLayer::ageing) later for each class that it is below the most urgent
/// one. So a request is overtaken only by more urgent ones that come soon after it, and even the
/// least urgent is served in the end, however many urgent ones keep coming.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use buttress_rate_limit::Priority;
///
/// let mut request = http::Request::get("https://api.example.com/report").body(())?;
/// request.extensions_mut().insert(Priority::LOW);
/// assert!(Priority::HIGH < Priority::default() && Priority::LOW < Priority::class(9));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(u8);

impl Priority {
    /// Before all others.
    pub const HIGH: Self = Self(0);

    /// What a request has that says nothing.
    pub const NORMAL: Self = Self(1);

    /// After the others.
    pub const LOW: Self = Self(2);

    /// A class by number: 0 is the most urgent.
    #[must_use]
    pub const fn class(number: u8) -> Self {
        Self(number)
    }

    pub(crate) const fn number(self) -> u8 {
        self.0
    }
}

impl Default for Priority {
    fn default() -> Self {
        Self::NORMAL
    }
}
