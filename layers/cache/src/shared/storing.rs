//! The store, within its time limit, and what becomes of what was in it.

use std::sync::Arc;

use buttress_kernel::BoxError;
use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Shared;
use crate::handle::Change;
use crate::policy;
use crate::store::{Answer, Head, Key, KeyRef, Pending, Selector, Variants};
use crate::telemetry;

impl Shared {
    /// What a store answers, or nothing and an event when it fails or takes too long.
    pub(crate) async fn wait<T>(&self, what: &'static str, answer: Answer<T>) -> Option<T> {
        self.ask(what, answer).await.ok()
    }

    /// The same, or why there is no answer.
    pub(crate) async fn ask<T>(
        &self,
        what: &'static str,
        answer: Answer<T>,
    ) -> Result<T, BoxError> {
        let pending = match answer {
            Answer::Now(value) => return Ok(value),
            Answer::Later(pending) => pending,
        };
        // Without a runtime there is no time limit either.
        let answer = match Handle::try_current() {
            Ok(_) => timeout(self.settings.store_timeout, pending).await,
            Err(error) => Ok(Err(error.into())),
        };
        let answer = answer.unwrap_or_else(|elapsed| Err(elapsed.into()));
        answer.inspect_err(|error| telemetry::store_failed(what, &**error))
    }

    /// Sees to it that a store does its work, in a task of its own; then `done`.
    pub(super) fn see_to<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        pending: Pending<T>,
        done: impl FnOnce(&Arc<Self>, Option<T>) + Send + 'static,
    ) {
        let runtime = match Handle::try_current() {
            Ok(runtime) => runtime,
            Err(error) => {
                telemetry::store_failed(what, &error);
                return done(self, None);
            }
        };
        let shared = Arc::clone(self);
        runtime.spawn(async move {
            let value = shared.wait(what, Answer::Later(pending)).await;
            done(&shared, value);
        });
    }

    /// A head as the store may have it.
    #[cfg_attr(not(feature = "persistent"), expect(unused_mut, clippy::unused_self))]
    pub(crate) fn head(&self, mut head: policy::Head) -> Head {
        #[cfg(feature = "persistent")]
        if !head.vary.names.is_empty() && !self.store.keeps_secrets() {
            head.vary.seal(&self.settings.clear);
        }
        Head::new(head)
    }

    /// Takes out what must not be served; where that fails, all that is under the key.
    pub(super) async fn disown(self: &Arc<Self>, key: &Key, id: u64) {
        let gone = self.wait("remove", self.store.remove(key, &[id])).await;
        if gone.is_none() {
            self.settle(&Selector::Key(key.clone()), |_, _| {});
        }
    }

    /// Sees to it that responses of these numbers are gone; where that fails, all that is under the key.
    pub(crate) fn forget(self: &Arc<Self>, key: &Key, ids: &[u64]) {
        if ids.is_empty() {
            return;
        }
        if let Answer::Later(pending) = self.store.remove(key, ids) {
            let key = key.clone();
            self.see_to("remove", pending, move |shared, gone| {
                if gone.is_none() {
                    shared.settle(&Selector::Key(key), |_, _| {});
                }
            });
        }
    }

    /// What is being fetched under a key is out of date: nobody joins it, and it is not stored.
    pub(crate) fn doom_key(&self, key: &Key) {
        self.outdated.add_key(key);
        self.flights.doom_key(key);
    }

    /// The same for all that the selector picks.
    pub(crate) fn doom(&self, selector: &Selector) {
        self.outdated.add(selector);
        self.flights.doom(selector);
    }

    pub(crate) fn announce(&self, change: impl FnOnce() -> Change) {
        if self.changes.receiver_count() > 0 {
            // Nobody listening any more is no failure.
            let _ = self.changes.send(change());
        }
    }

    /// Everything stored under a key.
    #[inline]
    pub(crate) fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        if self.unsettled.is_any() {
            return self.get_in_doubt(key);
        }
        self.store.get(key)
    }
}
