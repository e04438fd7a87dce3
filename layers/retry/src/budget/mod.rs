//! How many retries a server is sent at most.

mod generations;
mod ledger;
#[cfg(test)]
mod tests;
mod window;

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use self::generations::{Generation, Generations};
use self::ledger::{Ledger, Source, second};
use self::window::Window;
use crate::error::{InvalidRetry, Rule};
use buttress_kernel::Key;

/// Caps retries at a share of first attempts, for each server apart.
///
/// Attempts alone do not protect a server: where everything fails, three attempts are three times
/// the load, at the worst moment. A budget lets retries through only as long as they are few: every
/// first attempt pays in 20 hundredths of a retry, which last 10 s, and on top there is a reserve of
/// 10 retries a second, so that a client with little to do may still retry. The reserve is counted
/// over 10 s: up to 100 at once, and never more than 100 in any 10 s.
///
/// A `Budget` is a handle: clones share one account, so that several layers (hedging beside retry,
/// or retries of two clients) can draw on the same one.
///
/// tower's `TpsBudget` counts in floating point, grants 100 % for percentages from 60 to 90, and
/// catches up on idle time in a loop under its lock. Here a percentage is exact, and a month without a
/// call costs as much as a second.
///
/// ```
/// use buttress_retry::{Budget, RetryLayer};
///
/// let budget = Budget::new(10, 2)?; // 10 % of first attempts and 2 a second
/// let layer = RetryLayer::builder().budget(budget.clone()).build()?;
/// # let _ = layer;
/// # Ok::<_, buttress_retry::InvalidRetry>(())
/// ```
#[derive(Clone)]
pub struct Budget(Option<Arc<Bank>>);

struct Bank {
    percent: u32,
    per_second: u32,
    opened: Instant,
    /// First attempts that nobody has collected yet, one till for each thread that is likely to run
    /// at the same time: the happy path then writes to nothing that another core writes to.
    tills: Box<[Till]>,
    vault: Mutex<Generations<Ledger>>,
}

/// Far enough from its neighbour that they share no line of any usual cache.
#[repr(align(128))]
#[derive(Default)]
struct Till(Mutex<Firsts>);

/// First attempts, and the second in which they are being counted.
#[derive(Default)]
struct Firsts {
    counted: Generations<Window>,
    second: u32,
    /// When that second is over. To compare two instants costs a tenth of what it costs to tell how
    /// far they are apart.
    until: Option<Instant>,
}

impl Budget {
    /// `percent` of first attempts, plus `per_second` retries.
    ///
    /// # Errors
    ///
    /// When `percent` is above 100.
    pub fn new(percent: u32, per_second: u32) -> Result<Self, InvalidRetry> {
        if percent > 100 {
            return Err(Rule::PercentAboveHundred.into());
        }
        Ok(Self::opened(percent, per_second))
    }

    /// No limit. For tests, and where something else limits retries.
    #[must_use]
    pub const fn none() -> Self {
        Self(None)
    }

    fn opened(percent: u32, per_second: u32) -> Self {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let tills = (0..threads.next_power_of_two()).map(|_| Till::default());
        Self(Some(Arc::new(Bank {
            percent,
            per_second,
            opened: tokio::time::Instant::now().into_std(),
            tills: tills.collect(),
            vault: Mutex::default(),
        })))
    }

    /// Pays in for a first attempt to the server of this key.
    pub fn deposit(&self, key: &str, now: Instant) {
        if let Some(bank) = &self.0 {
            bank.deposit(key, now);
        }
    }

    /// Pays for a retry to the server of this key, or says that there is nothing left.
    ///
    /// # Cancellation
    ///
    /// A [`Grant`] that is dropped without having been [spent](Grant::spend) goes back.
    #[must_use]
    pub fn withdraw(&self, key: &str, now: Instant) -> Option<Grant> {
        let Some(bank) = &self.0 else {
            return Some(Grant::free());
        };
        let source = bank.withdraw(key, bank.at(now))?;
        Some(Grant(Some(Paid {
            bank: Arc::clone(bank),
            key: Key::from(key),
            source,
        })))
    }
}

impl Default for Budget {
    /// 20 % of first attempts, plus 10 a second.
    fn default() -> Self {
        Self::opened(20, 10)
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Budget(none)"),
            Some(bank) => write!(f, "Budget({} % + {}/s)", bank.percent, bank.per_second),
        }
    }
}

impl Bank {
    /// A budget may be older than the runtime whose clock is read.
    fn at(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.opened)
    }

    /// A clock that was read before another thread's counts as that one's.
    fn deposit(&self, key: &str, now: Instant) {
        let till = &self.tills[place() & (self.tills.len() - 1)].0;
        let mut firsts = lock(till);
        if firsts.until.is_none_or(|until| until <= now) {
            let forgotten = firsts.go_on(self.opened, self.at(now));
            drop(firsts);
            drop(forgotten);
            firsts = lock(till);
        }
        let second = firsts.second;
        firsts.counted.touch(key).add(second, 1);
    }

    /// One withdrawal at a time: the vault stays locked while the tills are emptied into it. Tills
    /// are only ever locked alone or inside the vault, so nobody waits in a circle.
    fn withdraw(&self, key: &str, at: Duration) -> Option<Source> {
        let mut vault = in_turn(&self.vault, second(at));
        let ledger = vault.touch(key);
        for till in &self.tills {
            if let Some(firsts) = lock(&till.0).counted.get_mut(key) {
                ledger.collect(at, firsts, self.percent);
            }
        }
        ledger.withdraw(at, self.per_second)
    }
}

impl Firsts {
    /// Begins the second of `at`, and returns what is forgotten by then.
    #[cold]
    fn go_on(&mut self, opened: Instant, at: Duration) -> Option<[Generation<Window>; 2]> {
        self.second = second(at);
        let over = Duration::from_secs(u64::from(self.second) + 1);
        self.until = opened.checked_add(over);
        let due = self.counted.is_due(self.second);
        due.then(|| self.counted.turn(self.second))
    }
}

/// The till of this thread; threads take them in turn.
fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static PLACE: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    PLACE.with(|place| *place)
}

/// The generations of `tick`. What is forgotten is dropped outside of the lock, since it may be much.
fn in_turn<V: Default>(mutex: &Mutex<Generations<V>>, tick: u32) -> MutexGuard<'_, Generations<V>> {
    let mut generations = lock(mutex);
    if generations.is_due(tick) {
        let forgotten = generations.turn(tick);
        drop(generations);
        drop(forgotten);
        generations = lock(mutex);
    }
    generations
}

/// Amounts are whole after every step, so a panic elsewhere is no reason to stop counting.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The right to one retry, paid for by a [`Budget`]. Dropped unspent, it goes back.
#[derive(Debug)]
#[must_use = "a grant that is dropped without being spent goes back to the budget"]
pub struct Grant(Option<Paid>);

struct Paid {
    bank: Arc<Bank>,
    key: Key,
    source: Source,
}

impl Grant {
    /// A right that nobody paid for.
    pub(crate) const fn free() -> Self {
        Self(None)
    }

    /// Uses the right up: the retry is being made.
    pub fn spend(mut self) {
        self.0 = None;
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        if let Some(paid) = self.0.take() {
            let mut vault = lock(&paid.bank.vault);
            if let Some(ledger) = vault.get_mut(paid.key.as_str()) {
                ledger.put_back(paid.source);
            }
        }
    }
}

impl fmt::Debug for Paid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paid")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}
