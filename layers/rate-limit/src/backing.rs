//! The store behind a layer: asked for a bounded time, and left alone while it is out.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use buttress_kernel::{BoxError, Key};
use tokio::runtime;
use tokio::time;

use crate::clock::now;
use crate::outage::Outage;
use crate::rate::Rate;
use crate::settings::Trust;
use crate::store::{Store, Verdict};
use crate::telemetry;

/// A store, and whether it is out.
pub(crate) struct Backing {
    store: Box<dyn Erased>,
    outage: Mutex<Outage>,
}

/// What is taken from a store, and given back to it.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) key: Key,
    pub(crate) cost: u32,
    pub(crate) rate: Rate,
}

impl Backing {
    pub(crate) fn new(store: impl Store) -> Self {
        Self {
            store: Box::new(store),
            outage: Mutex::default(),
        }
    }

    /// Begins to take tokens, unless the store is out.
    pub(crate) fn ask(self: &Arc<Self>, what: Purchase, trust: Trust) -> Option<Asking> {
        let asked = now();
        if !self.outage(|outage| outage.asks(asked, trust.pause)) {
            return None;
        }
        let receipt = Receipt {
            backing: Arc::clone(self),
            what: what.clone(),
            trust,
        };
        let backing = Arc::clone(self);
        let answer = async move { backing.take(&what, asked, trust).await };
        Some(Asking {
            asked,
            receipt,
            answer: Mutex::new(Box::pin(answer)),
        })
    }

    /// The store's answer, or none in time.
    async fn take(&self, what: &Purchase, asked: Instant, trust: Trust) -> Option<Verdict> {
        let answer = time::timeout(trust.timeout, self.store.take(what)).await;
        let error = match answer {
            Ok(Ok(verdict)) => {
                if let Some(out) = self.outage(|outage| outage.answered(asked, now())) {
                    telemetry::store_back(out);
                }
                return Some(verdict);
            }
            Ok(Err(error)) => error,
            Err(_) => TooSlow.into(),
        };
        if self.outage(|outage| outage.failed(asked, now(), trust.pause)) {
            telemetry::store_out(&*error);
        }
        None
    }

    fn outage<R>(&self, work: impl FnOnce(&mut Outage) -> R) -> R {
        work(&mut self.outage.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for Backing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backing").finish_non_exhaustive()
    }
}

/// A question on its way.
pub(crate) struct Asking {
    pub(crate) asked: Instant,
    /// What there is to give back if it is granted.
    pub(crate) receipt: Receipt,
    /// Only its owner touches it. The mutex makes it `Sync`, which stores need not think of.
    answer: Mutex<Answering>,
}

type Answering = Pin<Box<dyn Future<Output = Option<Verdict>> + Send>>;

impl Asking {
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Verdict>> {
        let answer = self.answer.get_mut();
        let answer = answer.unwrap_or_else(PoisonError::into_inner);
        answer.as_mut().poll(cx)
    }

    /// Nobody wants the answer any more, but the store may be about to grant it.
    pub(crate) fn give_up(self) {
        let answer = self.answer.into_inner();
        let answer = answer.unwrap_or_else(PoisonError::into_inner);
        spawn(async move {
            if let Some(Verdict::Granted { .. }) = answer.await {
                self.receipt.refund().await;
            }
        });
    }
}

/// Tokens that a store has granted.
pub(crate) struct Receipt {
    backing: Arc<Backing>,
    what: Purchase,
    trust: Trust,
}

impl Receipt {
    /// They are not used.
    pub(crate) fn give_back(self) {
        spawn(self.refund());
    }

    /// If it fails, they are lost, and come again with time.
    async fn refund(self) {
        let refund = self.backing.store.refund(&self.what);
        drop(time::timeout(self.trust.timeout, refund).await);
    }
}

/// A drop cannot wait. Outside a runtime, which is being shut down then, nothing is given back.
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = runtime::Handle::try_current() {
        drop(runtime.spawn(task));
    }
}

/// The store did not answer in time.
#[derive(Clone, Copy, Debug)]
struct TooSlow;

impl fmt::Display for TooSlow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no answer in time")
    }
}

impl Error for TooSlow {}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send + 'a>>;

/// Any store; boxes are nothing next to a network.
trait Erased: Send + Sync {
    fn take<'a>(&'a self, what: &'a Purchase) -> Boxed<'a, Verdict>;
    fn refund<'a>(&'a self, what: &'a Purchase) -> Boxed<'a, ()>;
}

impl<S: Store> Erased for S {
    fn take<'a>(&'a self, what: &'a Purchase) -> Boxed<'a, Verdict> {
        let Purchase { key, cost, rate } = what;
        Box::pin(async {
            Store::take(self, key.as_str(), *cost, *rate)
                .await
                .map_err(Into::into)
        })
    }

    fn refund<'a>(&'a self, what: &'a Purchase) -> Boxed<'a, ()> {
        let Purchase { key, cost, rate } = what;
        Box::pin(async {
            Store::refund(self, key.as_str(), *cost, *rate)
                .await
                .map_err(Into::into)
        })
    }
}
