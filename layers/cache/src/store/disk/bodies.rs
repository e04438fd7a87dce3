//! The files of bodies: how they are numbered, and how far they are trusted.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};

use super::body::PIECE;
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
    /// How many were read to check them.
    #[cfg(test)]
    pub(super) checked: AtomicU32,
    /// Whether who checks one has to wait.
    #[cfg(test)]
    pub(super) is_stopped: std::sync::atomic::AtomicBool,
}

impl Bodies {
    pub(super) fn new(run: u32) -> Self {
        Self {
            whole: Mutex::new(HashSet::new()),
            run,
            serial: AtomicU32::new(0),
            #[cfg(test)]
            checked: AtomicU32::new(0),
            #[cfg(test)]
            is_stopped: std::sync::atomic::AtomicBool::new(false),
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

    /// Whether a body need not be read to know that it is what was written.
    fn trusts(&self, serial: u64) -> bool {
        self.is_own(serial) || lock(&self.whole).contains(&serial)
    }

    /// Whether a body is what was written: all of it is read.
    fn is_whole(&self, mut file: &File, suspect: Suspect) -> io::Result<bool> {
        #[cfg(test)]
        {
            while self.is_stopped.load(Ordering::Relaxed) {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            self.checked.fetch_add(1, Ordering::Relaxed);
        }
        let whole = Digest::of_reader(&mut file)? == suspect.digest;
        if whole {
            lock(&self.whole).insert(suspect.serial);
        }
        Ok(whole)
    }
}

/// What is in a body's place.
pub(super) enum Found {
    /// A file that is whole, and how long it is.
    Body(File, u64),
    /// A long one, which has to be checked first.
    Unchecked(Suspect),
    Nothing,
}

/// A body that an earlier process wrote: its number, and what it should be.
#[derive(Clone, Copy)]
pub(super) struct Suspect {
    at: Digest,
    pub(super) serial: u64,
    digest: Digest,
}

impl State {
    pub(super) fn remove_body(&self, at: Digest, serial: u64) -> io::Result<()> {
        let removed = self.files.remove(Name::Body(at, serial));
        // In this order: whoever checks it just now finds out that it is gone.
        lock(&self.bodies.whole).remove(&serial);
        removed
    }

    /// The file of a body. One that is not whole is removed, and its response is forgotten.
    pub(super) fn find_body(&self, at: Digest, key: &Key, id: u64) -> io::Result<Found> {
        let card = self.read(at, key)?;
        let mut records = card.iter().flat_map(|card| &card.records);
        let Some(record) = records.find(|record| record.id == id) else {
            return Ok(Found::Nothing);
        };
        let (serial, digest) = (record.serial, record.digest);
        let file = self.files.open(Name::Body(at, serial))?;
        let Some(file) = whole_length(file, record.length)? else {
            self.forget_body(at, key, serial)?;
            return Ok(Found::Nothing);
        };
        if self.bodies.trusts(serial) {
            return Ok(Found::Body(file, record.length));
        }
        let suspect = Suspect { at, serial, digest };
        if record.length > PIECE {
            return Ok(Found::Unchecked(suspect));
        }
        if self.bodies.is_whole(&file, suspect)? {
            return Ok(Found::Body(file, record.length));
        }
        self.forget_body(at, key, serial)?;
        Ok(Found::Nothing)
    }

    /// Reads all of a body, unless somebody has. If it is not what was written, its response is forgotten.
    pub(super) fn check(&self, key: &Key, suspect: Suspect) -> io::Result<()> {
        let Suspect { at, serial, .. } = suspect;
        if self.bodies.trusts(serial) {
            return Ok(());
        }
        let name = Name::Body(at, serial);
        let Some(file) = self.files.open(name)? else {
            return Ok(());
        };
        if !self.bodies.is_whole(&file, suspect)? {
            return self.forget_body(at, key, serial);
        }
        if self.files.length(name).is_none() {
            // It was removed meanwhile.
            lock(&self.bodies.whole).remove(&serial);
        }
        Ok(())
    }

    /// Forgets the response of a body, and no other that has come to its place.
    fn forget_body(&self, at: Digest, key: &Key, serial: u64) -> io::Result<()> {
        self.change(at, key, |card| {
            card.records.retain(|record| record.serial != serial);
            Ok(())
        })
    }
}

/// A file, if it is as long as it should be.
fn whole_length(file: Option<File>, length: u64) -> io::Result<Option<File>> {
    let Some(file) = file else {
        return Ok(None);
    };
    let is_whole = file.metadata()?.len() == length;
    Ok(is_whole.then_some(file))
}
