//! Invalidations among puts, updates, a lack of room and the search, under random schedules: whatever
//! was on its way in, or there, when an invalidation began that means it is gone when it has ended.

use std::fs::File;
use std::sync::Arc;

use shuttle::thread;

use super::digest::Digest;
use super::doomed::Doomed;
use super::files::Files;
use super::index::on_disk;
use super::names::Name;
use super::scan::Found;
use super::state::State;
use crate::store::scheduled::run;
use crate::store::suite::{Folder, head, key, variant};
use crate::store::{Key, Selector};

const SCHEDULES: usize = 40;

/// Whatever is stored before the invalidation has a number below this.
const NEW: u64 = 10;

fn state(folder: &Folder, max_bytes: u64, number: u32) -> Arc<State> {
    let files = Files::at(folder.0.join("all")).expect("a folder");
    let lock = File::create(folder.0.join("lock")).expect("a file");
    Arc::new(State::new(
        files,
        lock,
        max_bytes,
        number,
        Doomed::default(),
    ))
}

fn put(state: &State, key: &Key, id: u64) {
    let new = state.expect(key, variant(id, "body"), &[]);
    state.put_whole(&new).expect("a put");
    state.tidy();
}

/// What a store does that is told to invalidate.
fn invalidate(state: &State, selector: &Selector) {
    if let Selector::Key(key) = selector {
        let at = Digest::of_key(key.lend());
        state.coming.doom(|new| new.at == at);
        state.invalidate_key(at, key).expect("an invalidation");
    } else {
        state.doom(selector);
        forget(state, selector);
    }
    state.tidy();
}

fn forget(state: &State, selector: &Selector) {
    let cleared = (*selector == Selector::All).then(|| state.clear().expect("it is cleared"));
    if cleared.is_none_or(|cleared| cleared.is_left) {
        let gone = state.invalidate(selector, || {});
        gone.expect("an invalidation");
    }
}

/// Nothing old is found, nor would be found by a later process.
fn assert_gone(state: &State, key: &Key, selector: &Selector) {
    let at = Digest::of_key(key.lend());
    let found = state.read(at, key).expect("an answer");
    let old = |card: &super::card::Card| card.records.iter().any(|record| record.id < NEW);
    assert!(!found.is_some_and(|card| old(&card)), "{selector:?}");
}

fn selectors(key: &Key) -> [Selector; 5] {
    [
        Selector::All,
        Selector::Key(key.clone()),
        Selector::Prefix("http://a.".into()),
        Selector::Pattern("*a.example*".into()),
        Selector::Tag("every".into()),
    ]
}

/// The index knows what is there, and nothing else.
fn assert_counted(state: &State, selector: &Selector) {
    let (mut keys, mut bytes) = (0, 0);
    for name in (0..=u8::MAX).flat_map(|shard| state.files.names(shard).expect("names")) {
        keys += usize::from(matches!(name, Name::Card(_)));
        bytes += on_disk(state.files.length(name).into_iter());
    }
    let counted = (state.index.keys(), state.index.bytes());
    assert_eq!(counted, (keys, bytes), "{selector:?}");
}

/// So many bytes are room for a few keys, each of which takes two blocks.
const CROWDED: u64 = 2 * 8 * 1024;

#[test]
fn nothing_that_is_under_way_brings_back_what_was_invalidated() {
    for which in 0..5 {
        run(SCHEDULES, move || among_changes(which, 64 << 20, false));
        run(SCHEDULES, move || among_changes(which, CROWDED, true));
    }
}

fn among_changes(which: usize, room: u64, is_there: bool) {
    let folder = Folder::new();
    let state = state(&folder, room, 1);
    state.scan.end(true);
    let key = key("http://a.example/");
    let selector = selectors(&key)[which].clone();
    if is_there {
        put(&state, &key, 1);
    }
    let late = state.expect(&key, variant(2, "late"), &[]);
    let others = {
        let state = Arc::clone(&state);
        thread::spawn(move || {
            for n in 0..3 {
                put(
                    &state,
                    &super::super::suite::key(&format!("http://b.example/{n}")),
                    20 + n,
                );
            }
        })
    };
    let change = {
        let (state, key) = (Arc::clone(&state), key.clone());
        thread::spawn(move || {
            let at = Digest::of_key(key.lend());
            state.put_whole(&late).expect("a put");
            state
                .update(at, &key, 1, head("new", 4))
                .expect("an update");
            state.tidy();
            put(&state, &key, NEW);
        })
    };
    invalidate(&state, &selector);
    assert_gone(&state, &key, &selector);
    others.join().expect("no panic");
    change.join().expect("no panic");
    state.tidy();
    assert_gone(&state, &key, &selector);
    let at = Digest::of_key(key.lend());
    let left = state.files.read_card(Name::Card(at)).expect("an answer");
    let old = left.is_some_and(|(card, _)| card.records.iter().any(|record| record.id < NEW));
    assert!(!old, "a later process would find it: {selector:?}");
    assert_counted(&state, &selector);
}

#[test]
fn nothing_that_is_found_late_brings_back_what_was_invalidated() {
    for which in 0..5 {
        run(SCHEDULES, move || among_finds(which));
    }
}

fn among_finds(which: usize) {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let selector = selectors(&key)[which].clone();
    put(&state(&folder, CROWDED, 1), &key, 1);
    let state = state(&folder, CROWDED, 2);
    let search = {
        let (state, at) = (Arc::clone(&state), Digest::of_key(key.lend()));
        thread::spawn(move || {
            let shard = Name::Card(at).shard();
            let mut found = Found::default();
            state
                .search_shard(shard, false, &mut found)
                .expect("a search");
            state.scan.end(true);
        })
    };
    let change = {
        let (state, key) = (Arc::clone(&state), key.clone());
        thread::spawn(move || {
            let at = Digest::of_key(key.lend());
            state
                .update(at, &key, 1, head("new", 4))
                .expect("an update");
            put(&state, &key, NEW);
        })
    };
    invalidate(&state, &selector);
    assert_gone(&state, &key, &selector);
    change.join().expect("no panic");
    search.join().expect("no panic");
    assert_gone(&state, &key, &selector);
    assert_counted(&state, &selector);
}
