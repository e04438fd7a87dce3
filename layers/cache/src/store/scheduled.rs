//! What takes the stores' locks, under random schedules of few turns.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, TryLockError};

use shuttle::scheduler::PctScheduler;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use shuttle::{Config, Runner};

thread_local! {
    static ON: Cell<bool> = const { Cell::new(false) };
}

/// Runs a check, whose threads are shuttle's, so often, each time in another order.
pub(super) fn run(schedules: usize, check: impl Fn() + Send + Sync + 'static) {
    let mut config = Config::new();
    config.stack_size = 1 << 20;
    // What goes wrong takes few turns from one thread to another, each at the right place.
    let scheduler = PctScheduler::new_from_seed(20, 4, schedules);
    let runner = Runner::new(scheduler, config);
    // All of its threads are this one.
    ON.set(true);
    runner.run(check);
    ON.set(false);
}

pub(super) fn step() {
    if ON.get() {
        // It is at such an operation that another thread may take its turn.
        AtomicBool::new(true).load(Ordering::SeqCst);
    }
}

/// Nothing outside of a schedule, where threads block each other as usual.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    while ON.get() {
        AtomicBool::new(true).load(Ordering::SeqCst);
        match mutex.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(error)) => return Some(error.into_inner()),
            Err(TryLockError::WouldBlock) => shuttle::thread::yield_now(),
        }
    }
    None
}
