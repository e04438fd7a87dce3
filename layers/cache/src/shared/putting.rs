//! Responses on their way into the store.

use std::sync::Arc;

use buttress_kernel::BoxError;
use http::HeaderMap;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::Shared;
use super::settling::LONGEST;
use crate::handle::Change;
use crate::outdated::Moment;
use crate::policy;
use crate::store::{Answer, Key, NoRoom, Pending, Tags, Variant, Variants, Writer};
use crate::stream::Held;
use crate::telemetry;

impl Shared {
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
                self.forget(&one.key, &one.disproved);
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
            self.forget(&one.key, &one.disproved);
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
            if NoRoom::of(&**error).is_some() {
                telemetry::not_stored(&one.key, self.not_taken(error));
            }
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
        let is_sought = one.is_sought;
        let thin_out = move |shared: &Arc<Self>, found: Option<Variants>| {
            let found = found.unwrap_or_default();
            let mut gone = superfluous(&found, id, &asked);
            gone.retain(|other| *other != id || !is_sought);
            shared.forget(&key, &gone);
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
}

/// How a response gets into the store.
pub(crate) enum Way {
    /// With its body.
    Put(Held),
    /// Behind its body, of so many bytes.
    Finish(Box<dyn Writer>, u64),
}

/// What is superfluous beside a response that answers these fields: all but the newest of those that answer
/// them, which it need not be itself, and those that are too many.
fn superfluous(found: &Variants, id: u64, asked: &HeaderMap) -> Vec<u64> {
    let Some(new) = found.position(id) else {
        return Vec::new();
    };
    let head = |at: usize| -> &policy::Head { found[at].as_ref() };
    let age = |at: usize| head(at).freshness.rank();
    // Of those of one moment the last that was put, which stands first.
    let all = (0..found.len()).rev();
    let whole = all.filter(|at| head(*at).extent.is_whole() && head(*at).answers(asked));
    let newest = whole.max_by_key(|at| age(*at)).unwrap_or(new);
    let is_older = |at| at != newest && age(at) <= age(newest) && head(at).answers(asked);
    let is_one_too_many = |at| at > new && at >= Variants::MOST;
    let superfluous = (0..found.len()).filter(|at| is_one_too_many(*at) || is_older(*at));
    superfluous.map(|at| found[at].id()).collect()
}

/// What is known of a response on its way into the store.
pub(crate) struct Putting {
    key: Key,
    id: u64,
    size: usize,
    tags: Option<Tags>,
    replaces: Vec<u64>,
    /// Those of them that go even if it does not come.
    disproved: Vec<u64>,
    since: Moment,
    /// The fields of its request, if others may bring the same beside it.
    rivals: Option<Arc<HeaderMap>>,
    is_sought: bool,
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
            disproved: replaces.clone(),
            replaces,
            since,
            rivals: None,
            is_sought: false,
            held: None,
        }
    }

    /// One without which no more than these go of all that it replaces.
    pub(crate) fn of_which(self, disproved: Vec<u64>) -> Self {
        Self { disproved, ..self }
    }

    /// One that those may look for who were too slow to read it on its way.
    pub(crate) fn sought(self, is_sought: bool) -> Self {
        Self { is_sought, ..self }
    }

    /// One that may have rivals for requests with these fields.
    pub(crate) fn beside(self, rivals: Option<Arc<HeaderMap>>) -> Self {
        Self { rivals, ..self }
    }
}
