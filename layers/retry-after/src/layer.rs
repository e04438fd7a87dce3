use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::WallClock;
use buttress_kernel::key::Authority;
use tower_layer::Layer;

use crate::gate::Gate;
use crate::handle::Handle;
use crate::peers::Peers;
use crate::rules::{Patience, Spread};
use crate::service::RetryAfter;
use crate::settings::Settings;
use crate::shared::{Shared, now};

/// Holds requests back while the server they go to has asked for a pause.
///
/// Clones of a layer, and every service that they make, share what is known: a pause that one of
/// them is told of holds for all. Layers made by [`new`](Self::new) share nothing.
///
/// | setting | default |
/// | --- | --- |
/// | [`key`](Self::key) | the authority |
/// | [`by_partition`](Self::by_partition) | on |
/// | [`max_hold`](Self::max_hold) or [`reject`](Self::reject) | wait up to 60 s |
/// | [`proactive`](Self::proactive) | on |
/// | [`pace`](Self::pace) | off |
/// | [`spread`](Self::spread) | a tenth of the wait, at most 1 s |
/// | [`default_delay`](Self::default_delay) | none |
/// | [`max_waiting`](Self::max_waiting) | 1,024 for each key |
/// | [`max_keys`](Self::max_keys) | 65,536 |
///
/// ```
/// use std::time::Duration;
/// use buttress_retry_after::RetryAfterLayer;
///
/// let layer = RetryAfterLayer::new()
///     .max_hold(Duration::from_secs(20))
///     .pace(true);
/// ```
#[derive(Clone)]
pub struct RetryAfterLayer<K = Authority> {
    key: K,
    settings: Settings,
    gate: Arc<Gate>,
}

impl RetryAfterLayer {
    /// A gate of its own with the default settings.
    #[must_use]
    pub fn new() -> Self {
        Self {
            key: Authority,
            settings: Settings::default(),
            gate: Arc::new(Gate::new(now())),
        }
    }
}

impl Default for RetryAfterLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> RetryAfterLayer<K> {
    /// Which requests a pause holds for, in place of those to the same authority: see
    /// [`buttress_kernel::key`]. The first eight keys of each service are recognised again and cost
    /// nothing on the heap; while a request to another one is under way, its key lies there.
    #[must_use]
    pub fn key<L>(self, key: L) -> RetryAfterLayer<L> {
        RetryAfterLayer {
            key,
            settings: self.settings,
            gate: self.gate,
        }
    }

    /// Whether a 429 or a quota that a request with a [`Partition`](buttress_kernel::Partition) is told of holds those
    /// alone that carry the same one. Turned off, it holds all requests to the key: for servers whose limits are
    /// on the program, whoever its users are. A 503 holds all in either case.
    ///
    /// ```
    /// use buttress_retry_after::RetryAfterLayer;
    ///
    /// let layer = RetryAfterLayer::new().by_partition(false);
    /// ```
    #[must_use]
    pub const fn by_partition(mut self, on: bool) -> Self {
        self.settings.by_partition = on;
        self
    }

    /// The longest that a request waits before it is sent, from its arrival. What would have to wait
    /// longer fails at once with [`Held`](crate::Held). The spread after a hold comes on top.
    #[must_use]
    pub fn max_hold(mut self, most: Duration) -> Self {
        self.settings.patience = Patience::Hold(most);
        self
    }

    /// Nobody waits: a request to a held key fails at once with [`Held`](crate::Held). Takes the
    /// place of [`max_hold`](Self::max_hold), and the other way round.
    #[must_use]
    pub fn reject(mut self) -> Self {
        self.settings.patience = Patience::Reject;
        self
    }

    /// Whether quotas that the server tells of (`RateLimit`, `X-RateLimit-…`) hold requests back: when
    /// nothing remains, until the reset. Turned off, only refusals count, and
    /// [`pace`](Self::pace) is off too.
    #[must_use]
    pub fn proactive(mut self, on: bool) -> Self {
        self.settings.proactive = on;
        self.settings.rules.pace &= on;
        self
    }

    /// Whether what remains of a quota is spread over what is left of its window, each request
    /// getting the next slot. Turned on, [`proactive`](Self::proactive) is on too.
    #[must_use]
    pub fn pace(mut self, on: bool) -> Self {
        self.settings.rules.pace = on;
        self.settings.proactive |= on;
        self
    }

    /// Over how long those who waited for a release leave, one by one in the order of their arrival,
    /// at random within their equal shares. Zero lets them all go at once. Who arrives after the
    /// release is not delayed.
    #[must_use]
    pub fn spread(mut self, spread: Duration) -> Self {
        self.settings.rules.spread = Spread::Fixed(spread);
        self
    }

    /// The pause after a 429 that names none. Without this setting there is none: such a 429 says
    /// nothing about how long, and a guess would hold everybody, where retry's backoff costs only
    /// those who were refused.
    #[must_use]
    pub fn default_delay(mut self, delay: Duration) -> Self {
        self.settings.default_delay = Some(delay);
        self
    }

    /// How many requests may wait for one key; one more fails at once with [`Held`](crate::Held).
    #[must_use]
    pub fn max_waiting(mut self, most: usize) -> Self {
        self.settings.rules.max_waiting = most;
        self
    }

    /// About how many keys something may be kept at the same time. Keys of which nothing is held and
    /// no window is open are dropped first; when all are live, a pause for one more is not learned,
    /// and an event says so. Each [partition](Self::by_partition) of a key counts as one, and the last eighth of
    /// the room is kept for what concerns everybody.
    #[must_use]
    pub fn max_keys(mut self, most: usize) -> Self {
        self.settings.rules.max_keys = most;
        self
    }

    /// The calendar that dates and epochs in headers are compared with, in place of the system's.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.settings.wall_clock = Arc::new(clock);
        self
    }

    /// Makes the spread repeatable, for tests. Counts for all that share the gate.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.gate.seed(seed);
        self
    }

    /// A look at the gate from outside.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(Arc::clone(&self.gate))
    }
}

impl<S, K: Clone> Layer<S> for RetryAfterLayer<K> {
    type Service = RetryAfter<S, K>;

    fn layer(&self, inner: S) -> Self::Service {
        let shared = Shared {
            settings: self.settings.clone(),
            gate: Arc::clone(&self.gate),
        };
        let peers = Peers::new(Arc::new(shared));
        RetryAfter::new(inner, self.key.clone(), Arc::new(peers))
    }
}

impl<K> fmt::Debug for RetryAfterLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryAfterLayer")
            .field("settings", &self.settings)
            .field("gate", &self.gate)
            .finish_non_exhaustive()
    }
}
