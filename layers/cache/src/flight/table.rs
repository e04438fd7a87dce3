use std::collections::HashMap;
use std::sync::Arc;

use http::HeaderMap;
use quick_cache::Equivalent;

use super::{Candidate, Flight, Landing, Leader, Seat, State, Waiting};
use crate::policy;
use crate::store::{Key, KeyRef, Selector, Tags, Variants};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

const SHARDS: usize = 16;

/// Each request that misses looks at all flights of its key, so that they must not be many, however
/// many values a field has that chooses responses.
const MOST_FLIGHTS: usize = 64;

/// Places that are given up are counted for so many groups of keys.
const GROUPS: usize = 256;

/// All flights of the layers over one store.
#[derive(Debug)]
pub(crate) struct Table {
    shards: [Mutex<HashMap<u64, Vec<Arc<Flight>>>>; SHARDS],
    left: Box<[AtomicU64]>,
    layers: AtomicU64,
}

/// Which of the layers over a store it is. Their services may be different ones, so that none joins what
/// another one fetches; but what is out of date for one is so for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LayerId(u64);

/// How many places had been given up at some time. Whoever looked into the store at that time, and leads
/// when there are more, may have looked too early for what one of them brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left(u64);

/// How a request that has missed goes on.
#[derive(Debug)]
pub(crate) enum Entrance<T> {
    /// With a response under way, in which it has found a place.
    Join(Candidate, T),
    /// By waiting for the head of one.
    Wait(Waiting),
    /// By asking the origin.
    Lead(Leader),
    /// By asking the origin for itself: too many are under way.
    Alone,
}

/// A request that has missed.
#[derive(Clone, Copy)]
pub(crate) struct Entrant<'a> {
    pub(crate) layer: LayerId,
    pub(crate) key: KeyRef<'a>,
    pub(crate) asked: &'a Arc<HeaderMap>,
    pub(crate) tags: Option<&'a Tags>,
    /// What is stored under its key, from which is known which fields choose.
    pub(crate) stored: &'a Variants,
}

/// Whether two requests say the same in the fields that chose a response.
fn ask_alike(head: &policy::Head, one: &HeaderMap, other: &HeaderMap) -> bool {
    let mut names = head.vary.names.iter();
    names.all(|name| one.get_all(name).iter().eq(other.get_all(name)))
}

impl Default for Table {
    fn default() -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(HashMap::new())),
            left: (0..GROUPS).map(|_| AtomicU64::new(0)).collect(),
            layers: AtomicU64::new(0),
        }
    }
}

impl Table {
    /// Another layer.
    pub(crate) fn new_layer(&self) -> LayerId {
        LayerId(self.layers.fetch_add(1, Ordering::Relaxed))
    }

    /// How many places have been given up among keys like this.
    #[inline]
    pub(crate) fn left(&self, hash: u64) -> Left {
        Left(self.group(hash).load(Ordering::Acquire))
    }

    #[inline]
    fn group(&self, hash: u64) -> &AtomicU64 {
        &self.left[usize::from(hash.to_le_bytes()[0])]
    }

    fn shard(&self, hash: u64) -> &Mutex<HashMap<u64, Vec<Arc<Flight>>>> {
        &self.shards[usize::try_from(hash >> 48).unwrap_or_default() % SHARDS]
    }

    /// The way on for a request; `join` finds it a place in a response under way that it may be given.
    pub(crate) fn enter<T>(
        self: &Arc<Self>,
        entrant: Entrant<'_>,
        join: impl Fn(&Candidate) -> Option<T>,
    ) -> Entrance<T> {
        let Entrant {
            layer, key, asked, ..
        } = entrant;
        let mut shard = lock(self.shard(key.hash()));
        let flights = shard.entry(key.hash()).or_default();
        // Whoever comes now takes the place of those that nobody can join any more.
        let mut rivals = Vec::new();
        flights.retain(|flight| {
            let is_open = flight.is_open();
            let can_be_joined = is_open && flight.layer == layer;
            if !can_be_joined && key.equivalent(&flight.key) {
                rivals.push(Arc::clone(flight));
            }
            is_open
        });
        let is_own = |flight: &Flight| flight.layer == layer && key.equivalent(&flight.key);
        let mut candidates = Vec::new();
        let mut ahead = Vec::new();
        for flight in flights.iter().filter(|flight| is_own(flight)) {
            match flight.landing() {
                Some(Landing::Shared(candidate)) => {
                    if let Some(place) = join(&candidate) {
                        return Entrance::Join(candidate, place);
                    }
                    candidates.push(candidate);
                }
                Some(_) => {}
                None => ahead.push(flight),
            }
        }
        let alike = |flight: &Flight| {
            let stored = entrant.stored.iter().map(AsRef::as_ref);
            let heads = stored.chain(candidates.iter().map(AsRef::as_ref));
            heads
                .into_iter()
                .all(|head| ask_alike(head, asked, &flight.asked))
        };
        if let Some(flight) = ahead.into_iter().find(|flight| alike(flight)) {
            return Entrance::Wait(Waiting::new(Arc::clone(flight)));
        }
        if flights.len() >= MOST_FLIGHTS {
            return Entrance::Alone;
        }
        for rival in &rivals {
            rival.set_has_rivals();
        }
        let flight = Arc::new(Flight {
            layer,
            key: key.keep(),
            tags: entrant.tags.cloned(),
            asked: Arc::clone(asked),
            state: Mutex::new(State {
                has_rivals: !rivals.is_empty(),
                ..State::default()
            }),
        });
        flights.push(Arc::clone(&flight));
        Entrance::Lead(Leader(Seat {
            table: Arc::clone(self),
            flight,
        }))
    }

    pub(super) fn remove(&self, flight: &Arc<Flight>) {
        let mut shard = lock(self.shard(flight.key.hash()));
        let Some(flights) = shard.get_mut(&flight.key.hash()) else {
            return;
        };
        // Before anybody can lead in its place.
        let group = self.group(flight.key.hash());
        group.fetch_add(1, Ordering::Release);
        flights.retain(|other| !Arc::ptr_eq(other, flight));
        if flights.is_empty() {
            shard.remove(&flight.key.hash());
        }
    }

    /// What the selector picks is out of date: nobody joins it any more.
    pub(crate) fn doom(&self, selector: &Selector) {
        let picked = |flight: &Flight| {
            selector.covers(&flight.key)
                || flight
                    .tags
                    .as_deref()
                    .is_some_and(|tags| selector.names(tags))
        };
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.retain(|_, flights| {
                flights.retain(|flight| !picked(flight));
                !flights.is_empty()
            });
        }
    }

    /// The same for one key, without a look at the others.
    pub(crate) fn doom_key(&self, key: &Key) {
        let mut shard = lock(self.shard(key.hash()));
        if let Some(flights) = shard.get_mut(&key.hash()) {
            flights.retain(|flight| flight.key != *key);
            if flights.is_empty() {
                shard.remove(&key.hash());
            }
        }
    }
}
