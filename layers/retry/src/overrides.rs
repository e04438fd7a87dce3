use std::time::Duration;

use buttress_kernel::Background;
use http::{Extensions, StatusCode};

use crate::settings::Settings;
use crate::{Backoff, Jitter};

/// Other settings for one request, carried in its extensions.
///
/// What is not set here stays as the layer has it.
///
/// It does not count for a request that [nobody waits for](buttress_kernel::Background).
///
/// ```
/// use buttress_retry::Override;
///
/// let mut request = http::Request::post("https://api.example.com/jobs/7/cancel").body(())?;
/// // Cancelling twice is cancelling once, although it is a POST.
/// request.extensions_mut().insert(Override::new().idempotent(true).max_attempts(5));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Override {
    max_attempts: Option<u32>,
    backoff: Option<Backoff>,
    jitter: Option<Jitter>,
    throttled_base: Option<Duration>,
    idempotent: Option<bool>,
    max_server_delay: Option<Duration>,
    // Boxed, because statuses are the rarest and by far the largest of all.
    statuses: Option<Box<crate::statuses::Statuses>>,
    connect: Option<bool>,
    timeout: Option<bool>,
    status: Option<bool>,
    refusal: Option<bool>,
}

impl Override {
    /// Changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends the request once, whatever happens.
    #[must_use]
    pub fn never() -> Self {
        Self::new().max_attempts(1)
    }

    /// All attempts, the first among them; 0 counts as 1.
    #[must_use]
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts.max(1));
        self
    }

    /// How long to wait before each retry.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = Some(backoff);
        self
    }

    /// How a wait is spread.
    #[must_use]
    pub fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = Some(jitter);
        self
    }

    /// Where the backoff starts after a 429.
    #[must_use]
    pub fn throttled_base(mut self, base: Duration) -> Self {
        self.throttled_base = Some(base);
        self
    }

    /// Whether sending this request twice does the same as sending it once, whatever its method
    /// and its `Idempotency-Key` say.
    #[must_use]
    pub fn idempotent(mut self, idempotent: bool) -> Self {
        self.idempotent = Some(idempotent);
        self
    }

    /// The longest delay of a server that is waited for.
    #[must_use]
    pub fn max_server_delay(mut self, delay: Duration) -> Self {
        self.max_server_delay = Some(delay);
        self
    }

    /// The statuses that are retried, instead of the layer's.
    #[must_use]
    pub fn statuses(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses = Some(Box::new(statuses.into_iter().collect()));
        self
    }

    /// Whether a failed connection is retried.
    #[must_use]
    pub fn connect(mut self, retried: bool) -> Self {
        self.connect = Some(retried);
        self
    }

    /// Whether an elapsed time limit of ours is retried.
    #[must_use]
    pub fn timeout(mut self, retried: bool) -> Self {
        self.timeout = Some(retried);
        self
    }

    /// Whether any status is retried.
    #[must_use]
    pub fn status(mut self, retried: bool) -> Self {
        self.status = Some(retried);
        self
    }

    /// Whether an open circuit further in is waited for.
    #[must_use]
    pub fn refusal(mut self, retried: bool) -> Self {
        self.refusal = Some(retried);
        self
    }

    #[inline]
    pub(crate) fn of(extensions: &Extensions) -> Option<&Self> {
        Background::wish(extensions)
    }

    /// How many attempts are asked for, where that is set.
    #[must_use]
    pub fn attempts(&self) -> Option<u32> {
        self.max_attempts
    }

    /// `settings` with what is set here in its place.
    pub(crate) fn applied_to(&self, settings: &Settings) -> Settings {
        Settings {
            max_attempts: self.max_attempts.unwrap_or(settings.max_attempts),
            backoff: self.backoff.unwrap_or(settings.backoff),
            throttled_base: self.throttled_base.unwrap_or(settings.throttled_base),
            jitter: self.jitter.unwrap_or(settings.jitter),
            statuses: self
                .statuses
                .as_deref()
                .copied()
                .unwrap_or(settings.statuses),
            connect: self.connect.unwrap_or(settings.connect),
            timeout: self.timeout.unwrap_or(settings.timeout),
            status: self.status.unwrap_or(settings.status),
            refusal: self.refusal.unwrap_or(settings.refusal),
            max_server_delay: self.max_server_delay.unwrap_or(settings.max_server_delay),
            idempotent: self.idempotent.or(settings.idempotent),
            drain: settings.drain,
        }
    }
}
