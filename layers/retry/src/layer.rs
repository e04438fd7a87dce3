use std::fmt;
use std::sync::Arc;

use buttress_kernel::key::Authority;
use buttress_kernel::{SystemWallClock, WallClock};
use tower_layer::Layer;

use crate::draws::Draws;
use crate::settings::Settings;
use crate::{Budget, Builder, Retry};

/// Sends a request again when another attempt may end better.
///
/// Clones of a layer, and all services made by it, share one [`Budget`] and one series of random
/// numbers. See [the crate's page](crate) for what is retried and when.
///
/// ```
/// use std::time::Duration;
/// use buttress_retry::{Backoff, RetryLayer};
///
/// let usual = RetryLayer::new();
/// let patient = RetryLayer::builder()
///     .max_attempts(5)
///     .backoff(Backoff::linear(Duration::from_secs(1)))
///     .build()?;
/// # let _ = (usual, patient);
/// # Ok::<_, buttress_retry::InvalidRetry>(())
/// ```
pub struct RetryLayer<K = Authority> {
    shared: Arc<Shared<K>>,
}

/// What a layer, its clones and all their services have in common.
pub(crate) struct Shared<K> {
    pub(crate) settings: Settings,
    pub(crate) budget: Budget,
    pub(crate) key: K,
    pub(crate) clock: Arc<dyn WallClock>,
    pub(crate) draws: Draws,
}

impl RetryLayer {
    /// The layer with every setting at its default: 3 attempts.
    #[must_use]
    pub fn new() -> Self {
        Self::with(Settings::default())
    }

    /// A layer that retries failed connections alone, 5 times: every status and every elapsed time
    /// limit is the answer.
    #[must_use]
    pub fn connect_only() -> Self {
        Self::with(Settings {
            max_attempts: 6,
            timeout: false,
            status: false,
            refusal: false,
            ..Settings::default()
        })
    }

    /// A layer with other settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::new()
    }

    fn with(settings: Settings) -> Self {
        Self::sharing(Shared {
            settings,
            budget: Budget::default(),
            key: Authority,
            clock: Arc::new(SystemWallClock),
            draws: Draws::Thread,
        })
    }
}

impl<K> RetryLayer<K> {
    pub(crate) fn sharing(shared: Shared<K>) -> Self {
        let shared = Arc::new(shared);
        Self { shared }
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Clone for RetryLayer<K> {
    fn clone(&self) -> Self {
        let shared = Arc::clone(&self.shared);
        Self { shared }
    }
}

impl<S, K> Layer<S> for RetryLayer<K> {
    type Service = Retry<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(inner, Arc::clone(&self.shared))
    }
}

impl<K> fmt::Debug for RetryLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RetryLayer").field(&self.shared).finish()
    }
}

impl<K> fmt::Debug for Shared<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("settings", &self.settings)
            .field("budget", &self.budget)
            .field("draws", &self.draws)
            .finish_non_exhaustive()
    }
}
