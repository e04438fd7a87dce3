//! Checks of long bodies that an earlier process wrote: each is read once, however many ask for it, and few at
//! the same time, in a line of their own. Whoever wants anything else is not kept waiting.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_kernel::BoxError;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout_at};

use super::bodies::Suspect;
use super::state::State;
use crate::store::Key;
use crate::store::lock::lock;

/// So many bodies are checked at the same time.
const CHECKERS: usize = 2;

/// So long after somebody has asked for a check first, nobody waits for it any more: less than the layer waits,
/// for which this is no failure then.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);

/// How a check ended, once it has.
type End = Option<Result<(), Arc<io::Error>>>;

/// A check, and when somebody has asked for it first.
#[derive(Clone, Debug)]
pub(super) struct UnderWay(watch::Receiver<End>, Instant);

/// The checks under way.
#[derive(Debug)]
pub(super) struct Checks {
    pub(super) line: Arc<Semaphore>,
    /// By the numbers of the bodies.
    pub(super) under_way: Mutex<HashMap<u64, UnderWay>>,
}

impl Checks {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            line: Arc::new(Semaphore::new(CHECKERS)),
            under_way: Mutex::default(),
        })
    }

    /// Waits until a body has been checked, which goes on when nobody waits for it any more. Whether it has
    /// been; whether it was whole shows when it is looked for again.
    pub(super) async fn wait_for(
        self: &Arc<Self>,
        state: &Arc<State>,
        key: &Key,
        suspect: Suspect,
    ) -> Result<bool, BoxError> {
        let UnderWay(mut check, since) = self.join(state, key, suspect)?;
        let ended = check.wait_for(Option::is_some);
        let Ok(ended) = timeout_at(since + PATIENCE, ended).await else {
            return Ok(false);
        };
        let end = ended.map_err(|_| "a body's check ended with its runtime")?;
        end.clone().transpose()?;
        Ok(true)
    }

    /// The check of a body, which begins now unless it is under way.
    fn join(
        self: &Arc<Self>,
        state: &Arc<State>,
        key: &Key,
        suspect: Suspect,
    ) -> Result<UnderWay, BoxError> {
        let runtime = Handle::try_current()?;
        let (tell, end) = watch::channel(None);
        let new = UnderWay(end, Instant::now());
        {
            let mut under_way = lock(&self.under_way);
            if let Some(check) = under_way.get(&suspect.serial) {
                return Ok(check.clone());
            }
            under_way.insert(suspect.serial, new.clone());
        }
        let check = Check {
            checks: Arc::clone(self),
            serial: suspect.serial,
            tell,
        };
        // One that has yet to begin keeps no folder in use.
        let (line, state) = (Arc::clone(&self.line), Arc::downgrade(state));
        let key = key.clone();
        runtime.spawn(async move {
            let place = line.acquire_owned().await;
            tokio::task::spawn_blocking(move || {
                let _place = place;
                if let Some(state) = state.upgrade() {
                    check.end(state.check(&key, suspect));
                }
            })
            .await
        });
        Ok(new)
    }
}

/// A check under way, until it has ended or been broken off.
struct Check {
    checks: Arc<Checks>,
    serial: u64,
    tell: watch::Sender<End>,
}

impl Check {
    fn end(self, end: io::Result<()>) {
        self.tell.send_replace(Some(end.map_err(Arc::new)));
    }
}

impl Drop for Check {
    fn drop(&mut self) {
        lock(&self.checks.under_way).remove(&self.serial);
    }
}
