use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::key::Authority;
use buttress_kernel::{HttpClassify, SystemWallClock, WallClock};

use crate::admission::now;
use crate::common::Common;
use crate::error::InvalidSettings;
use crate::layer::CircuitBreakerLayer;
use crate::mode::{Any, Head, Whole};
use crate::registry::Registry;
use crate::rules::Slow;
use crate::settings::Settings;

/// Settings of a [`CircuitBreakerLayer`]; each has the default that its method names.
///
/// What opens a closed circuit: [`consecutive`](Self::consecutive),
/// [`failure_rate`](Self::failure_rate) and [`slow_calls`](Self::slow_calls), whichever comes first.
pub struct Builder<K = Authority, C = HttpClassify, M = Head> {
    settings: Settings,
    key: K,
    classify: C,
    wall_clock: Arc<dyn WallClock>,
    seed: Option<u64>,
    mode: PhantomData<fn() -> M>,
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(crate) fn consecutive_only(failures: u32) -> Self {
        Self::with(Settings {
            consecutive: Some(failures),
            failure_rate: None,
            open_for: Duration::from_secs(60),
            max_open: None,
            jitter: false,
            ..Settings::default()
        })
    }

    fn with(settings: Settings) -> Self {
        Self {
            settings,
            key: Authority,
            classify: HttpClassify,
            wall_clock: Arc::new(SystemWallClock),
            seed: None,
            mode: PhantomData,
        }
    }
}

impl<K, C, M> Builder<K, C, M> {
    /// How many failures in a row open the circuit: 5 unless set, `None` for any number.
    ///
    /// A success ends a row. What counts for nothing (a 4xx, a call given up) and a 429 do not.
    #[must_use]
    pub fn consecutive(mut self, failures: impl Into<Option<u32>>) -> Self {
        self.settings.consecutive = failures.into();
        self
    }

    /// How many calls of a hundred must fail to open the circuit: 50 unless set, `None` for any
    /// number. Reached is enough.
    #[must_use]
    pub fn failure_rate(mut self, percent: impl Into<Option<u32>>) -> Self {
        self.settings.failure_rate = percent.into();
        self
    }

    /// How many calls of a hundred must take as long as `limit` to open the circuit, whether they
    /// fail or not; off unless set. The time is that until the head of a response.
    ///
    /// A probe that takes as long has failed, unless [`probe_timeout`](Self::probe_timeout) says
    /// otherwise.
    #[must_use]
    pub fn slow_calls(mut self, limit: Duration, percent: u32) -> Self {
        let (after, rate) = (limit, percent);
        self.settings.slow = Some(Slow { after, rate });
        self
    }

    /// How many calls the rates need before they mean anything: 20 unless set.
    #[must_use]
    pub fn min_calls(mut self, calls: u32) -> Self {
        self.settings.min_calls = calls;
        self
    }

    /// Takes the rates over the calls that ended in the last so long: 30 s unless set. Takes the
    /// place of [`count_window`](Self::count_window).
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.settings.window = Some(window);
        self.settings.count_window = None;
        self
    }

    /// Into how many parts the [`window`](Self::window) is divided, the oldest of which goes at
    /// once: 10 unless set.
    #[must_use]
    pub fn buckets(mut self, buckets: u32) -> Self {
        self.settings.buckets = buckets;
        self
    }

    /// Takes the rates over the last so many calls, however long ago they ended: with each new one,
    /// the oldest goes. Takes the place of [`window`](Self::window).
    #[must_use]
    pub fn count_window(mut self, calls: u32) -> Self {
        self.settings.count_window = Some(calls);
        self.settings.window = None;
        self
    }

    /// How long the circuit stays open when it opens: 10 s unless set.
    ///
    /// Doubles each time that a probe fails, up to [`max_open`](Self::max_open), and starts anew
    /// once the circuit has closed.
    #[must_use]
    pub fn open_for(mut self, time: Duration) -> Self {
        self.settings.open_for = time;
        self
    }

    /// How long the circuit stays open at most, as the time doubles: 300 s unless set. `None` for no
    /// doubling: then it is always [`open_for`](Self::open_for). A server's own delay can be longer.
    #[must_use]
    pub fn max_open(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.settings.max_open = time.into();
        self
    }

    /// Whether the open time is drawn from its upper half, so that clients who lost a server
    /// together do not come back together: yes unless set.
    #[must_use]
    pub fn jitter(mut self, on: bool) -> Self {
        self.settings.jitter = on;
        self
    }

    /// The longest delay of a server (`Retry-After` and its kin, of the response that opens the
    /// circuit) that keeps the circuit open: 1 h unless set. What is longer counts as this.
    #[must_use]
    pub fn max_server_delay(mut self, delay: Duration) -> Self {
        self.settings.max_server_delay = delay;
        self
    }

    /// How many calls at once a half-open circuit lets through: 1 unless set.
    #[must_use]
    pub fn probes(mut self, calls: u32) -> Self {
        self.settings.probes = calls;
        self
    }

    /// How many probes must succeed, none failing, to close the circuit: 1 unless set.
    #[must_use]
    pub fn close_after(mut self, successes: u32) -> Self {
        self.settings.close_after = successes;
        self
    }

    /// When a probe that has not ended counts as failed: at the limit of
    /// [`slow_calls`](Self::slow_calls) unless set, or after 60 s without one.
    ///
    /// The call itself goes on; a time limit is another layer's. A probe whose response's body is
    /// waited for has as long for each frame.
    #[must_use]
    pub fn probe_timeout(mut self, limit: Duration) -> Self {
        self.settings.probe_timeout = Some(limit);
        self
    }

    /// After how long without a call a circuit is forgotten: 10 min unless set, or the window, if
    /// that is longer. One that is open is kept for as long after its time; one that was set by
    /// hand, always; and so are the first circuit of a layer and the one that a service used last.
    #[must_use]
    pub fn idle_after(mut self, time: Duration) -> Self {
        self.settings.idle_after = time;
        self
    }

    /// About how many circuits are kept: 1,048,576 unless set. While none can be forgotten, the
    /// calls of more keys pass without one, and an event says so.
    #[must_use]
    pub fn max_keys(mut self, keys: usize) -> Self {
        self.settings.max_keys = keys;
        self
    }

    /// Which requests share a circuit: those to one authority unless set. See
    /// [`buttress_kernel::key`].
    #[must_use]
    pub fn key<L>(self, key: L) -> Builder<L, C, M> {
        self.with_parts(|_, classify| (key, classify))
    }

    /// What the end of a call means: [`HttpClassify`] unless set.
    #[must_use]
    pub fn classify<D>(self, classify: D) -> Builder<K, D, M> {
        self.with_parts(|key, _| (key, classify))
    }

    /// What a date in a `Retry-After` is compared with: the system's clock unless set.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.wall_clock = Arc::new(clock);
        self
    }

    /// Draws the same random numbers in every run. For tests.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Looks at requests of any type, with their extensions through `V`, a
    /// [`RequestView`](buttress_kernel::RequestView), and does not look into answers.
    #[must_use]
    pub fn seen_as<V>(self) -> Builder<K, C, Any<V>> {
        self.with_parts(|key, classify| (key, classify))
    }

    /// The layer.
    ///
    /// # Errors
    ///
    /// When settings contradict themselves or each other; the error says which rule they break.
    pub fn build(self) -> Result<CircuitBreakerLayer<K, C, M>, InvalidSettings> {
        let rules = self.settings.rules(now())?;
        let seed = self.seed.unwrap_or_else(|| fastrand::u64(..));
        let common = Common::new(rules, seed, self.wall_clock);
        let registry = Registry::new(common, self.settings.max_keys);
        Ok(CircuitBreakerLayer::sharing(
            self.key,
            self.classify,
            Arc::new(registry),
        ))
    }

    fn with_parts<L, D, N>(self, parts: impl FnOnce(K, C) -> (L, D)) -> Builder<L, D, N> {
        let (key, classify) = parts(self.key, self.classify);
        Builder {
            settings: self.settings,
            key,
            classify,
            wall_clock: self.wall_clock,
            seed: self.seed,
            mode: PhantomData,
        }
    }
}

impl<K, C> Builder<K, C, Head> {
    /// Waits with a success until the response's body has ended, so that a server that dies in the
    /// middle of it is seen.
    ///
    /// This changes the type of the response's body. A body that is dropped before its end counts
    /// for nothing.
    #[must_use]
    pub fn until_body_end(self) -> Builder<K, C, Whole> {
        self.with_parts(|key, classify| (key, classify))
    }
}

impl<K, C, M> fmt::Debug for Builder<K, C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
