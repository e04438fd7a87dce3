//! Responses that are to be kept, until they are.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::digest::Digest;
use crate::store::lock::lock;
use crate::store::{Key, Variant};

/// A response that is to be kept.
#[derive(Debug)]
pub(super) struct Newcomer {
    pub(super) at: Digest,
    pub(super) key: Key,
    pub(super) variant: Variant,
    pub(super) replaces: Vec<u64>,
    /// It was invalidated on its way.
    doomed: AtomicBool,
}

impl Newcomer {
    pub(super) fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::SeqCst)
    }
}

/// What is on its way in.
#[derive(Debug, Default)]
pub(super) struct Coming(Mutex<Vec<Weak<Newcomer>>>);

/// Beyond so many, those that have arrived are looked for.
const MANY: usize = 64;

impl Coming {
    /// A response is on its way in, from now on.
    pub(super) fn expect(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Arc<Newcomer> {
        let new = Arc::new(Newcomer {
            at: Digest::of_key(key.lend()),
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

    /// What is on its way in, and meant, is out of date already.
    pub(super) fn doom(&self, is_meant: impl Fn(&Newcomer) -> bool) {
        for new in lock(&self.0).iter().filter_map(Weak::upgrade) {
            new.doomed.fetch_or(is_meant(&new), Ordering::SeqCst);
        }
    }
}
