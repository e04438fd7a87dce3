//! Two layers over one store.

use std::sync::Arc;

use http::HeaderMap;
use shuttle::future::block_on;
use shuttle::thread;

use crate::SCHEDULES;
use crate::flight::{Candidate, Entrance, Entrant, Landing, LayerId, Leader};
use crate::flights::head;
use crate::journal::Journal;
use crate::pipe::{Pipe, Tell, Told, read};
use crate::store::{Hashing, Head, Key, KeyRef, Name, Selector, Variants};
use crate::stream::{Limits, Reader, Room, Stream};
use crate::sync::{AtomicU64, Mutex, Ordering, lock};

/// A store, and an origin that has one resource in several versions.
struct World {
    journal: Journal,
    key: Key,
    origin: AtomicU64,
    store: Mutex<Option<u64>>,
}

impl World {
    fn new() -> Self {
        Self {
            journal: Journal::new(),
            key: KeyRef::new(&Hashing::of_keys(), Name::Given("a"), "", None).keep(),
            origin: AtomicU64::new(0),
            store: Mutex::new(None),
        }
    }

    /// What a request through a layer gets.
    fn ask(&self, layer: LayerId) -> u64 {
        let (asked, found) = (Arc::new(HeaderMap::new()), Variants::default());
        loop {
            if let Some(version) = *lock(&self.store) {
                return version;
            }
            let entrant = Entrant {
                layer,
                key: self.key.lend(),
                asked: &asked,
                tags: None,
                stored: &found,
            };
            let join = |candidate: &Candidate| candidate.stream.join();
            let waiting = match self.journal.flights.enter(entrant, join) {
                Entrance::Lead(leader) => return self.fetch(leader),
                Entrance::Join(_, reader) => return version(reader),
                Entrance::Wait(waiting) => waiting,
                Entrance::Alone => unreachable!("they are few"),
            };
            if let Landing::Shared(candidate) = block_on(waiting)
                && let Some(reader) = join(&candidate)
            {
                return version(reader);
            }
        }
    }

    fn fetch(&self, leader: Leader) -> u64 {
        let since = self.journal.outdated.moment();
        let (lander, seat) = leader.split();
        let body = match self.origin.load(Ordering::SeqCst) {
            0 => b"0",
            _ => b"1",
        };
        let pipe = Pipe::default();
        let sink = Tell(Told::default(), Some(seat));
        let (come, room) = (Box::pin(pipe.clone()), Room::of(100));
        let reader = Stream::begin(come, Limits::whole(100), &room, Box::new(sink));
        lander.share(Candidate {
            head: Head::new(head()),
            stream: Arc::clone(reader.stream()),
        });
        pipe.push(Some(body));
        pipe.push(None);
        let version = version(reader);
        let is_outdated = || self.journal.outdated.has(&self.key, None, since);
        if !is_outdated() {
            *lock(&self.store) = Some(version);
            if is_outdated() {
                let mut store = lock(&self.store);
                *store = store.filter(|stored| *stored != version);
            }
        }
        version
    }

    fn change(&self, selector: &Selector) {
        self.origin.store(1, Ordering::SeqCst);
        self.journal.outdated.add(selector);
        self.journal.flights.doom(selector);
        *lock(&self.store) = None;
    }
}

fn version(reader: Reader) -> u64 {
    u64::from(block_on(read(reader)).unwrap() == b"1")
}

#[test]
fn whoever_asks_one_layer_after_a_change_through_the_other_gets_what_is_new() {
    shuttle::check_random(
        || {
            let world = Arc::new(World::new());
            let layers = [(); 2].map(|()| world.journal.flights.new_layer());
            let [one, other] = layers;
            let mut threads: Vec<_> = [one, one, other]
                .into_iter()
                .map(|layer| {
                    let world = Arc::clone(&world);
                    thread::spawn(move || {
                        world.ask(layer);
                    })
                })
                .collect();
            let writer = Arc::clone(&world);
            threads.push(thread::spawn(move || {
                writer.change(&Selector::Key(writer.key.clone()));
                for layer in layers {
                    assert_eq!(writer.ask(layer), 1, "it was asked for afterwards");
                }
            }));
            for thread in threads {
                thread.join().unwrap();
            }
            assert_ne!(*lock(&world.store), Some(0), "what is old stays out");
        },
        SCHEDULES,
    );
}
