use super::*;
use crate::store::scheduled;
use crate::store::suite::{self, head, key, variant};

#[test]
fn memory_is_given_bodies_whole() {
    assert!(
        Memory::of(1 << 20)
            .writer(&key("http://a.example/"))
            .is_none()
    );
}

#[tokio::test]
async fn memory_does_what_every_store_must() {
    suite::run(async || Memory::of(16 << 20)).await;
}

fn put(memory: &Memory, number: u64) {
    let key = key_of(memory, number);
    let body = "x".repeat(1_000);
    assert!(matches!(
        memory.put(&key, variant(number, &body), &[]),
        Answer::Now(())
    ));
}

fn holds(memory: &Memory, number: u64) -> bool {
    match memory.get(key_of(memory, number).lend()) {
        Answer::Now(found) => !found.is_empty(),
        Answer::Later(_) => unreachable!("memory answers at once"),
    }
}

/// Keys whose hashes are spread like real ones, and the same in each call.
fn key_of(_: &Memory, number: u64) -> Key {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local! {
        static KEYS: RefCell<HashMap<u64, Key>> = RefCell::default();
    }
    KEYS.with_borrow_mut(|keys| {
        let make = || key(&format!("http://a.example/{number}"));
        keys.entry(number).or_insert_with(make).clone()
    })
}

#[test]
fn bytes_stay_below_the_bound_whatever_is_put() {
    let memory = Memory::of(200_000);
    for number in 0..2_000 {
        put(&memory, number);
        assert!(memory.bytes() <= 200_000, "{} bytes", memory.bytes());
    }
    assert!(
        memory.bytes() > 150_000,
        "room is used: {} bytes",
        memory.bytes()
    );
    assert!(holds(&memory, 1_999), "the newest is there");
}

#[test]
fn a_scan_does_not_sweep_out_what_is_used() {
    let memory = Memory::of(500_000);
    for number in 0..50 {
        put(&memory, number);
        assert!(holds(&memory, number) && holds(&memory, number));
    }
    for number in 1_000..6_000 {
        put(&memory, number);
    }
    let kept = (0..50).filter(|number| holds(&memory, *number)).count();
    assert!(kept >= 45, "{kept} of 50 were kept");
}

#[test]
fn w45_what_is_used_stays_and_the_oldest_unused_goes() {
    let memory = Memory::with(40_000, 40_000);
    for number in 0..8 {
        put(&memory, number);
    }
    for number in 100..160 {
        put(&memory, number);
        assert!(holds(&memory, number), "the newest is there");
        assert!(holds(&memory, 0), "used, although it is the oldest");
    }
    let unused = (1..8).filter(|number| holds(&memory, *number)).count();
    assert_eq!(unused, 0, "older than all others, and nobody used them");
}

#[test]
fn w45_overwriting_at_capacity_sweeps_out_nobody() {
    let memory = Memory::with(20_000, 20_000);
    for number in 0.. {
        put(&memory, number);
        if memory.bytes() > 16_000 {
            break;
        }
    }
    let keys = memory.keys();
    for _ in 0..100 {
        put(&memory, 0);
        assert_eq!(memory.keys(), keys);
    }
}

#[test]
fn an_entry_larger_than_all_is_not_kept_and_hurts_nobody() {
    let memory = Memory::of(100_000);
    put(&memory, 1);
    let large = key("http://a.example/large");
    let body = "x".repeat(200_000);
    assert!(matches!(
        memory.put(&large, variant(2, &body), &[]),
        Answer::Now(())
    ));
    assert!(matches!(memory.get(large.lend()), Answer::Now(found) if found.is_empty()));
    assert!(holds(&memory, 1));
}

#[test]
fn a_bound_of_nothing_keeps_nothing() {
    let memory = Memory::of(0);
    put(&memory, 1);
    assert!(!holds(&memory, 1));
    assert_eq!(memory.bytes(), 0);
}

#[test]
fn an_update_under_way_brings_back_nothing_that_was_invalidated() {
    for which in 0..4 {
        scheduled::run(100, move || {
            let memory = Memory::of(1 << 20);
            let key = key("http://a.example/");
            let selector = match which {
                0 => Selector::All,
                1 => Selector::Key(key.clone()),
                2 => Selector::Prefix("http:".into()),
                _ => Selector::Tag("every".into()),
            };
            drop(memory.put(&key, variant(1, "body"), &[]));
            let changes = [key, suite::key("http:")].map(|key| {
                let memory = memory.clone();
                shuttle::thread::spawn(move || drop(memory.update(&key, 1, head("new", 4))))
            });
            drop(memory.invalidate(&selector));
            for change in changes {
                change.join().expect("no panic");
            }
            assert_eq!(memory.keys(), 0, "{selector:?}");
        });
    }
}

/// Entries that were read meanwhile, by this thread.
fn unpacked_by(act: impl FnOnce()) -> usize {
    use crate::store::packed::UNPACKED;
    let before = UNPACKED.get();
    act();
    UNPACKED.get() - before
}

#[test]
fn what_is_not_meant_is_not_unpacked() {
    let memory = Memory::of(16 << 20);
    for number in 0..1_000 {
        put(&memory, number);
    }
    let forget = |selector| {
        let mut count = 0;
        let unpacked = unpacked_by(|| match memory.invalidate(&selector) {
            Answer::Now(gone) => count = gone,
            Answer::Later(_) => unreachable!("there is no runtime"),
        });
        (count, unpacked)
    };
    assert_eq!(forget(Selector::Tag("nobody-has-it".into())), (0, 0));
    assert_eq!(forget(Selector::Tag("tag-7".into())), (1, 1));
    assert_eq!(forget(Selector::Prefix("http://b.".into())), (0, 0));
    assert_eq!(forget(Selector::Pattern("*/1?*".into())), (0, 0));
    assert_eq!(
        forget(Selector::Prefix("http://a.example/99".into())),
        (11, 0)
    );
    assert_eq!(forget(Selector::All), (988, 0));
    assert_eq!(memory.bytes(), 0);
}

#[tokio::test]
async fn others_have_their_turn_while_many_are_looked_at() {
    for selector in [
        Selector::Tag("every".into()),
        Selector::Prefix("http://".into()),
        Selector::Pattern("*example/*".into()),
        Selector::All,
    ] {
        let memory = Memory::of(16 << 20);
        for number in 0..1_000 {
            put(&memory, number);
        }
        let Answer::Later(pending) = memory.invalidate(&selector) else {
            unreachable!("it takes its time");
        };
        let mut pending = tokio::spawn(pending);
        let (mut turns, mut count) = (0, None);
        while count.is_none() {
            tokio::task::yield_now().await;
            turns += 1;
            // What is there already is not counted twice, and what is changed does not come back.
            let updated = key_of(&memory, turns % 1_000);
            drop(memory.update(&updated, turns % 1_000, head("new", 1_000)));
            if pending.is_finished() {
                count = Some((&mut pending).await.expect("no panic").expect("a number"));
            }
        }
        assert!(turns >= 1_000 / 64, "{turns}: {selector:?}");
        assert_eq!(memory.keys(), 0, "{selector:?}");
        assert!(count > Some(900) && count <= Some(1_000), "{count:?}");
    }
}

#[tokio::test]
async fn what_is_put_behind_the_search_stays_and_nobody_need_wait_for_it() {
    let memory = Memory::of(16 << 20);
    for number in 0..1_000 {
        put(&memory, number);
    }
    drop(memory.invalidate(&Selector::Tag("every".into())));
    while memory.keys() > 0 {
        tokio::task::yield_now().await;
    }
    tokio::task::yield_now().await;
    put(&memory, 1);
    assert!(holds(&memory, 1));
}

#[test]
fn what_had_no_room_while_it_was_changed_does_not_come_back() {
    for which in 0..3 {
        scheduled::run(600, move || {
            let memory = Memory::with(6_000, 6_000);
            let key = key("http://a.example/");
            let selector = match which {
                0 => Selector::All,
                1 => Selector::Prefix("http://a.".into()),
                _ => Selector::Tag("tag-1".into()),
            };
            drop(memory.put(&key, variant(1, "body"), &[]));
            let update = {
                let (memory, key) = (memory.clone(), key.clone());
                shuttle::thread::spawn(move || drop(memory.update(&key, 1, head("new", 4))))
            };
            let others = {
                let memory = memory.clone();
                shuttle::thread::spawn(move || {
                    for number in 2..9 {
                        let key = suite::key(&format!("http://b.example/{number}"));
                        let body = "x".repeat(1_000);
                        drop(memory.put(&key, variant(number, &body), &[]));
                    }
                })
            };
            drop(memory.invalidate(&selector));
            let is_gone =
                || matches!(memory.get(key.lend()), Answer::Now(found) if found.is_empty());
            assert!(is_gone(), "{selector:?}");
            update.join().expect("no panic");
            others.join().expect("no panic");
            assert!(is_gone(), "{selector:?}");
        });
    }
}
