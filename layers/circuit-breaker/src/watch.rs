use std::fmt;

use tokio::sync::watch::Receiver;
use tokio::time::timeout_at;

use crate::handle::{Handle, State};

/// Tells when the state of one circuit changes; made by [`Handle::watch`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use buttress_circuit_breaker::{CircuitBreakerLayer, State};
///
/// let layer = CircuitBreakerLayer::new();
/// let mut watch = layer.handle().watch("api.example.com");
/// assert_eq!(watch.state(), State::Closed);
///
/// layer.handle().force_open("api.example.com");
/// assert_eq!(watch.changed().await, State::ForcedOpen);
/// # }
/// ```
pub struct Watch {
    handle: Handle,
    key: Box<str>,
    seen: State,
    changes: Receiver<()>,
}

impl Watch {
    pub(crate) fn new(handle: Handle, key: Box<str>) -> Self {
        // First, so that no change falls between the two.
        let changes = handle.changes();
        let seen = handle.state(&key);
        Self {
            handle,
            key,
            seen,
            changes,
        }
    }

    /// The state that was seen last.
    #[must_use]
    pub const fn state(&self) -> State {
        self.seen
    }

    /// Waits until the state is another one than that seen last, and returns it. Of several changes
    /// in between only the last is told. An open circuit becomes half-open by time alone, and that
    /// is told in time.
    ///
    /// # Cancellation
    ///
    /// Dropping the future loses nothing: the next one tells of what has changed since.
    pub async fn changed(&mut self) -> State {
        loop {
            self.changes.mark_unchanged();
            let state = self.handle.state(&self.key);
            if state != self.seen {
                self.seen = state;
                return state;
            }
            // The sender is held by the handle, so there will be no error.
            if let State::Open { retry_at } = state {
                let _ = timeout_at(retry_at.into(), self.changes.changed()).await;
            } else {
                let _ = self.changes.changed().await;
            }
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch")
            .field("key", &self.key)
            .field("seen", &self.seen)
            .finish_non_exhaustive()
    }
}
