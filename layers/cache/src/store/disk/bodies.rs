//! The files of bodies: how they are numbered, and how far they are trusted.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::card::Record;
use super::digest::Digest;
use super::names::Name;
use super::state::State;
use crate::store::Key;
use crate::store::lock::lock;

/// What is known of the bodies.
#[derive(Debug)]
pub(super) struct Bodies {
    /// Of those that an earlier process wrote, those that are known to be whole.
    whole: Mutex<HashSet<u64>>,
    /// In their numbers, which process wrote them.
    run: u32,
    serial: AtomicU32,
}

impl Bodies {
    pub(super) fn new(run: u32) -> Self {
        Self {
            whole: Mutex::new(HashSet::new()),
            run,
            serial: AtomicU32::new(0),
        }
    }

    /// Whether this process wrote a body.
    pub(super) fn is_own(&self, serial: u64) -> bool {
        serial >> 32 == u64::from(self.run)
    }

    /// What is written from now on has this number, or a later one of this process.
    pub(super) fn next_serial(&self) -> u64 {
        u64::from(self.run) << 32 | u64::from(self.serial.load(Ordering::Relaxed))
    }

    pub(super) fn new_serial(&self) -> u64 {
        let next = self.serial.fetch_add(1, Ordering::Relaxed);
        u64::from(self.run) << 32 | u64::from(next)
    }

    /// Nothing is left of what earlier processes wrote.
    pub(super) fn forget(&self) {
        lock(&self.whole).clear();
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
}

impl State {
    pub(super) fn remove_body(&self, at: Digest, serial: u64) -> io::Result<()> {
        lock(&self.bodies.whole).remove(&serial);
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
            && self.bodies.is_whole(&file, record)?
        {
            return Ok(Some((file, record.length)));
        }
        self.remove(at, key, &[id])?;
        Ok(None)
    }
}
