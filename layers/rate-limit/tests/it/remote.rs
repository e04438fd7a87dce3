use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_rate_limit::{Rate, Store, Verdict};
use tokio::time::{Instant, sleep};

/// A map behind a mutex that plays a server which several processes ask; clones are its clients.
#[derive(Clone, Default)]
pub(crate) struct Remote(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    full_at: HashMap<String, Instant>,
    health: Health,
    /// Each way of a question and of its answer.
    latency: Duration,
    asked: Vec<(String, u32)>,
    granted: u32,
    refunded: u32,
}

#[derive(Clone, Copy, Default)]
pub(crate) enum Health {
    #[default]
    Well,
    Fails,
    Stalls,
    /// Answers this, whatever is in its buckets.
    Says(Verdict),
}

impl Remote {
    pub(crate) fn far(latency: Duration) -> Self {
        let remote = Self::default();
        remote.with(|state| state.latency = latency);
        remote
    }

    fn with<R>(&self, work: impl FnOnce(&mut State) -> R) -> R {
        work(&mut self.0.lock().unwrap())
    }

    pub(crate) fn turn(&self, health: Health) {
        self.with(|state| state.health = health);
    }

    pub(crate) fn asked(&self) -> usize {
        self.with(|state| state.asked.len())
    }

    pub(crate) fn questions(&self) -> Vec<(String, u32)> {
        self.with(|state| state.asked.clone())
    }

    /// Tokens that were granted, and tokens that came back.
    pub(crate) fn sums(&self) -> (u32, u32) {
        self.with(|state| (state.granted, state.refunded))
    }

    async fn reach(&self) -> io::Result<()> {
        sleep(self.with(|state| state.latency)).await;
        let health = self.with(|state| state.health);
        match health {
            Health::Well | Health::Says(_) => Ok(()),
            Health::Fails => Err(io::Error::other("no route to the store")),
            Health::Stalls => std::future::pending().await,
        }
    }
}

impl State {
    fn take(&mut self, key: &str, cost: u32, rate: Rate) -> Verdict {
        if let Health::Says(verdict) = self.health {
            return verdict;
        }
        let now = Instant::now();
        let full_at = self.full_at.get(key).map_or(now, |at| now.max(*at));
        let paid = full_at + rate.interval() * cost;
        let window = rate.interval() * rate.capacity();
        if paid - now > window {
            return Verdict::RetryIn(paid - now - window);
        }
        self.full_at.insert(key.to_owned(), paid);
        self.granted += cost;
        let left = (window - (paid - now)).as_nanos() / rate.interval().as_nanos();
        let remaining = u32::try_from(left).unwrap();
        Verdict::Granted { remaining }
    }
}

impl Store for Remote {
    type Error = io::Error;

    async fn take(&self, key: &str, cost: u32, rate: Rate) -> io::Result<Verdict> {
        self.with(|state| state.asked.push((key.to_owned(), cost)));
        self.reach().await?;
        let verdict = self.with(|state| state.take(key, cost, rate));
        sleep(self.with(|state| state.latency)).await;
        Ok(verdict)
    }

    async fn refund(&self, key: &str, cost: u32, rate: Rate) -> io::Result<()> {
        self.reach().await?;
        self.with(|state| {
            state.refunded += cost;
            if let Some(full_at) = state.full_at.get_mut(key) {
                *full_at -= rate.interval() * cost;
            }
        });
        Ok(())
    }
}
