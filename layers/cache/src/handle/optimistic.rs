use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use tokio::runtime;

use crate::shared::Shared;
use crate::store::{Key, Variant};
use crate::telemetry;

/// A change to a stored response that is not certain yet; made by
/// [`Handle::optimistic`](crate::Handle::optimistic).
///
/// Dropped, it puts back what was there before, unless something newer has been stored since.
#[must_use = "dropped, it puts back what was there before"]
pub struct Optimistic {
    shared: Arc<Shared>,
    key: Key,
    /// The number of the changed response.
    id: u64,
    before: Option<Variant>,
}

impl Optimistic {
    pub(super) const fn new(shared: Arc<Shared>, key: Key, id: u64, before: Variant) -> Self {
        let before = Some(before);
        Self {
            shared,
            key,
            id,
            before,
        }
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
        let mut restore: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(restore);
        // A store that answers at once, as memory does, is done by then.
        let mut cx = Context::from_waker(Waker::noop());
        if restore.as_mut().poll(&mut cx).is_ready() {
            return;
        }
        match runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(restore)),
            Err(error) => telemetry::store_failed("put", &error),
        }
    }
}

async fn restore(shared: Arc<Shared>, key: Key, id: u64, before: Variant) {
    let since = shared.outdated.moment();
    let found = shared.wait("get", shared.get(key.lend())).await;
    if found.is_some_and(|found| found.position(id).is_some()) {
        shared.put_now(&key, before, &[id], since).await;
    }
}

impl fmt::Debug for Optimistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optimistic")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
