//! Invalidations, until the store has confirmed them.
//!
//! From the moment at which one begins, what it means is not served any more, whatever the store does.
//! Whoever caused it waits for the store, but not longer than for any answer, unless it is done by hand; a
//! store that takes its time goes on meanwhile, and one that fails is asked again as long as the layer lives.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use buttress_kernel::BoxError;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use super::Shared;
use crate::handle::Change;
use crate::store::{Answer, Key, KeyRef, Pending, Selector, Variants};
use crate::telemetry;
use crate::unsettled::{Attempt, Doubt, Tending};

/// So long at most the store is waited for in the background, while nothing is heard of it.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

/// A store that failed is asked again after the first time, then after twice that, up to the second.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(10));

/// How many responses the store has forgotten, as soon as it says so; nothing if that takes too long.
#[derive(Debug)]
pub(crate) enum Settling {
    Now(Option<usize>),
    Later(oneshot::Receiver<Option<usize>>),
}

impl Settling {
    /// Waits, but not longer than a store may take for an answer, unless it is done by hand.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: the store is seen to.
    pub(crate) async fn end(self) -> Option<usize> {
        match self {
            Self::Now(count) => count,
            Self::Later(end) => end.await.ok().flatten(),
        }
    }
}

impl Shared {
    /// Everything under a key is out of date.
    pub(crate) fn invalidate_key(self: &Arc<Self>, key: Key) -> Settling {
        self.doom_key(&key);
        let selector = Selector::Key(key.clone());
        self.settle(&selector, move |shared, count| {
            telemetry::invalidated(&key, count.unwrap_or_default());
            shared.announce(|| Change::Invalidated(Selector::Key(key)));
        })
    }

    /// What the selector picks is not served any more, and the store is told; then `done`.
    pub(crate) fn settle(
        self: &Arc<Self>,
        selector: &Selector,
        done: impl FnOnce(&Self, Option<usize>) + Send + 'static,
    ) -> Settling {
        self.settle_within(Some(self.settings.store_timeout), selector, done)
    }

    /// The same for somebody who wants to know the end, however long the store takes.
    pub(crate) fn settle_by_hand(
        self: &Arc<Self>,
        selector: &Selector,
        done: impl FnOnce(&Self, Option<usize>) + Send + 'static,
    ) -> Settling {
        self.settle_within(None, selector, done)
    }

    fn settle_within(
        self: &Arc<Self>,
        limit: Option<Duration>,
        selector: &Selector,
        done: impl FnOnce(&Self, Option<usize>) + Send + 'static,
    ) -> Settling {
        let number = self.unsettled.number();
        let pending = match self.store.invalidate(selector) {
            Answer::Later(pending) => pending,
            Answer::Now(count) => {
                done(self, Some(count));
                return Settling::Now(Some(count));
            }
        };
        let (teller, end) = oneshot::channel();
        let attempt = self.unsettled.begin(number, selector);
        match (attempt, Handle::try_current()) {
            (Some(attempt), Ok(runtime)) => {
                let pending = (pending, limit);
                let work = Arc::clone(self).see_through(attempt, pending, done, teller);
                runtime.spawn(work);
                return Settling::Later(end);
            }
            (Some(attempt), Err(error)) => {
                telemetry::store_failed("invalidate", &error);
                attempt.end(false);
            }
            (None, _) => self.tend(),
        }
        done(self, None);
        Settling::Now(None)
    }

    /// Tells of the end as soon as it is there or the store has taken too long, and stays with it.
    async fn see_through(
        self: Arc<Self>,
        attempt: Attempt,
        (pending, limit): (Pending<usize>, Option<Duration>),
        done: impl FnOnce(&Self, Option<usize>),
        teller: oneshot::Sender<Option<usize>>,
    ) {
        let mut work = pin!(self.attempt(attempt, pending));
        let in_time = match limit {
            Some(limit) => timeout(limit, &mut work).await,
            None => Ok((&mut work).await),
        };
        if let Err(elapsed) = &in_time {
            telemetry::store_failed("invalidate", elapsed);
        }
        let count = in_time.as_ref().ok().copied().flatten();
        done(&self, count);
        // Whoever caused it may have gone.
        let _ = teller.send(count);
        if in_time.is_err() {
            work.await;
        }
        self.tend();
    }

    async fn attempt(&self, attempt: Attempt, pending: Pending<usize>) -> Option<usize> {
        let end = as_long_as_it_moves(pending).await;
        attempt.end(end.is_ok());
        end.inspect_err(|error| telemetry::store_failed("invalidate", &**error))
            .ok()
    }

    /// Sees to it that what has failed is tried again.
    fn tend(&self) {
        if let Ok(runtime) = Handle::try_current()
            && let Some(tending) = self.unsettled.tend()
        {
            runtime.spawn(try_again(Weak::clone(&self.this), tending));
        }
    }

    /// What is stored under a key, without what is out of date.
    #[cold]
    pub(super) fn get_in_doubt(&self, key: KeyRef<'_>) -> Answer<Variants> {
        // Whoever saw to it may have gone with his runtime.
        self.tend();
        let doubt = self.unsettled.of(key);
        if matches!(doubt, Doubt::All) {
            return Answer::Now(Variants::default());
        }
        match self.store.get(key) {
            Answer::Now(found) => Answer::Now(doubt.sift(&found)),
            Answer::Later(pending) => Answer::later(async move { Ok(doubt.sift(&pending.await?)) }),
        }
    }
}

/// Waits for a store, however long it takes, unless nothing wakes it for so long that it seems to have
/// stopped.
async fn as_long_as_it_moves(mut pending: Pending<usize>) -> Result<usize, BoxError> {
    let mut rest = pin!(sleep(LONGEST));
    poll_fn(|cx| {
        if let Poll::Ready(end) = pending.as_mut().poll(cx) {
            return Poll::Ready(end);
        }
        let late = || Err(format!("nothing was heard of the store for {LONGEST:?}").into());
        if rest.as_mut().poll(cx).is_ready() {
            return Poll::Ready(late());
        }
        rest.as_mut().reset(Instant::now() + LONGEST);
        rest.as_mut().poll(cx).map(|()| late())
    })
    .await
}

/// Asks the store again for what it has failed to forget, as long as the layer lives.
async fn try_again(shared: Weak<Shared>, mut tending: Tending) {
    let (mut pause, longest) = PAUSE;
    loop {
        sleep(pause).await;
        let Some(shared) = shared.upgrade() else {
            return;
        };
        pause = if shared.try_all().await {
            PAUSE.0
        } else {
            (pause * 2).min(longest)
        };
        tending = match tending.go_on() {
            Some(tending) => tending,
            None => return,
        };
    }
}

impl Shared {
    /// Whether all of it was done.
    async fn try_all(&self) -> bool {
        while let Some(attempt) = self.unsettled.next() {
            let pending = match self.store.invalidate(&attempt.selector) {
                Answer::Now(_) => {
                    attempt.end(true);
                    continue;
                }
                Answer::Later(pending) => pending,
            };
            if self.attempt(attempt, pending).await.is_none() {
                return false;
            }
        }
        true
    }
}
