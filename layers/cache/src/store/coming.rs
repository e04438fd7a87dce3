//! Responses that are to be kept, until they are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::lock::lock;
use super::{Key, Variant};

/// A response that is to be kept, and where.
#[derive(Debug)]
pub(super) struct Newcomer<P> {
    pub(super) at: P,
    pub(super) key: Key,
    pub(super) variant: Variant,
    pub(super) replaces: Vec<u64>,
    /// It was invalidated on its way.
    doomed: AtomicBool,
}

impl<P> Newcomer<P> {
    pub(super) fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::SeqCst)
    }
}

/// What is on its way in.
#[derive(Debug)]
pub(super) struct Coming<P>(Mutex<Vec<Weak<Newcomer<P>>>>);

impl<P> Default for Coming<P> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// Beyond so many, those that have arrived are looked for.
const MANY: usize = 64;

impl<P> Coming<P> {
    /// A response is on its way in, from now on.
    pub(super) fn expect(
        &self,
        at: P,
        key: &Key,
        variant: Variant,
        replaces: &[u64],
    ) -> Arc<Newcomer<P>> {
        let new = Arc::new(Newcomer {
            at,
            key: key.clone(),
            variant,
            replaces: replaces.to_vec(),
            doomed: AtomicBool::new(false),
        });
        let mut coming = lock(&self.0);
        if coming.len() >= MANY {
            coming.retain(|new| new.strong_count() > 0);
        }
        coming.push(Arc::downgrade(&new));
        new
    }

    /// What is on its way in, and meant, is out of date already. It is all of that.
    pub(super) fn doom(&self, is_meant: impl Fn(&Newcomer<P>) -> bool) -> Vec<Arc<Newcomer<P>>> {
        let coming: Vec<_> = lock(&self.0).iter().filter_map(Weak::upgrade).collect();
        let meant = coming.into_iter().filter(|new| is_meant(new));
        let doomed = |new: &Arc<Newcomer<P>>| new.doomed.store(true, Ordering::SeqCst);
        meant.inspect(doomed).collect()
    }
}
