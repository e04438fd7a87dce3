//! The store, within its time limit, and what becomes of what was in it.

use std::sync::Arc;

use buttress_kernel::BoxError;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Shared;
use super::settling::LONGEST;
use crate::handle::Change;
use crate::outdated::Moment;
use crate::policy;
use crate::store::{Answer, Head, Key, KeyRef, Pending, Selector, Tags, Variant, Variants, Writer};
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

    /// Adds a response that was asked for at that moment, unless it was made out of date since.
    pub(crate) fn put(
        self: &Arc<Self>,
        key: Key,
        (variant, way): (Variant, Way),
        replaces: &[u64],
        since: Moment,
        done: impl FnOnce() + Send + 'static,
    ) {
        let mut one = Putting::of(key, &variant, since);
        if self.is_outdated(&one) {
            telemetry::not_stored(&one.key, "out of date");
            self.forget(&one.key, replaces);
            return done();
        }
        let answer = match way {
            Way::Put => self.store.put(&one.key, variant, replaces),
            Way::Finish(writer, length) => {
                one.size += usize::try_from(length).unwrap_or(usize::MAX);
                writer.finish(variant, replaces)
            }
        };
        let pending = match answer {
            Answer::Later(pending) => pending,
            Answer::Now(()) => {
                if self.is_put(&one, true) {
                    self.forget(&one.key, &[one.id]);
                }
                return done();
            }
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(Arc::clone(self).put_later(one, pending, done))),
            Err(error) => {
                telemetry::store_failed("put", &error);
                done();
            }
        }
    }

    async fn put_later(
        self: Arc<Self>,
        one: Putting,
        mut pending: Pending<()>,
        done: impl FnOnce(),
    ) {
        let mut end = timeout(self.settings.store_timeout, &mut pending).await;
        let place = end.is_err().then(|| self.late.try_acquire().ok()).flatten();
        let late = end.is_err();
        if let Err(elapsed) = &end {
            telemetry::store_failed("put", elapsed);
        }
        if late {
            // Nobody waits for it any longer. What becomes of it matters all the same, since it may be
            // out of date when it arrives; but not of any number of them.
            done();
            if place.is_some() {
                end = timeout(LONGEST, pending).await;
            } else {
                // Its place in the store's line is for another one.
                drop(pending);
            }
            self.put_ended(&one, end).await;
        } else {
            self.put_ended(&one, end).await;
            done();
        }
    }

    async fn put_ended(
        self: &Arc<Self>,
        one: &Putting,
        end: Result<Result<(), BoxError>, Elapsed>,
    ) {
        if let Ok(Err(error)) = &end {
            telemetry::store_failed("put", &**error);
        }
        let stored = matches!(end, Ok(Ok(())));
        if self.is_put(one, stored) {
            self.disown(&one.key, one.id).await;
        }
    }

    /// Tells what has become of a response; whether it is to be taken out again. Not before it is
    /// there: whoever makes it out of date now finds it himself.
    fn is_put(&self, one: &Putting, stored: bool) -> bool {
        let outdated = self.is_outdated(one);
        if outdated {
            telemetry::not_stored(&one.key, "out of date");
        } else if stored {
            telemetry::stored(&one.key, one.size);
            self.announce(|| Change::Stored(one.key.clone()));
        }
        outdated
    }

    fn is_outdated(&self, one: &Putting) -> bool {
        self.outdated.has(&one.key, one.tags.as_ref(), one.since)
    }

    /// Adds a response, and waits until it is there; whether it is, and is not out of date.
    pub(crate) async fn put_now(
        self: &Arc<Self>,
        key: &Key,
        variant: Variant,
        replaces: &[u64],
        since: Moment,
    ) -> bool {
        let one = Putting::of(key.clone(), &variant, since);
        let answer = self.store.put(key, variant, replaces);
        let stored = self.wait("put", answer).await.is_some();
        let outdated = self.is_outdated(&one);
        if outdated || !stored {
            // It may be there all the same, or will be.
            self.disown(key, one.id).await;
            return false;
        }
        // By what marks it will be asked for, the key does not tell.
        self.unfit.forget_all();
        self.announce(|| Change::Stored(one.key));
        true
    }

    /// Takes out what must not be served; where that fails, all that is under the key.
    async fn disown(self: &Arc<Self>, key: &Key, id: u64) {
        let gone = self.wait("remove", self.store.remove(key, &[id])).await;
        if gone.is_none() {
            self.settle(&Selector::Key(key.clone()), |_, _| {});
        }
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

/// How a response gets into the store.
pub(crate) enum Way {
    /// With its body.
    Put,
    /// Behind its body, of so many bytes.
    Finish(Box<dyn Writer>, u64),
}

/// What is known of a response on its way into the store.
struct Putting {
    key: Key,
    id: u64,
    size: usize,
    tags: Option<Tags>,
    since: Moment,
}

impl Putting {
    fn of(key: Key, variant: &Variant, since: Moment) -> Self {
        Self {
            key,
            id: variant.id(),
            size: variant.size(),
            tags: variant.shared_tags().cloned(),
            since,
        }
    }
}
