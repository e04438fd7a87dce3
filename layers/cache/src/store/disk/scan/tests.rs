use std::fs::{self, File};
use std::os::unix::fs::symlink;

use super::*;
use crate::store::disk::files::Files;
use crate::store::suite::{Folder, key, variant};

/// A folder in use whose search has begun, and goes on until somebody ends it.
fn state(folder: &Folder) -> State {
    let files = Files::at(folder.0.join("all")).expect("a folder");
    let lock = File::create(folder.0.join("lock")).expect("a file");
    State::new(files, lock, 64 << 20, 1, Doomed::default())
}

fn put(state: &State, key: &crate::store::Key, id: u64) {
    let new = state.expect(key, variant(id, "body"), &[]);
    state.put_whole(&new).expect("a put");
}

fn ids(state: &State, key: &crate::store::Key) -> Vec<u64> {
    let card = state.read(Digest::of_key(key.lend()), key);
    let card = card.expect("an answer").expect("a card");
    card.records.iter().map(|record| record.id).collect()
}

#[test]
fn what_cannot_be_read_goes_the_last_time_and_every_file_of_no_use_is_counted() {
    let folder = Folder::new();
    let state = state(&folder);
    let shard = folder.0.join("all/07");
    fs::create_dir_all(&shard).expect("a folder");
    let name = |digit: char| shard.join(format!("07{}", digit.to_string().repeat(30)));
    for digit in ['a', 'b'] {
        symlink(name(digit), name(digit)).expect("a link that leads nowhere");
    }
    for file in ["c", "d", "e.0000000000000001", "f.0000000000000001"] {
        let (digit, serial) = file.split_at(1);
        let file = format!("07{}{serial}", digit.repeat(30));
        fs::write(shard.join(file), "damaged").expect("a file");
    }
    let unreadable = || ['a', 'b'].map(|digit| fs::symlink_metadata(name(digit)).is_ok());
    let mut found = Found::default();
    for _ in 0..2 {
        let end = state.search_shard(7, false, &mut found);
        end.expect_err("two cannot be read");
        assert_eq!((found.removed, unreadable()), (4, [true; 2]));
    }
    let end = state.search_shard(7, true, &mut found);
    end.expect("nothing is left");
    assert_eq!((found.removed, unreadable()), (6, [false; 2]));
}

#[test]
fn a_pipe_does_not_stop_the_search_and_a_file_without_end_is_not_read_to_its_end() {
    let folder = Folder::new();
    let state = state(&folder);
    let shard = folder.0.join("all/07");
    fs::create_dir_all(&shard).expect("a folder");
    let [pipe, sparse] =
        ['a', 'b'].map(|digit| shard.join(format!("07{}", digit.to_string().repeat(30))));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let file = File::create(&sparse).expect("a file");
    file.set_len(1 << 40).expect("a length");
    let mut found = Found::default();
    let end = state.search_shard(7, false, &mut found);
    end.expect_err("a pipe cannot be read");
    assert!(!sparse.exists(), "it cannot be one of ours");
    let end = state.search_shard(7, true, &mut found);
    end.expect("nothing is left");
    assert!(!pipe.exists() && found.removed == 2);
}

#[test]
fn what_came_after_an_invalidation_is_not_found_and_forgotten() {
    let folder = Folder::new();
    let state = state(&folder);
    let key = key("http://a.example/");
    put(&state, &key, 1);
    state.doom(&Selector::All).expect("it goes on");
    put(&state, &key, 2);
    assert_eq!(ids(&state, &key), [2, 1]);
}

#[test]
fn what_the_index_has_let_go_does_not_come_back_with_what_is_new() {
    let folder = Folder::new();
    let state = state(&folder);
    state.scan.end(true);
    let key = key("http://a.example/");
    put(&state, &key, 1);
    state.index.remove(&Digest::of_key(key.lend()));
    put(&state, &key, 2);
    assert_eq!(ids(&state, &key), [2]);
}

#[test]
fn what_takes_all_the_room_drives_nothing_out() {
    let folder = Folder::new();
    let files = Files::at(folder.0.join("all")).expect("a folder");
    let lock = File::create(folder.0.join("lock")).expect("a file");
    let state = State::new(files, lock, 8 * 4_096, 1, Doomed::default());
    state.scan.end(true);
    let (small, large) = (key("http://a.example/1"), key("http://a.example/2"));
    put(&state, &small, 1);
    let all = variant(2, &"x".repeat(8 * 4_096));
    let new = state.expect(&large, all, &[]);
    state.put_whole(&new).expect("a put");
    assert_eq!(ids(&state, &small), [1]);
    assert_eq!((state.index.keys(), state.index.bytes()), (1, 2 * 4_096));
}

#[test]
fn a_key_whose_last_response_has_gone_takes_no_room() {
    let folder = Folder::new();
    let state = state(&folder);
    state.scan.end(true);
    let key = key("http://a.example/");
    put(&state, &key, 1);
    let at = Digest::of_key(key.lend());
    state.remove(at, &key, &[1]).expect("it is removed");
    assert_eq!((state.index.keys(), state.index.bytes()), (0, 0));
}
