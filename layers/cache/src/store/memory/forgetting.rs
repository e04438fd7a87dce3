//! How what many keys hold is forgotten, while others go on.
//!
//! No entry can be missed that is there all the time, but there is one that comes and goes: somebody
//! reads it to change it, it loses its place to another one, the search passes, and then it is written.
//! So whoever begins a change meanwhile leaves out of what he has read what is to be forgotten; and the
//! search begins when those who began before it have written.

use std::future::Future;
use std::pin::pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::yield_now;

use super::Memory;
use crate::store::lock::{lock, step};
use crate::store::packed::Entry;
use crate::store::{Answer, Key, Selector, Variants};

/// So many entries are looked at before others have their turn: less than a millisecond's work.
const AT_ONCE: usize = if cfg!(test) { 64 } else { 4_096 };

/// What is being forgotten.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// How many there are.
    count: AtomicUsize,
    selectors: Mutex<Vec<Selector>>,
}

/// What is being forgotten until this is dropped.
struct Guard<'a> {
    leaving: &'a Leaving,
    selector: &'a Selector,
}

impl Leaving {
    fn begin<'a>(&'a self, selector: &'a Selector) -> Guard<'a> {
        self.change(|selectors| selectors.push(selector.clone()));
        Guard {
            leaving: self,
            selector,
        }
    }

    fn change(&self, change: impl FnOnce(&mut Vec<Selector>)) {
        let mut selectors = lock(&self.selectors);
        change(&mut selectors);
        self.count.store(selectors.len(), Ordering::SeqCst);
    }

    /// What is being forgotten now, which nothing is but rarely.
    pub(super) fn now(&self) -> Vec<Selector> {
        if self.count.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        lock(&self.selectors).clone()
    }
}

/// What stays of what is stored under a key.
pub(super) fn sift(key: &Key, leaving: &[Selector], found: &Variants) -> Variants {
    if leaving.is_empty() {
        return found.clone();
    }
    let leaves = |one: &_| leaving.iter().any(|selector| selector.picks(key, one));
    found.iter().filter(|one| !leaves(one)).cloned().collect()
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.leaving.change(|selectors| {
            let at = selectors.iter().position(|other| other == self.selector);
            at.map(|at| selectors.swap_remove(at));
        });
    }
}

impl Memory {
    /// Forgets what the selector picks under whatever key: at once, or where that takes its time, in a
    /// task of its own.
    pub(super) fn search(&self, selector: Selector) -> Answer<usize> {
        let search = self.clone().look_at_all(selector);
        match Handle::try_current() {
            Ok(runtime) if self.keys() > AT_ONCE => {
                let search = runtime.spawn(search);
                Answer::later(async move { Ok(search.await?) })
            }
            _ => Answer::Now(to_its_end(search)),
        }
    }

    async fn look_at_all(self, selector: Selector) -> usize {
        let _leaving = self.0.leaving.begin(&selector);
        for writer in &self.0.writers {
            drop(lock(writer));
        }
        let mut count = 0;
        for (number, (key, entry)) in (1..).zip(self.0.entries.iter()) {
            step();
            if may_be_picked(&selector, &key, &entry) {
                count += self.forget(&key, &selector);
            }
            if number % AT_ONCE == 0 {
                yield_now().await;
            }
        }
        if selector == Selector::All {
            self.0.unpacked.clear();
        }
        count
    }

    /// Forgets what the selector picks under a key, and says how many responses that were.
    pub(super) fn forget(&self, key: &Key, selector: &Selector) -> usize {
        let _alone = self.hold(key);
        if selector.covers(key) {
            let gone = self.0.entries.remove(key);
            return gone.map_or(0, |(_, entry)| entry.len());
        }
        let mut count = 0;
        self.rewrite(key, |old, stays| {
            count = old.iter().filter(|one| selector.picks(key, one)).count();
            stays
        });
        count
    }
}

fn may_be_picked(selector: &Selector, key: &Key, entry: &Entry) -> bool {
    match selector {
        Selector::Tag(tag) => entry.has_tag(tag),
        _ => selector.covers(key),
    }
}

/// Goes on with what gives way to others where there are none.
fn to_its_end<T>(work: impl Future<Output = T>) -> T {
    let (mut work, mut cx) = (pin!(work), Context::from_waker(Waker::noop()));
    loop {
        if let Poll::Ready(end) = work.as_mut().poll(&mut cx) {
            return end;
        }
    }
}
