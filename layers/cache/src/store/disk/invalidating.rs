//! How what is stored is forgotten, so that nothing that is being written meanwhile brings it back.
//!
//! Of each invalidation, three things are true before it is answered: what was on its way in when it
//! began is doomed; all that the index knew after that has gone, one key after the other, each while
//! nobody else changes it; and whoever was writing a key just then has looked into the [`Journal`]
//! after the key was in the index again, and has taken out what the invalidation means.

use std::io;
use std::sync::MutexGuard;

use super::card::{Card, Record};
use super::digest::Digest;
use super::journal::{Journal, Moment};
use super::names::Name;
use super::state::State;
use crate::store::lock::lock;
use crate::store::{Key, Selector};

/// An invalidation that goes on until this is dropped.
struct Running<'a> {
    state: &'a State,
    selector: &'a Selector,
    number: u64,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        // In this order: whoever joins counts on what is put meanwhile being taken out.
        self.state.walks.leave(self.selector);
        self.state.journal().end(self.number);
    }
}

impl State {
    pub(super) fn journal(&self) -> MutexGuard<'_, Journal> {
        lock(&self.journal)
    }

    /// What is on its way in, or still to be found, and meant, is out of date already. What is to be
    /// [noted](Self::note) of that, if some are still to be found.
    pub(super) fn doom(&self, selector: &Selector) -> Option<Vec<u8>> {
        self.coming
            .doom(|new| selector.picks(&new.key, &new.variant));
        self.scan.doom(selector, &self.bodies)
    }

    /// Forgets what the selector picks of all that is known by now, and says how many responses that
    /// were, with a word after each key. One that cannot be changed keeps no other from being forgotten.
    pub(super) fn invalidate(&self, selector: &Selector, step: impl Fn()) -> io::Result<usize> {
        let number = self.journal().begin(selector);
        let _running = Running {
            state: self,
            selector,
            number,
        };
        let picked = self.index.picked(selector);
        // What the index had let go by then would be found after a restart, if it could not be removed.
        let mut failed = self.tidy_all(&step).err();
        let mut count = 0;
        for at in picked {
            match self.invalidate_at(at, selector) {
                Ok(gone) => count += gone,
                Err(error) => failed = Some(error),
            }
            step();
        }
        // What was meant may have gone before, from wherever.
        self.files.settle_all(step)?;
        failed.map_or(Ok(count), Err)
    }

    fn invalidate_at(&self, at: Digest, selector: &Selector) -> io::Result<usize> {
        let _alone = self.hold(&at);
        let Some((before, _)) = self.files.read_card(Name::Card(at))? else {
            self.index.remove(&at);
            return Ok(0);
        };
        let mut after = before.clone();
        after
            .records
            .retain(|record| !before.is_picked(record, selector));
        let gone = before.records.len() - after.records.len();
        if !self.index.contains(&at) {
            // There was no room for it any more: what is left of it goes anyway.
            after.records.clear();
        }
        if after.records.len() < before.records.len() {
            self.write_down(at, &before, &after)?;
        }
        Ok(gone)
    }

    /// Forgets all under a key, and says how many responses that were.
    pub(super) fn invalidate_key(&self, at: Digest, key: &Key) -> io::Result<usize> {
        let mut count = 0;
        self.change(at, key, |card| {
            count = card.records.len();
            card.records.clear();
            Ok(())
        })?;
        self.files.settle(Name::Card(at).shard())?;
        Ok(count)
    }

    /// Takes out again what was written although it has been invalidated since it was read. The
    /// caller holds the key.
    pub(super) fn recheck(&self, at: Digest, written: &Card, since: Moment) -> io::Result<()> {
        let mut after = written.clone();
        {
            let journal = self.journal();
            let is_gone = |record: &Record| {
                journal.has(since, |selector| written.is_picked(record, selector))
            };
            after.records.retain(|record| !is_gone(record));
        }
        if after.records.len() < written.records.len() {
            self.write_down(at, written, &after)?;
        }
        Ok(())
    }
}
