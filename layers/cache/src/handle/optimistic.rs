use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::runtime;

use crate::outdated::Moment;
use crate::shared::Shared;
use crate::store::{Key, Variant};

/// A change to a stored response that is not certain yet; made by
/// [`Handle::optimistic`](crate::Handle::optimistic).
///
/// Dropped, it puts back what was there before, unless something newer has been stored since: at once
/// where the store answers at once, and otherwise on the runtime on which it is dropped, or else the one
/// on which it was made.
#[must_use = "dropped, it puts back what was there before"]
pub struct Optimistic {
    shared: Arc<Shared>,
    key: Key,
    /// The number of the changed response.
    id: u64,
    before: Option<Variant>,
    /// Where it is put back, if it is dropped outside.
    runtime: Option<runtime::Handle>,
}

impl Optimistic {
    pub(super) fn new(shared: Arc<Shared>, key: Key, id: u64, before: Variant) -> Self {
        Self {
            shared,
            key,
            id,
            before: Some(before),
            runtime: runtime::Handle::try_current().ok(),
        }
    }

    /// Puts the changed response in the place of what was there. Dropped in the middle, it cannot be
    /// told what has become of it: see it through.
    pub(super) async fn put(self, variant: Variant, since: Moment) -> Option<Self> {
        let replaces = self.before.iter().map(Variant::id).collect();
        let key = self.key.clone();
        if self.shared.put_now(key, variant, replaces, since).await {
            return Some(self);
        }
        self.commit();
        None
    }

    /// The change stays.
    pub fn commit(mut self) {
        self.before = None;
    }
}

impl Drop for Optimistic {
    fn drop(&mut self) {
        let Some(before) = self.before.take() else {
            return;
        };
        let restore = restore(Arc::clone(&self.shared), self.key.clone(), self.id, before);
        let mut restore = Box::pin(restore);
        let (current, own) = (runtime::Handle::try_current(), self.runtime.take());
        let within = match (&current, &own) {
            // A thread at its end can enter nothing any more.
            (Err(error), Some(own)) if !error.is_thread_local_destroyed() => Some(own.enter()),
            _ => None,
        };
        // A store that answers at once, as memory does, is done by then.
        let mut cx = Context::from_waker(Waker::noop());
        let polled = restore.as_mut().poll(&mut cx);
        drop(within);
        if polled.is_pending()
            && let Some(runtime) = current.ok().or(own)
        {
            runtime.spawn(restore);
        }
    }
}

async fn restore(shared: Arc<Shared>, key: Key, id: u64, before: Variant) {
    let since = shared.outdated.moment();
    match shared.wait("get", shared.get(key.lend())).await {
        Some(found) if found.position(id).is_none() => {}
        Some(_) => {
            shared.put_now(key, before, vec![id], since).await;
        }
        // At the least, a guess that was wrong must not be served.
        None => {
            shared.invalidate_key(key).end().await;
        }
    }
}

impl fmt::Debug for Optimistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimistic")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
