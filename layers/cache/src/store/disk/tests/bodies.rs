//! Bodies while they are read, and before.

use std::sync::atomic::Ordering;

use super::*;
use crate::store::lock::lock;

#[tokio::test]
async fn a_piece_waits_for_its_turn_but_not_for_ever() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    put(&disk, &key, variant(1, &"long ".repeat(100_000))).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    let everybody = u32::try_from(READERS).expect("not many");
    let all = Arc::clone(&disk.readers)
        .acquire_many_owned(everybody)
        .await;
    tokio::time::pause();
    let error = body.collect().await.expect_err("others read all the time");
    assert_eq!(error.to_string(), "the disk did not answer within 10s");
    drop(all);
}

#[tokio::test]
async fn a_body_under_way_survives_its_response() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    let text = "long ".repeat(100_000);
    put(&disk, &key, variant(1, &text)).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    assert_eq!(http_body::Body::size_hint(&body).exact(), Some(500_000));
    invalidate(&disk, Selector::All).await;
    let read = body.collect().await.expect("a body").to_bytes();
    assert!(read == text);
}

#[tokio::test]
async fn a_body_that_is_cut_short_while_it_is_read_fails() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    put(&disk, &key, variant(1, &"long ".repeat(100_000))).await;
    let body = disk.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    let file = files(&folder.0).into_iter().find(|file| is_body(file));
    let file = fs::OpenOptions::new()
        .write(true)
        .open(file.expect("a file"));
    file.expect("a file").set_len(200_000).expect("it is cut");
    let error = body.collect().await.expect_err("it is cut short");
    assert!(error.to_string().contains("cut short"), "{error}");
}

/// A folder where an earlier process left long bodies under keys of these names.
async fn left_by_another(names: &[&str], text: &str) -> (Folder, Vec<Key>) {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let keys: Vec<Key> = names.iter().map(|name| key(name)).collect();
    for key in &keys {
        put(&disk, key, variant(1, text)).await;
    }
    (folder, keys)
}

async fn read_long(disk: Disk, key: Key) -> Option<Bytes> {
    let body = disk.body(&key, 1, 0..u64::MAX).wait().await;
    let body = body.expect("an answer")?.collect().await;
    Some(body.expect("a body").to_bytes())
}

/// Waits until so many checks are under way.
async fn until_checks_are(disk: &Disk, count: usize) {
    while lock(&disk.checks.under_way).len() != count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_long_body_is_checked_once_for_all_and_keeps_nobody_from_anything_else() {
    let text = "long ".repeat(100_000);
    let names = [
        "http://a.example/",
        "http://b.example/",
        "http://c.example/",
    ];
    let (folder, keys) = left_by_another(&names, &text).await;
    let disk = open(&folder).await;
    disk.state.bodies.is_stopped.store(true, Ordering::Relaxed);
    tokio::time::pause();
    let all = keys.iter().flat_map(|key| std::iter::repeat_n(key, 100));
    let all = all.map(|key| tokio::spawn(read_long(disk.clone(), key.clone())));
    let all: Vec<_> = all.collect();
    until_checks_are(&disk, 3).await;
    for n in 0..10 {
        let other = key(&format!("http://other.example/{n}"));
        put(&disk, &other, variant(1, &text)).await;
        let read = read_long(disk.clone(), other).await;
        assert!(read.is_some_and(|read| read == text));
    }
    assert_eq!(get(&disk, &keys[0]).await.len(), 1, "its head too");
    disk.state.bodies.is_stopped.store(false, Ordering::Relaxed);
    for one in all {
        let read = one.await.expect("an answer");
        assert!(read.is_some_and(|read| read == text));
    }
    assert_eq!(disk.state.bodies.checked.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn nobody_waits_for_a_check_that_lasts_but_it_goes_on() {
    let text = "long ".repeat(100_000);
    let (folder, keys) = left_by_another(&["http://a.example/"], &text).await;
    let disk = open(&folder).await;
    disk.state.bodies.is_stopped.store(true, Ordering::Relaxed);
    tokio::time::pause();
    let read = || read_long(disk.clone(), keys[0].clone());
    let (first, given_up) = (tokio::spawn(read()), tokio::spawn(read()));
    until_checks_are(&disk, 1).await;
    given_up.abort();
    let start = tokio::time::Instant::now();
    // Timers are as coarse as that.
    let long = checks::PATIENCE + std::time::Duration::from_millis(1);
    tokio::time::advance(long).await;
    assert!(first.await.expect("an answer").is_none());
    for _ in 0..3 {
        assert!(read().await.is_none());
    }
    assert_eq!(start.elapsed(), long, "these are told at once");
    assert_eq!(get(&disk, &keys[0]).await.len(), 1, "its head stays");
    disk.state.bodies.is_stopped.store(false, Ordering::Relaxed);
    until_checks_are(&disk, 0).await;
    assert!(read().await.is_some_and(|read| read == text));
    assert_eq!(disk.state.bodies.checked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_long_body_that_is_damaged_is_gone_for_all_who_ask_for_it_at_once() {
    let text = "long ".repeat(100_000);
    let (folder, keys) = left_by_another(&["http://a.example/"], &text).await;
    let file = files(&folder.0).into_iter().find(|file| is_body(file));
    let file = file.expect("a file");
    fs::write(&file, "lang ".repeat(100_000)).expect("it is written");
    let disk = open(&folder).await;
    let all = (0..10).map(|_| tokio::spawn(read_long(disk.clone(), keys[0].clone())));
    for one in all.collect::<Vec<_>>() {
        assert!(one.await.expect("an answer").is_none());
    }
    assert!(get(&disk, &keys[0]).await.is_empty());
    assert!(!file.exists());
    assert_eq!(disk.state.bodies.checked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_check_that_waits_for_its_turn_keeps_no_folder_in_use() {
    let text = "long ".repeat(100_000);
    let names = [
        "http://a.example/",
        "http://b.example/",
        "http://c.example/",
    ];
    let (folder, keys) = left_by_another(&names, &text).await;
    let disk = open(&folder).await;
    let turns = Arc::clone(&disk.checks.line).acquire_many_owned(2).await;
    tokio::time::pause();
    for key in &keys {
        let read = read_long(disk.clone(), key.clone()).await;
        assert!(read.is_none(), "others have the turn");
    }
    drop(disk);
    let disk = open(&folder).await;
    drop(turns);
    for key in &keys {
        let read = read_long(disk.clone(), key.clone()).await;
        assert!(read.is_some_and(|read| read == text));
    }
}
