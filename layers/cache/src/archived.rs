//! A body that went into the store in pieces, for those who were too slow to read it on its way.

use std::sync::Arc;

use tokio::sync::watch;

use crate::kept::Kept;
use crate::policy;
use crate::serve::boxed;
use crate::shared::Shared;
use crate::store::Key;
use crate::stream::{Archive, BoxBody, Finding};

/// The number of a response on its way into the store. Dropped when it is there, or will not be.
#[derive(Debug)]
pub(crate) struct Ending {
    id: u64,
    _open: watch::Sender<()>,
}

impl Ending {
    /// Of this number, and what ends with it.
    pub(crate) fn new(id: u64) -> (Self, watch::Receiver<()>) {
        let (open, ending) = watch::channel(());
        (Self { id, _open: open }, ending)
    }

    pub(crate) const fn id(&self) -> u64 {
        self.id
    }
}

/// A response that is, or will be, in the store.
#[derive(Clone)]
pub(crate) struct Archived {
    shared: Arc<Shared>,
    key: Key,
    id: u64,
    ending: watch::Receiver<()>,
}

impl Archived {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        key: &Key,
        id: u64,
        ending: watch::Receiver<()>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            key: key.clone(),
            id,
            ending,
        }
    }

    /// Its bytes from there on, if it is there, and whole.
    async fn rest(mut self, from: u64) -> Option<BoxBody> {
        while self.ending.changed().await.is_ok() {}
        let Self {
            shared, key, id, ..
        } = self;
        let found = shared.wait("get", shared.get(key.lend())).await?;
        let variant = &found[found.position(id)?];
        let extent = AsRef::<policy::Head>::as_ref(variant).extent;
        if !extent.is_whole() {
            return None;
        }
        let length = extent.end.checked_sub(from)?;
        let answer = shared.store.body(&key, id, from..extent.end);
        let body = shared.wait("body", answer).await.flatten()?;
        let kept = Kept::new(key, body, length, None);
        Some(boxed(kept))
    }
}

impl Archive for Archived {
    fn find(&self, from: u64) -> Finding {
        Box::pin(self.clone().rest(from))
    }
}
