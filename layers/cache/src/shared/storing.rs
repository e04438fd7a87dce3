//! The store, within its time limit, and what becomes of what was in it.

use std::sync::Arc;

use buttress_kernel::BoxError;
use http::HeaderMap;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Shared;
use super::settling::LONGEST;
use crate::fetch::MOST_VARIANTS;
use crate::handle::Change;
use crate::outdated::Moment;
use crate::policy;
use crate::store::{Answer, Head, Key, KeyRef, Pending, Selector, Tags, Variant, Variants, Writer};
use crate::stream::Held;
use crate::telemetry;

impl Shared {
    /// What a store answers, or nothing and an event when it fails or takes too long.
    pub(crate) async fn wait<T>(&self, what: &'static str, answer: Answer<T>) -> Option<T> {
        let pending = match answer {
            Answer::Now(value) => return Some(value),
            Answer::Later(pending) => pending,
        };
        // Without a runtime there is no time limit either.
        if let Err(error) = Handle::try_current() {
            telemetry::store_failed(what, &error);
            return None;
        }
        let error: BoxError = match timeout(self.settings.store_timeout, pending).await {
            Ok(Ok(value)) => return Some(value),
            Ok(Err(error)) => error,
            Err(elapsed) => elapsed.into(),
        };
        telemetry::store_failed(what, &*error);
        None
    }

    /// Sees to it that a store does its work, in a task of its own; then `done`.
    fn see_to<T: Send + 'static>(
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

    /// Adds a response, unless it was made out of date since it was asked for.
    pub(crate) fn put(
        self: &Arc<Self>,
        mut one: Putting,
        (variant, way): (Variant, Way),
        done: impl FnOnce() + Send + 'static,
    ) {
        if self.is_outdated(&one) {
            telemetry::not_stored(&one.key, "out of date");
            self.forget(&one.key, &one.replaces);
            return done();
        }
        let answer = match way {
            Way::Put(held) => {
                one.held = Some(held);
                self.store.put(&one.key, variant, &one.replaces)
            }
            Way::Finish(writer, length) => {
                one.size += usize::try_from(length).unwrap_or(usize::MAX);
                writer.finish(variant, &one.replaces)
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
                self.forget(&one.key, &one.replaces);
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
        if !matches!(end, Ok(Ok(()))) {
            // The origin has said that these are not the response any more, kept or not.
            self.forget(&one.key, &one.replaces);
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
    fn is_put(self: &Arc<Self>, one: &Putting, stored: bool) -> bool {
        let outdated = self.is_outdated(one);
        if outdated {
            telemetry::not_stored(&one.key, "out of date");
        } else if stored {
            telemetry::stored(&one.key, one.size);
            self.announce(|| Change::Stored(one.key.clone()));
            self.thin_out(one);
        }
        outdated
    }

    /// Requests that ran at the same time have brought the same several times: the newest is enough.
    fn thin_out(self: &Arc<Self>, one: &Putting) {
        let Some(asked) = one.rivals.clone() else {
            return;
        };
        let (key, id) = (one.key.clone(), one.id);
        let thin_out = move |shared: &Arc<Self>, found: Option<Variants>| {
            let found = found.unwrap_or_default();
            shared.forget(&key, &superfluous(&found, id, &asked));
        };
        match self.store.get(one.key.lend()) {
            Answer::Now(found) => thin_out(self, Some(found)),
            Answer::Later(pending) => self.see_to("get", pending, thin_out),
        }
    }

    fn is_outdated(&self, one: &Putting) -> bool {
        self.outdated.has(&one.key, one.tags.as_ref(), one.since)
    }

    /// Adds a response, and waits until it is there; whether it is, and is not out of date. Where that
    /// fails, nothing is left under the key.
    ///
    /// # Cancellation
    ///
    /// Dropped, it may be there and out of date: see it through.
    pub(crate) async fn put_now(
        self: &Arc<Self>,
        key: Key,
        variant: Variant,
        replaces: Vec<u64>,
        since: Moment,
    ) -> bool {
        let one = Putting::of(key, &variant, replaces, since);
        let answer = self.store.put(&one.key, variant, &one.replaces);
        if self.wait("put", answer).await.is_none() {
            // It may be there all the same, or will be: only what is invalidated stays out.
            self.invalidate_key(one.key).end().await;
            return false;
        }
        if self.is_outdated(&one) {
            self.disown(&one.key, one.id).await;
            return false;
        }
        // A store may be too small for it, and has no way to say so.
        let found = self.wait("get", self.get(one.key.lend())).await;
        if found.is_none_or(|found| found.position(one.id).is_none()) {
            telemetry::not_stored(&one.key, "not kept by the store");
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

/// How a response gets into the store.
pub(crate) enum Way {
    /// With its body.
    Put(Held),
    /// Behind its body, of so many bytes.
    Finish(Box<dyn Writer>, u64),
}

/// What a response has made superfluous that answers these fields: older ones that answer them too, and
/// those that are too many.
fn superfluous(found: &Variants, id: u64, asked: &HeaderMap) -> Vec<u64> {
    let Some(new) = found.position(id) else {
        return Vec::new();
    };
    let head = |at: usize| -> &policy::Head { found[at].as_ref() };
    let is_older =
        |at: usize| head(at).freshness.date <= head(new).freshness.date && head(at).answers(asked);
    let superfluous = (new + 1..found.len()).filter(|at| *at >= MOST_VARIANTS || is_older(*at));
    superfluous.map(|at| found[at].id()).collect()
}

/// What is known of a response on its way into the store.
pub(crate) struct Putting {
    key: Key,
    id: u64,
    size: usize,
    tags: Option<Tags>,
    replaces: Vec<u64>,
    since: Moment,
    /// The fields of its request, if others may bring the same beside it.
    rivals: Option<Arc<HeaderMap>>,
    /// What its body takes of the room for bodies under way, until the store has it.
    held: Option<Held>,
}

impl Putting {
    pub(crate) fn of(key: Key, variant: &Variant, replaces: Vec<u64>, since: Moment) -> Self {
        Self {
            key,
            id: variant.id(),
            size: variant.size(),
            tags: variant.shared_tags().cloned(),
            replaces,
            since,
            rivals: None,
            held: None,
        }
    }

    /// One that may have rivals for requests with these fields.
    pub(crate) fn beside(self, rivals: Option<Arc<HeaderMap>>) -> Self {
        Self { rivals, ..self }
    }
}
