//! What all clones of a store share, and what is done to it, one key at a time. All of it blocks.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use super::bodies::Bodies;
use super::card::{Card, Record};
use super::clearing::Unlinking;
use super::digest::Digest;
use super::doomed::Doomed;
use super::files::Files;
use super::index::{Index, Slot};
use super::journal::Journal;
use super::names::Name;
use super::scan::Scan;
use super::swept::Swept;
use super::walks::Walks;
use super::writing::Written;
use crate::store::coming::{self, Coming};
use crate::store::lock::lock;
use crate::store::{Head, Key, Variant, events};

/// So many keys at most are changed at the same time. Under random schedules, fewer meet more often.
pub(super) const STRIPES: usize = if cfg!(test) { 8 } else { 64 };

/// So many keys that the index has let go are seen to at once.
pub(super) const AT_ONCE: usize = 16;

/// A response on its way to the key of a digest.
pub(super) type Newcomer = coming::Newcomer<Digest>;

pub(super) struct State {
    pub(super) files: Files,
    pub(super) index: Index,
    pub(super) scan: Scan,
    pub(super) coming: Coming<Digest>,
    pub(super) bodies: Bodies,
    pub(super) journal: Mutex<Journal>,
    /// Whoever changes what is under a key holds one of these, so that no change is lost.
    writers: [Mutex<()>; STRIPES],
    /// Invalidations that go through all keys.
    pub(super) walks: Walks,
    /// What was cleared, and is yet to be unlinked.
    pub(super) unlinking: Unlinking,
    swept: Mutex<Swept>,
    /// Held by whoever sees to much of that at once.
    tidying: Mutex<()>,
    /// Held as long as the folder is used.
    _lock: File,
}

impl State {
    pub(super) fn new(files: Files, lock: File, max_bytes: u64, run: u32, doomed: Doomed) -> Self {
        Self {
            files,
            index: Index::new(max_bytes),
            scan: Scan::new(doomed),
            coming: Coming::default(),
            bodies: Bodies::new(run),
            journal: Mutex::default(),
            writers: std::array::from_fn(|_| Mutex::new(())),
            walks: Walks::default(),
            unlinking: Unlinking::default(),
            swept: Mutex::default(),
            tidying: Mutex::default(),
            _lock: lock,
        }
    }

    /// A response is on its way in, from now on.
    pub(super) fn expect(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Arc<Newcomer> {
        let at = Digest::of_key(key.lend());
        self.coming.expect(at, key, variant, replaces)
    }

    pub(super) fn hold(&self, at: &Digest) -> MutexGuard<'_, ()> {
        lock(&self.writers[usize::from(at.0[15]) % STRIPES])
    }

    /// All keys at once: nobody changes anything.
    pub(super) fn hold_all(&self) -> Vec<MutexGuard<'_, ()>> {
        // All in the same order, and nobody who has one asks for another.
        self.writers.iter().map(lock).collect()
    }

    /// Whether there is nothing under a key, known without a look at the disk.
    pub(super) fn is_absent(&self, at: &Digest) -> bool {
        !self.index.uses(at) && !self.scan.is_under_way()
    }

    /// What is stored under a key.
    pub(super) fn read(&self, at: Digest, key: &Key) -> io::Result<Option<Card>> {
        if !self.index.contains(&at) {
            let _alone = self.hold(&at);
            self.adopt(at)?;
        }
        if !self.index.contains(&at) {
            return Ok(None);
        }
        let card = self.files.read_card(Name::Card(at))?;
        Ok(card.map(|(card, _)| card).filter(|card| card.is_of(key)))
    }

    /// Adds a response whose body is aside. Without one, what it was to replace goes all the same.
    pub(super) fn put(&self, new: &Newcomer, body: Option<Written>) -> io::Result<()> {
        let (at, id) = (new.at, new.variant.id());
        let body = body.filter(|_| !new.variant.head().tells_secrets());
        self.change(at, &new.key, |card| match body {
            Some(body) if !new.is_doomed() => {
                let record = Record {
                    id,
                    serial: self.bodies.new_serial(),
                    length: body.length,
                    digest: body.digest,
                    tags: new.variant.tags().to_vec(),
                    head: new.variant.head().clone(),
                };
                let name = Name::Body(at, record.serial);
                self.files.put_in_place(body.file, name)?;
                card.add(record, &new.replaces);
                Ok(())
            }
            _ => {
                let gone = |old: &Record| old.id == id || new.replaces.contains(&old.id);
                card.records.retain(|old| !gone(old));
                Ok(())
            }
        })
    }

    pub(super) fn update(&self, at: Digest, key: &Key, id: u64, head: Head) -> io::Result<()> {
        self.change(at, key, |card| {
            if head.tells_secrets() {
                card.records.retain(|record| record.id != id);
            } else if let Some(record) = card.records.iter_mut().find(|record| record.id == id) {
                record.head = head;
            }
            Ok(())
        })
    }

    pub(super) fn remove(&self, at: Digest, key: &Key, ids: &[u64]) -> io::Result<()> {
        self.change(at, key, |card| {
            card.records.retain(|record| !ids.contains(&record.id));
            Ok(())
        })
    }

    /// Changes what is under a key.
    pub(super) fn change(
        &self,
        at: Digest,
        key: &Key,
        change: impl FnOnce(&mut Card) -> io::Result<()>,
    ) -> io::Result<()> {
        let _alone = self.hold(&at);
        let since = self.journal().moment();
        self.adopt(at)?;
        let found = self.files.read_card(Name::Card(at))?;
        let before = found.map_or_else(|| Card::of(key), |(card, _)| card);
        // What the index does not know, or another key has, is no part of what is written now.
        let known = before.is_of(key) && self.index.contains(&at);
        let mut card = if known { before.clone() } else { Card::of(key) };
        change(&mut card)?;
        self.write_down(at, &before, &card)?;
        self.recheck(at, &card, since)
    }

    /// Puts one card in the place of another. The caller holds the key.
    pub(super) fn write_down(&self, at: Digest, before: &Card, after: &Card) -> io::Result<()> {
        if after.records.is_empty() {
            // In this order: what is still there can be found by whoever tries again.
            self.files.remove(Name::Card(at))?;
            self.index.remove(&at);
        } else {
            let bytes = after.write();
            if let Err(error) = self.files.write(Name::Card(at), &bytes) {
                self.take_back(at, before, after);
                return Err(error);
            }
            if before.records.iter().any(|old| !after.has(old)) {
                self.files.lost_something(Name::Card(at));
            }
            self.enter(at, Slot::of(after, bytes.len() as u64));
        }
        for old in &before.records {
            if !after.has(old) {
                self.remove_body(at, old.serial)?;
            }
        }
        Ok(())
    }

    /// Removes the bodies that are of a card alone that could not be written.
    fn take_back(&self, at: Digest, before: &Card, after: &Card) {
        for new in after.records.iter().filter(|new| !before.has(new)) {
            if let Err(error) = self.remove_body(at, new.serial) {
                // It is removed at the next start.
                events::store_failed("put", &error);
            }
        }
    }

    /// Adds a key to the index, where others may have to make room for it.
    pub(super) fn enter(&self, at: Digest, slot: Arc<Slot>) {
        // Under this lock, so that what is swept out is here as soon as it is in the index no more.
        let mut swept = lock(&self.swept);
        swept.add(self.index.insert(at, slot));
    }

    /// Where the disk is full, though there are not as many bytes as there may be, some of what is used least
    /// has to go, so that there is room for what comes next; but not before all has gone that had to already. The
    /// caller holds no key.
    pub(super) fn make_room(&self, error: &io::Error) {
        if matches!(
            error.kind(),
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded
        ) {
            let mut swept = lock(&self.swept);
            if !swept.is_any_new() && !self.unlinking.is_under_way() {
                swept.add(self.index.sweep_out());
            }
        }
    }

    /// As if there were no room for a key.
    #[cfg(test)]
    pub(super) fn let_go(&self, at: Digest) {
        self.index.remove(&at);
        lock(&self.swept).add([at]);
    }

    /// Removes the files of what the index has let go. What cannot be removed keeps no other from it, is told
    /// of once, and tried again, one key at a time. The caller holds no key.
    pub(super) fn tidy(&self) {
        self.tidy_some(usize::MAX);
    }

    /// The same, of so many at most: whoever did something else waits for this. Whether there is more to do.
    pub(super) fn tidy_some(&self, most: usize) -> bool {
        let due = lock(&self.swept).due(most);
        let mut failed = None;
        for at in due {
            if let Err((error, true)) = self.sweep_one(at) {
                failed = Some(error);
            }
        }
        if let Some(error) = failed {
            events::store_failed("sweep", &error);
        }
        lock(&self.swept).is_any_new()
    }

    /// The rest of it, unless somebody sees to that, and as long as the store is there.
    pub(super) fn tidy_rest(this: &Weak<Self>) {
        while let Some(state) = this.upgrade()
            && let Ok(_alone) = state.tidying.try_lock()
            && state.tidy_some(AT_ONCE)
        {}
    }

    /// The same, of all that could not be removed before too, with a word after each.
    ///
    /// When it has ended, all is gone that the index had let go before, even if others have begun to remove
    /// it: until they have ended, this waits for the same keys.
    pub(super) fn tidy_all(&self, step: impl Fn()) -> io::Result<()> {
        let all = lock(&self.swept).all();
        let mut done = Ok(());
        for at in all {
            if let Err((error, _)) = self.sweep_one(at) {
                done = Err(error);
            }
            step();
        }
        done
    }

    /// Whether it has failed for the first time is said with the error.
    fn sweep_one(&self, at: Digest) -> Result<(), (io::Error, bool)> {
        // Held to the end: until then it is not added, and so not let go, once more.
        let _alone = self.hold(&at);
        let mut swept = lock(&self.swept);
        if self.index.contains(&at) {
            // It has come back.
            swept.done(at);
            return Ok(());
        }
        drop(swept);
        let done = self.sweep(at);
        swept = lock(&self.swept);
        match done {
            Ok(()) => {
                swept.done(at);
                Ok(())
            }
            Err(error) => Err((error, swept.failed(at))),
        }
    }

    /// Removes the files of a key that is not in the index. The caller holds it.
    fn sweep(&self, at: Digest) -> io::Result<()> {
        let Some((card, _)) = self.files.read_card(Name::Card(at))? else {
            return Ok(());
        };
        // In this order: what cannot be removed is found by the next try.
        for record in &card.records {
            self.remove_body(at, record.serial)?;
        }
        self.files.remove(Name::Card(at))
    }
}
