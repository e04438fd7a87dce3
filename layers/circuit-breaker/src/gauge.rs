//! How many circuits are in which state, other than closed.

use crate::state::Kind;

/// A circuit went from one state to another. It leaves the one before it enters the other, so that
/// nobody ever sees it in both.
#[cfg_attr(
    not(feature = "metrics"),
    allow(unused_variables, clippy::missing_const_for_fn)
)]
pub(crate) fn moved(from: Kind, to: Kind) {
    #[cfg(feature = "metrics")]
    if from != to {
        if let Some(state) = label(from) {
            metrics::gauge!("buttress.circuit_breaker.circuits", "state" => state).decrement(1.0);
        }
        if let Some(state) = label(to) {
            metrics::gauge!("buttress.circuit_breaker.circuits", "state" => state).increment(1.0);
        }
    }
}

/// Closed circuits are not counted: one that nobody has called yet is as closed as any.
#[cfg(feature = "metrics")]
const fn label(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Closed => None,
        Kind::Open => Some("open"),
        Kind::HalfOpen => Some("half-open"),
        Kind::ForcedOpen => Some("forced-open"),
        Kind::ForcedClosed => Some("forced-closed"),
    }
}
