use std::sync::Arc;
use std::time::Instant;

use buttress_kernel::Key;

use crate::admission::now;
use crate::circuit::Circuit;
use crate::registry::Registry;
use crate::state::{Forced, Phase};
use crate::telemetry;
use crate::watch::Watch;

/// Looks at the circuits from outside, and sets them by hand.
///
/// ```
/// use buttress_circuit_breaker::{CircuitBreakerLayer, State};
///
/// let layer = CircuitBreakerLayer::new();
/// let handle = layer.handle();
/// handle.force_open("api.example.com");
/// assert_eq!(handle.state("api.example.com"), State::ForcedOpen);
/// handle.automatic("api.example.com");
/// assert_eq!(handle.state("api.example.com"), State::Closed);
/// ```
#[derive(Clone, Debug)]
pub struct Handle(Arc<Registry>);

/// What a call would find.
// Closed: whoever shows states must show each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Calls go through, and are counted.
    Closed,
    /// No call goes through.
    Open {
        /// When the circuit becomes half-open.
        retry_at: Instant,
    },
    /// A few calls at once go through, to find out whether all is well.
    HalfOpen,
    /// No call goes through, until the [`Handle`] says otherwise.
    ForcedOpen,
    /// All calls go through, uncounted, until the [`Handle`] says otherwise.
    ForcedClosed,
}

impl State {
    /// The state in lower-case words joined by hyphens, as events and metrics carry it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open { .. } => "open",
            Self::HalfOpen => "half-open",
            Self::ForcedOpen => "forced-open",
            Self::ForcedClosed => "forced-closed",
        }
    }
}

impl Handle {
    pub(crate) const fn new(registry: Arc<Registry>) -> Self {
        Self(registry)
    }

    /// The state of a key's circuit; closed if there is none yet.
    ///
    /// A circuit whose open time is over is half-open, whether or not somebody has called since.
    #[must_use]
    pub fn state(&self, key: &str) -> State {
        let circuit = self.0.get(key);
        circuit.map_or(State::Closed, |circuit| state(&circuit))
    }

    /// The states of all circuits, in no order. Circuits of keys that were idle for long are
    /// forgotten and not among them.
    #[must_use]
    pub fn states(&self) -> Vec<(Key, State)> {
        let circuits = self.0.all();
        let states = circuits
            .iter()
            .map(|circuit| (circuit.key().clone(), state(circuit)));
        states.collect()
    }

    /// How many circuits are kept; forgets those that can be forgotten first.
    #[must_use]
    pub fn circuits(&self) -> usize {
        self.0.sweep(now());
        self.0.len()
    }

    /// Opens a key's circuit until further notice.
    pub fn force_open(&self, key: &str) {
        self.force(key, Forced::Open, State::ForcedOpen);
    }

    /// Closes a key's circuit until further notice, whatever fails.
    pub fn force_closed(&self, key: &str) {
        self.force(key, Forced::Closed, State::ForcedClosed);
    }

    /// Ends what [`force_open`](Self::force_open) or [`force_closed`](Self::force_closed) began: the
    /// circuit is closed, and has seen nothing yet. One that was not set by hand stays as it is.
    pub fn automatic(&self, key: &str) {
        if let Some(circuit) = self.0.get(key) {
            circuit.automatic(now());
            telemetry::chosen(&circuit, "automatic");
        }
    }

    /// Closes a key's circuit and forgets what it has seen. If it was set by hand, that ends.
    pub fn reset(&self, key: &str) {
        if let Some(circuit) = self.0.get(key) {
            reset(&circuit);
        }
    }

    /// The same for all circuits.
    pub fn reset_all(&self) {
        self.0.all().iter().for_each(|circuit| reset(circuit));
    }

    /// Watches the state of a key's circuit.
    #[must_use]
    pub fn watch(&self, key: &str) -> Watch {
        Watch::new(self.clone(), key.into())
    }

    pub(crate) fn changes(&self) -> tokio::sync::watch::Receiver<()> {
        self.0.common.changes.subscribe()
    }

    fn force(&self, key: &str, forced: Forced, state: State) {
        if let Some(circuit) = self.0.get_or_insert(key, now()) {
            circuit.force(forced, now());
            telemetry::chosen(&circuit, state.as_str());
        } else {
            telemetry::untracked(key);
        }
    }
}

fn state(circuit: &Circuit) -> State {
    let now = now();
    let (phase, turns) = circuit.phase(now);
    telemetry::turned(circuit, &turns, now);
    match phase {
        Phase::Closed => State::Closed,
        Phase::Open(retry_at) => State::Open { retry_at },
        Phase::HalfOpen => State::HalfOpen,
        Phase::Forced(Forced::Open) => State::ForcedOpen,
        Phase::Forced(Forced::Closed) => State::ForcedClosed,
    }
}

fn reset(circuit: &Circuit) {
    circuit.reset(now());
    telemetry::chosen(circuit, "reset");
}
