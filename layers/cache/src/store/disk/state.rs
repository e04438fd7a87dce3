//! What all clones of a store share, and what is done to it, one key at a time. All of it blocks.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

use super::card::{Card, Record};
use super::digest::Digest;
use super::files::Files;
use super::index::{Index, Slot, on_disk};
use super::names::Name;
use super::scan::Scan;
use crate::store::lock::lock;
use crate::store::{Head, Key, Selector, Variant};

const STRIPES: usize = 64;

pub(super) struct State {
    pub(super) files: Files,
    pub(super) index: Index,
    pub(super) scan: Scan,
    /// Whoever changes what is under a key holds one of these, so that no change is lost.
    writers: [Mutex<()>; STRIPES],
    /// What is on its way in.
    coming: Mutex<Vec<Weak<Newcomer>>>,
    /// Keys that the index has let go, whose files have yet to follow.
    swept: Mutex<Vec<Digest>>,
    /// Of bodies that an earlier process wrote, those that are known to be whole.
    whole: Mutex<HashSet<u64>>,
    /// In the numbers of bodies, which process wrote them.
    run: u32,
    serial: AtomicU32,
    /// Held as long as the folder is used.
    _lock: File,
}

/// A response that is to be kept.
pub(super) struct Newcomer {
    pub(super) at: Digest,
    pub(super) key: Key,
    pub(super) variant: Variant,
    pub(super) replaces: Vec<u64>,
    /// It was invalidated on its way.
    doomed: AtomicBool,
}

/// Beyond so many, those that have arrived are looked for.
const MANY: usize = 64;

impl State {
    pub(super) fn new(files: Files, lock: File, max_bytes: u64, run: u32) -> Self {
        Self {
            files,
            index: Index::new(max_bytes),
            scan: Scan::new(),
            writers: std::array::from_fn(|_| Mutex::new(())),
            coming: Mutex::new(Vec::new()),
            swept: Mutex::new(Vec::new()),
            whole: Mutex::new(HashSet::new()),
            run,
            serial: AtomicU32::new(0),
            _lock: lock,
        }
    }

    pub(super) fn hold(&self, at: &Digest) -> MutexGuard<'_, ()> {
        lock(&self.writers[usize::from(at.0[15]) % STRIPES])
    }

    /// Whether there is nothing under a key, known without a look at the disk.
    pub(super) fn is_absent(&self, at: &Digest) -> bool {
        !self.index.uses(at) && !self.scan.is_under_way()
    }

    /// A response is on its way in, from now on.
    pub(super) fn expect(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Arc<Newcomer> {
        let new = Arc::new(Newcomer {
            at: Digest::of_key(key.lend()),
            key: key.clone(),
            variant,
            replaces: replaces.to_vec(),
            doomed: AtomicBool::new(false),
        });
        let mut coming = lock(&self.coming);
        if coming.len() >= MANY {
            coming.retain(|new| new.strong_count() > 0);
        }
        coming.push(Arc::downgrade(&new));
        new
    }

    /// What is on its way in, and meant, is out of date already.
    pub(super) fn doom(&self, is_meant: impl Fn(&Newcomer) -> bool) {
        for new in lock(&self.coming).iter().filter_map(Weak::upgrade) {
            new.doomed.fetch_or(is_meant(&new), Ordering::SeqCst);
        }
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

    pub(super) fn put(&self, new: &Newcomer) -> io::Result<()> {
        let (at, body) = (new.at, new.variant.body().cloned().unwrap_or_default());
        let record = Record {
            id: new.variant.id(),
            serial: self.new_serial(),
            length: body.len() as u64,
            digest: Digest::of(&body),
            tags: new.variant.tags().to_vec(),
            head: new.variant.head().clone(),
        };
        // A key that takes more than all would only drive out the others.
        let fits = on_disk([record.length].into_iter()) < self.index.capacity();
        let fits = fits && !record.head.tells_secrets();
        self.change(at, &new.key, |card| {
            if fits && !new.doomed.load(Ordering::SeqCst) {
                self.files.write(Name::Body(at, record.serial), &body)?;
                card.add(record, &new.replaces);
            } else {
                let gone = |old: &Record| old.id == record.id || new.replaces.contains(&old.id);
                card.records.retain(|old| !gone(old));
            }
            Ok(())
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

    /// Forgets all under a key, and says how many responses that were.
    pub(super) fn invalidate_key(&self, at: Digest, key: &Key) -> io::Result<usize> {
        let mut count = 0;
        self.change(at, key, |card| {
            count = card.records.len();
            card.records.clear();
            Ok(())
        })?;
        Ok(count)
    }

    /// Forgets what the selector picks of all that is known by now.
    pub(super) fn invalidate(&self, selector: &Selector) -> io::Result<usize> {
        let mut count = 0;
        // What is not in the index is not found any more, and its files can go one by one.
        for at in self.index.take_covered(selector) {
            count += self.sweep(at)?;
        }
        for at in self.index.picked(selector) {
            let _alone = self.hold(&at);
            let Some((before, _)) = self.files.read_card(Name::Card(at))? else {
                continue;
            };
            let mut after = before.clone();
            after
                .records
                .retain(|record| !before.is_picked(record, selector));
            count += before.records.len() - after.records.len();
            self.write_down(at, &before, &after)?;
        }
        Ok(count)
    }

    /// Changes what is under a key.
    fn change(
        &self,
        at: Digest,
        key: &Key,
        change: impl FnOnce(&mut Card) -> io::Result<()>,
    ) -> io::Result<()> {
        let _alone = self.hold(&at);
        self.adopt(at)?;
        let found = self.files.read_card(Name::Card(at))?;
        let before = found.map_or_else(|| Card::of(key), |(card, _)| card);
        // What the index does not know, or another key has, is no part of what is written now.
        let known = before.is_of(key) && self.index.contains(&at);
        let mut card = if known { before.clone() } else { Card::of(key) };
        change(&mut card)?;
        self.write_down(at, &before, &card)
    }

    /// Puts one card in the place of another. The caller holds the key.
    pub(super) fn write_down(&self, at: Digest, before: &Card, after: &Card) -> io::Result<()> {
        if after.records.is_empty() {
            self.index.remove(&at);
            self.files.remove(Name::Card(at))?;
        } else {
            let bytes = after.write();
            self.files.write(Name::Card(at), &bytes)?;
            self.enter(at, Slot::of(after, bytes.len() as u64));
        }
        for old in &before.records {
            if !after.records.iter().any(|new| new.serial == old.serial) {
                self.remove_body(at, old.serial)?;
            }
        }
        Ok(())
    }

    /// Adds a key to the index, where others may have to make room for it.
    pub(super) fn enter(&self, at: Digest, slot: Arc<Slot>) {
        let swept = self.index.insert(at, slot);
        lock(&self.swept).extend(swept);
    }

    /// Removes the files of what the index has let go. The caller holds no key.
    pub(super) fn tidy(&self) -> io::Result<()> {
        loop {
            let Some(at) = lock(&self.swept).pop() else {
                return Ok(());
            };
            self.sweep(at)?;
        }
    }

    /// Removes the files of a key that is not in the index, and says how many responses went.
    fn sweep(&self, at: Digest) -> io::Result<usize> {
        let _alone = self.hold(&at);
        if self.index.contains(&at) {
            // It has come back.
            return Ok(0);
        }
        let Some((card, _)) = self.files.read_card(Name::Card(at))? else {
            return Ok(0);
        };
        self.files.remove(Name::Card(at))?;
        for record in &card.records {
            self.remove_body(at, record.serial)?;
        }
        Ok(card.records.len())
    }

    pub(super) fn remove_body(&self, at: Digest, serial: u64) -> io::Result<()> {
        lock(&self.whole).remove(&serial);
        self.files.remove(Name::Body(at, serial))
    }

    /// The file of a body, if it is whole; otherwise its response is forgotten.
    pub(super) fn open_body(
        &self,
        at: Digest,
        key: &Key,
        id: u64,
    ) -> io::Result<Option<(File, u64)>> {
        let Some(card) = self.read(at, key)? else {
            return Ok(None);
        };
        let Some(record) = card.records.iter().find(|record| record.id == id) else {
            return Ok(None);
        };
        let name = Name::Body(at, record.serial);
        if let Some(file) = self.files.open(name)?
            && file.metadata()?.len() == record.length
            && self.is_whole(&file, record)?
        {
            return Ok(Some((file, record.length)));
        }
        self.remove(at, key, &[id])?;
        Ok(None)
    }

    /// Whether a body is what was written. What this process wrote it need not read again.
    fn is_whole(&self, mut file: &File, record: &Record) -> io::Result<bool> {
        if self.is_own(record.serial) || lock(&self.whole).contains(&record.serial) {
            return Ok(true);
        }
        let whole = Digest::of_reader(&mut file)? == record.digest;
        if whole {
            lock(&self.whole).insert(record.serial);
        }
        Ok(whole)
    }

    /// Whether this process wrote a body.
    pub(super) fn is_own(&self, serial: u64) -> bool {
        serial >> 32 == u64::from(self.run)
    }

    fn new_serial(&self) -> u64 {
        let next = self.serial.fetch_add(1, Ordering::Relaxed);
        u64::from(self.run) << 32 | u64::from(next)
    }
}
