use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::{SystemWallClock, WallClock};

use crate::overrides::{Override, Target};
use crate::policy::Policy;
use crate::store::{Journal, Store};

pub(crate) type Route = dyn Fn(&Target<'_>) -> Option<Override> + Send + Sync;

/// Where responses are kept, and what was made out of date there.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) journal: Journal,
}

impl Place {
    pub(crate) fn new(store: impl Store) -> Self {
        let journal = store.journal().unwrap_or_default();
        let store = Arc::new(store);
        Self { store, journal }
    }
}

/// How a layer is set.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) policy: Policy,
    pub(crate) max_bytes: u64,
    pub(crate) max_entry: u64,
    /// In place of memory of its own.
    pub(crate) place: Option<Place>,
    pub(crate) store_timeout: Duration,
    #[cfg(feature = "persistent")]
    pub(crate) secret: Option<crate::secret::Secret>,
    /// Fields whose values may be read in a store.
    #[cfg(feature = "persistent")]
    pub(crate) clear: Arc<[http::HeaderName]>,
    pub(crate) coalesce: bool,
    pub(crate) revalidations: usize,
    pub(crate) revalidation_timeout: Duration,
    pub(crate) defaults: Override,
    pub(crate) route: Option<Arc<Route>>,
    /// The cache's name in the `Cache-Status` field, if it is to be sent.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) extension: bool,
    /// So many calls of a key in such a time are a sign of a loop; 0 for none.
    pub(crate) warn_at: (u32, Duration),
    pub(crate) wall_clock: Arc<dyn WallClock>,
}

impl Settings {
    pub(crate) fn new(policy: Policy) -> Self {
        Self {
            // Many users ask for the same thing at once, and are right.
            warn_at: (
                if policy.shared { 0 } else { 10 },
                Duration::from_millis(250),
            ),
            policy,
            max_bytes: 64 * 1024 * 1024,
            max_entry: 4 * 1024 * 1024,
            place: None,
            store_timeout: Duration::from_millis(250),
            #[cfg(feature = "persistent")]
            secret: None,
            #[cfg(feature = "persistent")]
            clear: Arc::new([]),
            coalesce: true,
            revalidations: 32,
            revalidation_timeout: Duration::from_secs(60),
            defaults: Override::new(),
            route: None,
            name: None,
            extension: false,
            wall_clock: Arc::new(SystemWallClock),
        }
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("shared", &self.policy.shared)
            .field("max_bytes", &self.max_bytes)
            .field("max_entry", &self.max_entry)
            .field("coalesce", &self.coalesce)
            .finish_non_exhaustive()
    }
}
