//! What earlier processes left, found again: in the background, while the store is in use already.

use std::collections::HashSet;
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::watch;

use super::bodies::Bodies;
use super::card::{Card, Record};
use super::digest::Digest;
use super::doomed::Doomed;
use super::index::Slot;
use super::names::Name;
use super::state::State;
use crate::store::lock::lock;
use crate::store::{Selector, events};

/// How far the search has come.
#[derive(Debug)]
pub(super) struct Scan {
    under_way: watch::Sender<bool>,
    /// What has been invalidated since it began, or since it was begun by a process that did not end it;
    /// until all has been found that there is, be it by a later process.
    doomed: Mutex<Option<Doomed>>,
    /// How many bytes of notes there are. Whoever writes one holds this.
    noted: Mutex<usize>,
}

/// Of more bytes than this, what still counts is written anew.
const NOTES: usize = 1024 * 1024;

impl Scan {
    pub(super) fn new(doomed: Doomed) -> Self {
        Self {
            under_way: watch::Sender::new(true),
            noted: Mutex::new(doomed.write().len()),
            doomed: Mutex::new(Some(doomed)),
        }
    }

    pub(super) fn is_under_way(&self) -> bool {
        *self.under_way.borrow()
    }

    /// Whatever is still found, by this process or the next, is to be forgotten if the selector picks it, but
    /// for what is put from now on; and how that is written down. Nothing if all has been found.
    pub(super) fn doom(&self, selector: &Selector, bodies: &Bodies) -> Option<Vec<u8>> {
        let mut doomed = lock(&self.doomed);
        let doomed = doomed.as_mut()?;
        Some(doomed.add(selector, bodies.next_serial()))
    }

    /// Waits for its end.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost.
    pub(super) fn over(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut under_way = self.under_way.subscribe();
        async move {
            // The sender is gone when the store is, and then nobody asks any more.
            let _ = under_way.wait_for(|under_way| !under_way).await;
        }
    }

    /// It is over. What it could not read, the next process may find.
    pub(super) fn end(&self, is_complete: bool) {
        // Under this lock, so that nobody dooms what is found no more.
        let mut doomed = lock(&self.doomed);
        self.under_way.send_replace(false);
        if is_complete {
            *doomed = None;
        }
    }
}

/// Searches in a thread of its own, which ends when the store is gone.
pub(super) fn begin(state: &Arc<State>) -> io::Result<()> {
    let state = Arc::downgrade(state);
    let name = "buttress-cache-scan".to_owned();
    let thread = std::thread::Builder::new().name(name);
    thread.spawn(move || search(&state)).map(drop)
}

/// What cannot be read is tried again after each of these, in milliseconds, and then removed.
const PAUSES: [u64; 3] = if cfg!(test) {
    [1; 3]
} else {
    [100, 400, 1_600]
};

fn search(state: &Weak<State>) {
    let mut found = Found::default();
    let mut shards: Vec<u8> = (0..=u8::MAX).collect();
    for pause in PAUSES.map(Some).into_iter().chain([None]) {
        let mut failed = Vec::new();
        for shard in shards {
            let Some(state) = state.upgrade() else {
                return;
            };
            if let Err(error) = state.search_shard(shard, pause.is_none(), &mut found) {
                events::store_failed("scan", &error);
                failed.push(shard);
            }
        }
        shards = failed;
        match pause {
            Some(pause) if !shards.is_empty() => std::thread::sleep(Duration::from_millis(pause)),
            _ => break,
        }
    }
    if let Some(state) = state.upgrade() {
        state.end_search(shards.is_empty());
        events::scanned(state.index.keys(), state.index.bytes(), found.removed);
    }
}

#[derive(Default)]
pub(super) struct Found {
    /// How many files were of no use.
    removed: usize,
}

impl State {
    /// Writes down what is doomed, for a later process, as long as something may be found.
    pub(super) fn note(&self, line: &[u8]) -> io::Result<()> {
        let mut noted = lock(&self.scan.noted);
        let is_much = *noted + line.len() > NOTES;
        let all = match &*lock(&self.scan.doomed) {
            Some(doomed) => is_much.then(|| doomed.write()),
            None => return Ok(()),
        };
        if let Some(all) = all {
            self.files.write_notes(&all)?;
            *noted = all.len();
        } else {
            self.files.add_to_notes(line)?;
            *noted += line.len();
        }
        Ok(())
    }

    /// The search is over. If it found all there was, nothing need be known any more of what was doomed.
    pub(super) fn end_search(&self, is_complete: bool) {
        let _alone = lock(&self.scan.noted);
        if is_complete && let Err(error) = self.remove_notes() {
            events::store_failed("scan", &error);
        }
        self.scan.end(is_complete);
    }

    fn remove_notes(&self) -> io::Result<()> {
        if lock(&self.scan.doomed)
            .as_ref()
            .is_none_or(Doomed::is_empty)
        {
            return Ok(());
        }
        // What had to go has to be gone before it is forgotten that it had to.
        self.files.settle_all(|| {})?;
        self.files.remove_notes()
    }

    /// Searches a folder to its end, whatever cannot be read in it; the last time, that is removed.
    pub(super) fn search_shard(
        &self,
        shard: u8,
        is_last: bool,
        found: &mut Found,
    ) -> io::Result<()> {
        let names = self.files.names(shard)?;
        let (mut bodies, mut failed) = (HashSet::new(), Ok(()));
        for name in &names {
            let Name::Card(at) = *name else { continue };
            match self.find(at, is_last) {
                Ok(Adopted::Card(serials)) => bodies.extend(serials),
                Ok(Adopted::Known) => {}
                Ok(Adopted::Useless) => found.removed += 1,
                Err(error) => failed = Err(error),
            }
            self.tidy();
        }
        for name in names {
            if let Name::Body(at, serial) = name
                && !bodies.contains(&serial)
            {
                match self.remove_orphan(at, serial) {
                    Ok(removed) => found.removed += usize::from(removed),
                    Err(error) => failed = Err(error),
                }
            }
        }
        failed
    }

    fn find(&self, at: Digest, is_last: bool) -> io::Result<Adopted> {
        let _alone = self.hold(&at);
        match self.adopt(at) {
            Err(_) if is_last => {
                // Nobody could find it any more, nor make it out of date.
                self.files.remove(Name::Card(at))?;
                Ok(Adopted::Useless)
            }
            adopted => adopted,
        }
    }

    /// Takes a key into the index that an earlier process left. The caller holds the key.
    pub(super) fn adopt(&self, at: Digest) -> io::Result<Adopted> {
        if !self.scan.is_under_way() || self.index.contains(&at) {
            return Ok(Adopted::Known);
        }
        let Some((before, length)) = self.files.read_card(Name::Card(at))? else {
            return Ok(Adopted::Useless);
        };
        let mut card = before.clone();
        card.records.retain(|record| {
            self.files.length(Name::Body(at, record.serial)) == Some(record.length)
        });
        self.enter_unless_doomed(at, &mut card, length);
        let serials = card.records.iter().map(|record| record.serial).collect();
        if card.records.len() < before.records.len() {
            self.write_down(at, &before, &card)?;
        }
        Ok(Adopted::Card(serials))
    }

    /// Under one lock, so that an invalidation either finds it in the index or is found here.
    fn enter_unless_doomed(&self, at: Digest, card: &mut Card, length: u64) {
        let doomed = lock(&self.scan.doomed);
        let before = card.clone();
        let is_doomed = |record: &Record| {
            let doomed = doomed.as_ref();
            doomed.is_some_and(|doomed| doomed.picks(&before, record))
        };
        card.records.retain(|record| !is_doomed(record));
        if !card.records.is_empty() {
            self.enter(at, Slot::of(card, length));
        }
    }

    /// Removes a body that belongs to no card; whether it did.
    fn remove_orphan(&self, at: Digest, serial: u64) -> io::Result<bool> {
        if self.bodies.is_own(serial) {
            return Ok(false);
        }
        let _alone = self.hold(&at);
        let card = self.files.read_card(Name::Card(at))?;
        let mut records = card.iter().flat_map(|(card, _)| &card.records);
        let is_orphan = !records.any(|record| record.serial == serial);
        if is_orphan {
            self.remove_body(at, serial)?;
        }
        Ok(is_orphan)
    }
}

/// What became of a card that was found.
pub(super) enum Adopted {
    /// It is in the index, with these bodies.
    Card(Vec<u64>),
    /// It was there before, or there is nothing to look for.
    Known,
    /// It was damaged, or has gone.
    Useless,
}

#[cfg(test)]
mod tests;
