//! What is on disk, in memory: enough to know that something is not there, and what has to go.

use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::take;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, OptionsBuilder, Weighter};

use super::card::Card;
use super::digest::Digest;
use crate::store::Selector;
use crate::store::lock::step;

/// Keys, and what is known of each. What is used again outlives what was used once (CLOCK-Pro).
pub(super) struct Index {
    keys: Cache<Digest, Arc<Slot>, Weigh, DefaultHashBuilder, Swept>,
    swept: Swept,
    max_bytes: u64,
}

/// What is known of a key.
#[derive(Debug)]
pub(super) struct Slot {
    /// The beginning of its name, which may be as long as somebody likes; the card has all of it.
    name: Box<str>,
    is_cut: bool,
    /// Digests of its tags; the card has them.
    tags: Box<[u64]>,
    /// What its files take on disk.
    bytes: u64,
    /// How many responses there are.
    responses: u32,
}

/// Files take whole blocks of so many bytes.
const BLOCK: u64 = 4 * 1024;

/// So many bytes of a name are kept in memory at most.
const NAME: usize = 128;

fn beginning(name: &str) -> &str {
    let mut end = name.len().min(NAME);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// Two tags may have the same.
fn digest(tag: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    tag.hash(&mut hasher);
    hasher.finish()
}

/// What files of these lengths take on disk.
pub(super) fn on_disk(lengths: impl Iterator<Item = u64>) -> u64 {
    let blocks = lengths.map(|length| length.div_ceil(BLOCK).saturating_mul(BLOCK));
    blocks.fold(0, u64::saturating_add)
}

impl Slot {
    /// Of a card whose own file has so many bytes.
    pub(super) fn of(card: &Card, length: u64) -> Arc<Self> {
        let bodies = card.records.iter().map(|record| record.length);
        let name = beginning(card.name());
        Arc::new(Self {
            name: name.into(),
            is_cut: name.len() < card.name().len(),
            tags: card.tags().iter().map(|tag| digest(tag)).collect(),
            bytes: on_disk(bodies.chain([length])),
            responses: u32::try_from(card.records.len()).unwrap_or(u32::MAX),
        })
    }

    /// Whether some of it may be meant; its card tells.
    fn may_be_picked(&self, selector: &Selector) -> bool {
        match selector {
            Selector::Tag(tag) => self.tags.contains(&digest(tag)),
            Selector::Prefix(prefix) if self.is_cut => {
                prefix.starts_with(&*self.name) || self.name.starts_with(&**prefix)
            }
            Selector::Pattern(_) if self.is_cut => true,
            _ => selector.covers_name(&self.name),
        }
    }
}

#[derive(Clone, Copy)]
struct Weigh;

impl Weighter<Digest, Arc<Slot>> for Weigh {
    fn weight(&self, _: &Digest, slot: &Arc<Slot>) -> u64 {
        slot.bytes
    }
}

/// Collects what is swept out, so that its files can be removed.
#[derive(Clone, Default)]
struct Swept(Arc<Mutex<Vec<Digest>>>);

impl Swept {
    fn open(&self) -> MutexGuard<'_, Vec<Digest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lifecycle<Digest, Arc<Slot>> for Swept {
    type RequestState = ();

    fn on_evict(&self, _: &mut (), key: Digest, _: Arc<Slot>) {
        self.open().push(key);
    }
}

/// When the disk is full, one part in so many goes of what is there.
const PART: u64 = 32;

impl Index {
    pub(super) fn new(max_bytes: u64) -> Self {
        // Half of them as many names are remembered of what was swept out lately.
        let entries = usize::try_from((max_bytes / (2 * BLOCK)).clamp(64, 1 << 20)).unwrap_or(64);
        let options = OptionsBuilder::new()
            .shards(1)
            .weight_capacity(max_bytes)
            .estimated_items_capacity(entries)
            .build()
            .expect("all that is required is set");
        let hashing = DefaultHashBuilder::default();
        let swept = Swept::default();
        Self {
            keys: Cache::with_options(options, Weigh, hashing, swept.clone()),
            swept,
            max_bytes,
        }
    }

    /// Whether a key is there; it counts as a use.
    pub(super) fn uses(&self, key: &Digest) -> bool {
        self.keys.get(key).is_some()
    }

    pub(super) fn contains(&self, key: &Digest) -> bool {
        step();
        self.keys.contains_key(key)
    }

    /// Adds a key, and says which ones have no room any more; it may be the very same.
    pub(super) fn insert(&self, key: Digest, slot: Arc<Slot>) -> Vec<Digest> {
        step();
        self.keys.insert(key, slot);
        take(&mut *self.swept.open())
    }

    /// Forgets some of what is used least, as if there were less room, and says which keys. Nobody adds one
    /// meanwhile.
    pub(super) fn sweep_out(&self) -> Vec<Digest> {
        let all = self.bytes();
        let less = all - all.div_ceil(PART);
        if less > 0 {
            self.keys.set_capacity(less);
            self.keys.set_capacity(self.max_bytes);
        }
        take(&mut *self.swept.open())
    }

    pub(super) fn remove(&self, key: &Digest) {
        step();
        self.keys.remove(key);
    }

    /// Forgets these keys, and says how many responses that were. Nobody adds one meanwhile.
    pub(super) fn forget(&self, is_gone: impl Fn(&Digest) -> bool) -> usize {
        let all = self.keys.iter().inspect(|_| step());
        let gone: Vec<_> = all.filter(|(key, _)| is_gone(key)).collect();
        gone.iter().for_each(|(key, _)| self.remove(key));
        gone.iter().map(|(_, slot)| slot.responses as usize).sum()
    }

    /// The keys of which something may be meant.
    pub(super) fn picked(&self, selector: &Selector) -> Vec<Digest> {
        let picked = self.keys.iter().inspect(|_| step());
        let picked = picked.filter(|(_, slot)| slot.may_be_picked(selector));
        picked.map(|(key, _)| key).collect()
    }

    pub(super) fn bytes(&self) -> u64 {
        self.keys.weight()
    }

    pub(super) fn keys(&self) -> usize {
        self.keys.len()
    }

    /// How many bytes one key may take.
    pub(super) const fn capacity(&self) -> u64 {
        self.max_bytes
    }
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index")
            .field("bytes", &self.bytes())
            .field("keys", &self.keys())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::key;

    fn slot(name: &str) -> Arc<Slot> {
        Slot::of(&Card::of(&key(name)), 1)
    }

    #[test]
    fn whatever_may_be_meant_is_picked_however_long_its_name_is() {
        let long = slot(&("a".repeat(NAME - 1) + "\u{e4}" + &"b".repeat(60_000)));
        assert_eq!(long.name.len(), NAME - 1, "it is not kept whole");
        let short = slot("a.example");
        let prefix = |prefix: &str| Selector::Prefix(prefix.into());
        for selector in [
            Selector::All,
            prefix("aaa"),
            prefix(&("a".repeat(NAME - 1) + "x")),
            Selector::Pattern("*nobody knows".into()),
        ] {
            assert!(long.may_be_picked(&selector), "{selector:?}");
        }
        assert!(
            !long.may_be_picked(&prefix("ab")) && !long.may_be_picked(&Selector::Tag("a".into()))
        );
        assert!(
            short.may_be_picked(&prefix("a.ex")) && !short.may_be_picked(&prefix("a.example/"))
        );
        assert!(!short.may_be_picked(&Selector::Pattern("*nobody knows".into())));
    }

    #[test]
    fn a_tag_picks_what_has_it() {
        let mut slot = Arc::into_inner(slot("a.example")).expect("nobody else has it");
        slot.tags = [digest("a"), digest("b")].into();
        for (tag, expected) in [("a", true), ("b", true), ("c", false), ("", false)] {
            assert_eq!(slot.may_be_picked(&Selector::Tag(tag.into())), expected);
        }
    }
}
