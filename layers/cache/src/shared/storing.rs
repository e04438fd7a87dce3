//! The store, within its time limit, and what becomes of what was in it.

use std::fmt;
use std::sync::Arc;

use buttress_kernel::BoxError;
use tokio::time::timeout;

use super::Shared;
use crate::handle::Change;
use crate::outdated::Moment;
use crate::store::{Answer, Key, KeyRef, Selector, Variant, Variants};
use crate::telemetry;

impl Shared {
    /// What a store answers, or nothing and an event when it fails or takes too long.
    pub(crate) async fn wait<T>(&self, what: &'static str, answer: Answer<T>) -> Option<T> {
        let pending = match answer {
            Answer::Now(value) => return Some(value),
            Answer::Later(pending) => pending,
        };
        let error: BoxError = match timeout(self.settings.store_timeout, pending).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        telemetry::store_failed(what, &*error);
        None
    }

    /// Sees to it that a store does its work, at once or in a task of its own; then `done`.
    pub(crate) fn see_to<T: Send + 'static>(
        self: &Arc<Self>,
        what: &'static str,
        answer: Answer<T>,
        done: impl FnOnce(&Arc<Self>, Option<T>) + Send + 'static,
    ) {
        let pending = match answer {
            Answer::Now(value) => return done(self, Some(value)),
            Answer::Later(pending) => pending,
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            telemetry::store_failed(what, &NoRuntime);
            return done(self, None);
        };
        let shared = Arc::clone(self);
        runtime.spawn(async move {
            let value = shared.wait(what, Answer::Later(pending)).await;
            done(&shared, value);
        });
    }

    /// Adds a response that was asked for at that moment, unless it was made out of date since.
    pub(crate) fn put(
        self: &Arc<Self>,
        key: Key,
        variant: Variant,
        replaces: &[u64],
        since: Moment,
        done: impl FnOnce() + Send + 'static,
    ) {
        let (id, size, tags) = (variant.id(), variant.size(), variant.shared_tags().cloned());
        let answer = self.store.put(&key, variant, replaces);
        self.see_to("put", answer, move |shared, stored| {
            if stored.is_none() {
                return done();
            }
            // Not before it is there: whoever makes it out of date now finds it himself.
            if shared.outdated.has(&key, tags.as_ref(), since) {
                telemetry::not_stored(&key, "out of date");
                shared.forget(&key, &[id]);
            } else {
                telemetry::stored(&key, size);
                shared.announce(|| Change::Stored(key));
            }
            done();
        });
    }

    pub(crate) fn forget(self: &Arc<Self>, key: &Key, ids: &[u64]) {
        if !ids.is_empty() {
            let answer = self.store.remove(key, ids);
            self.see_to("remove", answer, |_, _| {});
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

    /// Everything under a key is out of date.
    pub(crate) fn invalidate_key(self: &Arc<Self>, key: Key) {
        self.doom_key(&key);
        let answer = self.store.invalidate(&Selector::Key(key.clone()));
        self.see_to("invalidate", answer, move |shared, count| {
            telemetry::invalidated(&key, count.unwrap_or_default());
            shared.announce(|| Change::Invalidated(Selector::Key(key)));
        });
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
        self.store.get(key)
    }
}

#[derive(Debug)]
struct NoRuntime;

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store that answers later needs a tokio runtime")
    }
}

impl std::error::Error for NoRuntime {}
