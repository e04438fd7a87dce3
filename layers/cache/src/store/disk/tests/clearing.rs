//! All is forgotten at once, and unlinked later.

use std::sync::atomic::Ordering;
use std::sync::mpsc;

use tokio_test::{assert_pending, task};

use super::*;

async fn filled(folder: &Folder, count: u64) -> (Disk, Vec<Key>) {
    let disk = open(folder).await;
    disk.searched().await;
    let keys = (0..count).map(|n| key(&format!("http://a.example/{n}")));
    let keys: Vec<Key> = keys.collect();
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, "body")).await;
        put(&disk, key, variant(id + count, "another")).await;
    }
    (disk, keys)
}

fn root(folder: &Folder) -> PathBuf {
    folder.0.join("buttress-cache-1")
}

async fn found(disk: &Disk, keys: &[Key]) -> usize {
    let mut found = 0;
    for key in keys {
        found += get(disk, key).await.len();
    }
    found
}

#[tokio::test]
async fn no_card_is_read_to_forget_all_of_them() {
    let folder = Folder::new();
    let (disk, keys) = filled(&folder, 30).await;
    for card in files(&root(&folder)).iter().filter(|file| !is_body(file)) {
        fs::remove_file(card).expect("a card");
        fs::create_dir(card).expect("what cannot be read");
    }
    assert_eq!(invalidate(&disk, Selector::All).await, 60);
    assert_eq!((disk.keys(), disk.bytes()), (0, 0));
    put(&disk, &keys[0], variant(1, "new")).await;
    assert_eq!(invalidate(&disk, Selector::All).await, 1);
    drop(disk);
    let disk = open(&folder).await;
    disk.searched().await;
    assert_eq!((found(&disk, &keys).await, disk.keys()), (0, 0));
}

#[tokio::test]
async fn what_is_put_after_it_stays_while_the_rest_is_unlinked() {
    let folder = Folder::new();
    let (disk, keys) = filled(&folder, 30).await;
    assert_eq!(invalidate(&disk, Selector::All).await, 60);
    put(&disk, &keys[0], variant(1, "new")).await;
    unlinked(&folder).await;
    assert_eq!(bodies(&disk, &keys[0]).await, ["new"]);
    assert_eq!(files(&folder.0).len(), 2);
    assert_eq!(taken(&folder.0), disk.bytes());
    drop(disk);
    let disk = open(&folder).await;
    disk.searched().await;
    assert_eq!(bodies(&disk, &keys[0]).await, ["new"]);
}

#[tokio::test]
async fn a_body_that_is_being_read_is_read_to_its_end() {
    let folder = Folder::new();
    let (disk, keys) = filled(&folder, 1).await;
    let long = "x".repeat(1 << 20);
    put(&disk, &keys[0], variant(1, &long)).await;
    let body = disk.body(&keys[0], 1, 0..u64::MAX).wait().await;
    let mut body = body.expect("an answer").expect("a body");
    let first = body.frame().await.expect("a piece").expect("a piece");
    let first = first.into_data().expect("data");
    invalidate(&disk, Selector::All).await;
    unlinked(&folder).await;
    assert_eq!(files(&folder.0), Vec::<PathBuf>::new());
    let rest = body.collect().await.expect("the rest").to_bytes();
    assert!([first, rest].concat() == long.as_bytes());
}

/// As a process leaves it that is killed between any two of the folders.
#[tokio::test]
async fn a_process_that_ends_in_the_midst_of_it_brings_nothing_back() {
    for moved in [0_u8, 1, 100, 255] {
        let folder = Folder::new();
        let (disk, keys) = filled(&folder, 40).await;
        let shard = |key: &Key| Name::Card(Digest::of_key(key.lend())).shard();
        for shard in 0..moved {
            let serial = disk.state.bodies.new_serial();
            let end = disk.state.files.move_away(shard, serial);
            end.expect("it is moved");
        }
        drop(disk);
        let disk = open(&folder).await;
        let left = keys.iter().filter(|key| shard(key) >= moved).count();
        assert_eq!(found(&disk, &keys).await, 2 * left);
        disk.searched().await;
        unlinked(&folder).await;
        assert_eq!((disk.keys(), files(&folder.0).len()), (left, 3 * left));
        assert_eq!(invalidate(&disk, Selector::All).await, 2 * left);
    }
}

#[tokio::test]
async fn what_an_ended_process_had_cleared_is_unlinked_by_the_next_and_files_of_others_stay() {
    let folder = Folder::new();
    let (disk, _) = filled(&folder, 5).await;
    drop(disk);
    let cleared = root(&folder).join("cleared");
    let shard = |number: u64| cleared.join(format!("{number:016x}"));
    fs::create_dir_all(&cleared).expect("a folder");
    let ours = files(&root(&folder));
    for (number, file) in ours.iter().enumerate() {
        let shard = shard(number as u64);
        fs::create_dir(&shard).expect("a folder");
        fs::rename(file, shard.join(file.file_name().expect("a name"))).expect("it is moved");
    }
    let mine = [
        shard(0).join("mine"),
        cleared.join("mine/mine"),
        cleared.join("my"),
    ];
    fs::create_dir(cleared.join("mine")).expect("a folder");
    for mine in &mine {
        fs::write(mine, "mine").expect("a file");
    }
    fs::write(shard(99), "no folder").expect("a file");
    let disk = open(&folder).await;
    disk.searched().await;
    while shard(ours.len() as u64 - 1).exists() || files(&folder.0).len() > 4 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert_eq!(disk.keys(), 0);
    assert!(mine.iter().all(|file| file.exists()));
}

#[tokio::test]
async fn what_cannot_be_moved_goes_key_by_key() {
    let folder = Folder::new();
    let (disk, keys) = filled(&folder, 30).await;
    fs::write(root(&folder).join("cleared"), "in the way").expect("a file");
    for _ in 0..2 {
        assert_eq!(invalidate(&disk, Selector::All).await, 60);
        assert_eq!((disk.keys(), files(&folder.0).len()), (0, 1));
        for (id, key) in (1..).zip(&keys) {
            put(&disk, key, variant(id, "body")).await;
            put(&disk, key, variant(id + 30, "another")).await;
        }
    }
    fs::remove_file(root(&folder).join("cleared")).expect("it is a file");
    let mut shards = (0..=255).map(|shard| root(&folder).join(format!("{shard:02x}")));
    let mine = shards.find(|shard| !shard.exists()).expect("an unused one");
    fs::write(&mine, "of somebody else").expect("a file");
    invalidate(&disk, Selector::All).await;
    assert!(mine.is_file() && found(&disk, &keys).await == 0);
}

#[tokio::test]
async fn folders_that_were_moved_are_synced_by_whoever_comes_next() {
    let nobody = || Selector::Tag("nobody-has-it".into());
    let folder = Folder::new();
    let (disk, keys) = filled(&folder, 1).await;
    let synced = |disk: &Disk| disk.state.files.synced.load(Ordering::Relaxed);
    invalidate(&disk, nobody()).await;
    let before = synced(&disk);
    let shard = Name::Card(Digest::of_key(keys[0].lend())).shard();
    let moved = disk.state.files.move_away(shard, 7);
    assert!(moved.expect("it is moved") && synced(&disk) == before);
    for _ in 0..2 {
        invalidate(&disk, nobody()).await;
        assert_eq!(synced(&disk), before + 1);
    }
    drop(disk);
    let disk = open(&folder).await;
    disk.searched().await;
    for _ in 0..2 {
        // It may be that the process ended before that.
        disk.remove(&keys[0], &[1]).wait().await.expect("a removal");
        assert_eq!(synced(&disk), 1);
    }
}

/// Keeps everybody else from a key until it is told to let go.
fn hold(disk: &Disk, key: &Key) -> mpsc::Sender<()> {
    let (state, at) = (Arc::clone(&disk.state), Digest::of_key(key.lend()));
    let (release, released) = mpsc::channel();
    let (holds, held) = mpsc::channel();
    std::thread::spawn(move || {
        let _alone = state.hold(&at);
        holds.send(()).expect("somebody waits");
        released.recv()
    });
    held.recv().expect("it is held");
    release
}

#[tokio::test]
async fn whoever_asks_for_what_is_being_done_waits_for_it_and_does_not_do_it_again() {
    for selector in [
        Selector::Tag("every".into()),
        Selector::Prefix("http://a.".into()),
        Selector::Pattern("*example*".into()),
    ] {
        let folder = Folder::new();
        let (disk, keys) = filled(&folder, 30).await;
        let stripe = |key: &Key| usize::from(Digest::of_key(key.lend()).0[15]) % state::STRIPES;
        let free = keys.iter().find(|key| stripe(key) != stripe(&keys[0]));
        let free = free.expect("another one");
        let held = hold(&disk, &keys[0]);
        let mut first = task::spawn(disk.invalidate(&selector).wait());
        assert_pending!(first.poll());
        while disk.writers.available_permits() == WRITERS {
            tokio::task::yield_now().await;
        }
        // It has begun by the time that this is put, or does so later.
        put(&disk, free, variant(1, "put before the second")).await;
        let mut second = task::spawn(disk.invalidate(&selector).wait());
        assert_pending!(second.poll());
        put(&disk, free, variant(2, "meanwhile")).await;
        held.send(()).expect("somebody holds it");
        let counts = [first.await, second.await].map(|end| end.expect("an end"));
        assert!(counts[0] >= 58 && counts[0] == counts[1], "{counts:?}");
        assert_eq!(found(&disk, &keys).await, 0, "{selector:?}");
        put(&disk, free, variant(1, "new")).await;
        assert_eq!(invalidate(&disk, selector.clone()).await, 1);
    }
}
