mod forgetting;

use std::fmt;
use std::hash::Hash;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard};

use buttress_kernel::Body;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{OptionsBuilder, Weighter};

use self::forgetting::{Leaving, sift};
use super::key::Carried;
use super::lock::{lock, step};
use super::packed::Entry;
use super::{Answer, Head, Journal, Key, KeyRef, Selector, Store, Variant, Variants};

/// Keeps responses in memory, up to a number of bytes.
///
/// What is used again outlives what was used once, so a scan over many URIs does not sweep out the
/// ones that matter (CLOCK-Pro). The bound counts keys, heads, bodies and what it takes to keep
/// them; beside it, there is a [`Journal`] of fixed size. Clones share their content, and so do
/// [the layers](super#several-layers-over-one-store) that are given them.
///
/// ```
/// use buttress_cache::CacheLayer;
/// use buttress_cache::store::Memory;
///
/// let memory = Memory::of(32 * 1024 * 1024); // 32 MiB
/// let one = CacheLayer::private().store(memory.clone());
/// let other = CacheLayer::private().store(memory);
/// # drop((one, other));
/// ```
#[derive(Clone)]
pub struct Memory(Arc<Inner>);

struct Inner {
    entries: Cache<Key, Entry, Weigh, Carried>,
    /// Entries that are packed and used, unpacked: by their place in memory, which nothing else takes
    /// as long as they are here. So they are found without a second look at the key, and nobody has to
    /// take out what is not stored any more, since nobody asks for it.
    unpacked: Cache<u64, Unpacked, Weigh, Carried>,
    /// Whoever changes what is under a key holds one of these, so that no change is lost.
    writers: [Mutex<()>; WRITERS],
    /// What is being forgotten.
    leaving: Leaving,
    journal: Journal,
}

const WRITERS: usize = 16;

/// Each shard can hold at least this many of the largest entries.
const LARGEST: u64 = 4;

/// What it takes to keep an entry, beside its parts.
const ENTRY: usize = 96;

/// An entry, and what it was unpacked from, which keeps that in its place.
struct Unpacked {
    from: Option<Arc<[u8]>>,
    variants: Variants,
}

impl Clone for Unpacked {
    /// For somebody who looks it up, and holds what it was unpacked from already: it is shared by all
    /// threads, so that not to count them costs less.
    fn clone(&self) -> Self {
        Self {
            from: None,
            variants: self.variants.clone(),
        }
    }
}

/// Where an entry is, as a number whose bits are all used: another one for each entry that lives.
#[inline]
fn place(packed: &Arc<[u8]>) -> u64 {
    let place = (packed.as_ptr() as usize as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    place ^ place >> 32
}

/// The part of all bytes that is for what is unpacked.
const UNPACKED: u64 = 8;

#[derive(Clone, Copy)]
struct Weigh;

impl Weighter<Key, Entry> for Weigh {
    fn weight(&self, key: &Key, entry: &Entry) -> u64 {
        (ENTRY + key.size() + entry.size()) as u64
    }
}

impl Weighter<u64, Unpacked> for Weigh {
    fn weight(&self, _: &u64, unpacked: &Unpacked) -> u64 {
        // The bodies are those of the packed entry, which may be gone.
        let heads = unpacked
            .variants
            .iter()
            .map(|variant| variant.head().size());
        let from = unpacked.from.as_ref().map_or(0, |from| from.len());
        (ENTRY + from + heads.sum::<usize>()) as u64
    }
}

fn cache<K: Eq + Hash, V: Clone>(bytes: u64, shards: usize) -> Cache<K, V, Weigh, Carried>
where
    Weigh: Weighter<K, V>,
{
    // Half of them as many names are remembered of what was swept out lately.
    let entries = usize::try_from((bytes / 2_048).clamp(64, 1 << 20)).unwrap_or(64);
    let options = OptionsBuilder::new()
        .shards(shards)
        .weight_capacity(bytes)
        .estimated_items_capacity(entries)
        .build()
        .expect("all that is required is set");
    Cache::with_options(
        options,
        Weigh,
        Carried::default(),
        DefaultLifecycle::default(),
    )
}

impl Memory {
    /// At most `max_bytes` in all, of which one entry can take an eighth.
    #[must_use]
    pub fn of(max_bytes: u64) -> Self {
        Self::with(max_bytes, max_bytes / 8)
    }

    /// At most `max_bytes` in all, for entries of up to about `max_entry` bytes.
    #[must_use]
    pub fn with(max_bytes: u64, max_entry: u64) -> Self {
        let roomy = max_bytes / max_entry.saturating_mul(LARGEST).max(1);
        let shards = usize::try_from(roomy.clamp(1, 64)).unwrap_or(1);
        let unpacked = max_bytes / UNPACKED;
        Self(Arc::new(Inner {
            entries: cache(max_bytes - unpacked, shards),
            unpacked: cache(unpacked, shards),
            writers: std::array::from_fn(|_| Mutex::new(())),
            leaving: Leaving::default(),
            journal: Journal::new(),
        }))
    }

    /// How many bytes are taken.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.0.entries.weight() + self.0.unpacked.weight()
    }

    /// How many keys there are.
    #[must_use]
    pub fn keys(&self) -> usize {
        self.0.entries.len()
    }

    fn hold(&self, key: &Key) -> MutexGuard<'_, ()> {
        let writer = usize::try_from(key.hash() >> 32).unwrap_or_default() % WRITERS;
        lock(&self.0.writers[writer])
    }

    fn change(&self, key: &Key, change: impl FnOnce(Variants) -> Variants) {
        let _alone = self.hold(key);
        self.rewrite(key, |_, old| change(old));
    }

    /// The same, with all that there was, and what of it is not being forgotten. The caller holds the key.
    fn rewrite(&self, key: &Key, change: impl FnOnce(&Variants, Variants) -> Variants) {
        // Before a look at what is there: a search may end between that and the change.
        let leaving = self.0.leaving.now();
        let old = self.0.entries.peek(key).map(|entry| entry.variants());
        let old = old.unwrap_or_default();
        step();
        let new = change(&old, sift(key, &leaving, &old));
        step();
        if !new.is_empty() {
            self.0.entries.insert(key.clone(), Entry::new(&new));
        } else if !old.is_empty() {
            self.0.entries.remove(key);
        }
    }

    /// An entry that is packed, unpacked.
    #[inline]
    fn unpack(&self, packed: Arc<[u8]>) -> Variants {
        match self.0.unpacked.get(&place(&packed)) {
            Some(unpacked) => unpacked.variants,
            None => self.unpack_anew(packed),
        }
    }

    #[cold]
    fn unpack_anew(&self, packed: Arc<[u8]>) -> Variants {
        let place = place(&packed);
        let variants = Entry::Packed(Arc::clone(&packed)).variants();
        let unpacked = Unpacked {
            from: Some(packed),
            variants: variants.clone(),
        };
        self.0.unpacked.insert(place, unpacked);
        variants
    }
}

impl Store for Memory {
    #[inline]
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        Answer::Now(match self.0.entries.get(&key) {
            None => Variants::default(),
            Some(Entry::Loose(variants)) => variants,
            Some(Entry::Packed(packed)) => self.unpack(packed),
        })
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        let variants = self.0.entries.get(key).map(|entry| entry.variants());
        let variants = variants.unwrap_or_default();
        let variant = variants.iter().find(|variant| variant.id() == id);
        let whole = variant.and_then(Variant::body);
        Answer::Now(whole.map(|whole| {
            let at = |at: u64| usize::try_from(at).map_or(whole.len(), |at| at.min(whole.len()));
            let (first, end) = (at(range.start), at(range.end));
            Body::from(whole.slice(first.min(end)..end))
        }))
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        self.change(key, |variants| variants.with(variant, replaces));
        Answer::Now(())
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        self.change(key, |variants| {
            let updated = variants.iter().map(|variant| match variant.id() {
                this if this == id => variant.with_head(head.clone()),
                _ => variant.clone(),
            });
            updated.collect()
        });
        Answer::Now(())
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        self.change(key, |variants| variants.without(ids));
        Answer::Now(())
    }

    fn keeps_secrets(&self) -> bool {
        true
    }

    fn journal(&self) -> Option<Journal> {
        Some(self.0.journal.clone())
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        match selector {
            Selector::Key(key) => Answer::Now(self.forget(key, selector)),
            _ => self.search(selector.clone()),
        }
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("bytes", &self.bytes())
            .field("keys", &self.keys())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
