use std::fmt;

use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::store::{Key, Selector};

/// What has changed in a store.
// Open: more may come to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A response was stored or updated under this key.
    Stored(Key),
    /// These were invalidated.
    Invalidated(Selector),
    /// So many changes were not told, since the listener was slow.
    Missed(u64),
}

/// Changes from now on, made by the services of one layer and by its handles.
pub struct Changes(Receiver<Change>);

impl Changes {
    pub(super) const fn new(receiver: Receiver<Change>) -> Self {
        Self(receiver)
    }

    /// Waits for the next change; `None` once the layer, its services and its handles are gone.
    ///
    /// # Cancellation
    ///
    /// Dropped, it has lost nothing: the change is told by the next call.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(missed)) => Some(Change::Missed(missed)),
            Err(RecvError::Closed) => None,
        }
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
