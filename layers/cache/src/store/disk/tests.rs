use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use bytes::Bytes;
use http_body_util::BodyExt;

use super::*;
use crate::store::suite::{self, Folder, bodies, get, head, invalidate, key, put, variant};

mod bodies;
mod clearing;
mod folder;
mod forgetting;
mod writing;

const ROOMY: u64 = 64 << 20;

async fn open(folder: &Folder) -> Disk {
    Disk::open(&folder.0, ROOMY).await.expect("it opens")
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else if path.file_name().is_some_and(|name| name != "lock") {
            files.push(path);
        }
    }
    files
}

/// Waits until what was cleared is unlinked, which is done in another thread.
async fn unlinked(folder: &Folder) {
    let cleared = folder.0.join("buttress-cache-1/cleared");
    while cleared.exists() && fs::read_dir(&cleared).expect("a folder").next().is_some() {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

fn is_body(path: &Path) -> bool {
    path.extension().is_some()
}

#[tokio::test]
async fn disk_does_what_every_store_must() {
    let folder = Folder::new();
    let count = std::cell::Cell::new(0);
    suite::run(async || {
        count.set(count.get() + 1);
        let own = folder.0.join(count.get().to_string());
        Disk::open(own, ROOMY).await.expect("it opens")
    })
    .await;
}

#[tokio::test]
async fn what_was_stored_is_found_again_before_and_after_the_search() {
    let folder = Folder::new();
    let keys: Vec<Key> = (0..40)
        .map(|n| key(&format!("http://a.example/{n}")))
        .collect();
    let disk = open(&folder).await;
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, &format!("old {id}"))).await;
        put(&disk, key, variant(id + 100, &format!("new {id}"))).await;
    }
    let updated = head("updated", 5);
    let end = disk.update(&keys[0], 1, updated.clone()).wait().await;
    end.expect("an update");
    let bytes = disk.bytes();
    drop(disk);

    let disk = open(&folder).await;
    let found = get(&disk, &keys[0]).await;
    assert_eq!(bodies(&disk, &keys[0]).await, ["new 1", "old 1"]);
    assert_eq!(found[1].as_ref(), updated.as_ref());
    assert_eq!(found[0].tags(), variant(101, "").tags());
    disk.searched().await;
    assert_eq!((disk.keys(), disk.bytes()), (40, bytes));
    for (id, key) in (1..).zip(&keys) {
        let expected = [format!("new {id}"), format!("old {id}")];
        assert_eq!(bodies(&disk, key).await, expected);
    }
    let other = disk.get(key("http://a.example/other").lend());
    assert!(matches!(other, Answer::Now(_)), "no look at the disk");
}

#[tokio::test]
async fn a_head_is_updated_without_its_body() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    put(&disk, &key, variant(1, "body")).await;
    let about = |body: bool| {
        let mut files = files(&folder.0).into_iter();
        let file = files.find(|file| is_body(file) == body).expect("a file");
        fs::metadata(file).expect("a file").ino()
    };
    let before = [about(false), about(true)];
    let end = disk.update(&key, 1, head("new", 4)).wait().await;
    end.expect("an update");
    assert_ne!(about(false), before[0], "the head is another file");
    assert_eq!(about(true), before[1], "the body is the same");
    assert_eq!(bodies(&disk, &key).await, ["body"]);
}

/// What the files really take.
fn taken(folder: &Path) -> u64 {
    let files = files(folder).into_iter();
    index::on_disk(files.map(|file| fs::metadata(file).map_or(0, |about| about.len())))
}

#[tokio::test]
async fn bytes_stay_below_the_bound_and_what_is_used_stays() {
    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 400_000).await.expect("it opens");
    let key_of = |n: u64| key(&format!("http://a.example/{n}"));
    for n in 0..10 {
        put(&disk, &key_of(n), variant(n, &"x".repeat(2_000))).await;
        for _ in 0..2 {
            assert!(!get(&disk, &key_of(n)).await.is_empty());
        }
    }
    for n in 100..400 {
        put(&disk, &key_of(n), variant(n, &"x".repeat(2_000))).await;
        assert!(disk.bytes() <= 400_000);
        assert!(taken(&folder.0) <= 400_000, "files go with the index");
    }
    assert!(disk.bytes() > 300_000, "room is used");
    assert_eq!(taken(&folder.0), disk.bytes());
    let mut kept = 0;
    for n in 0..10 {
        kept += get(&disk, &key_of(n)).await.len();
    }
    assert!(kept >= 9, "{kept} of 10 were kept through the scan");

    drop(disk);
    let disk = Disk::open(&folder.0, 100_000).await.expect("it opens");
    disk.searched().await;
    assert!(disk.bytes() <= 100_000 && disk.bytes() > 50_000);
    assert_eq!(
        taken(&folder.0),
        disk.bytes(),
        "a lower bound counts at once"
    );
}

#[tokio::test]
async fn a_response_larger_than_all_is_not_kept_and_hurts_nobody() {
    let folder = Folder::new();
    let disk = Disk::open(&folder.0, 100_000).await.expect("it opens");
    let (one, large) = (key("http://a.example/"), key("http://a.example/large"));
    put(&disk, &one, variant(1, "one")).await;
    put(&disk, &large, variant(2, "small")).await;
    put(&disk, &large, variant(2, &"x".repeat(200_000))).await;
    assert!(get(&disk, &large).await.is_empty(), "the old one went too");
    put(&disk, &large, variant(3, &"x".repeat(97_000))).await;
    assert!(
        get(&disk, &large).await.is_empty(),
        "with its card it is too large"
    );
    assert_eq!(bodies(&disk, &one).await, ["one"]);
    assert_eq!(taken(&folder.0), disk.bytes());
}

/// A store and a model of it go through the same, with a new process now and then.
#[tokio::test]
async fn it_does_what_a_simple_model_does_whenever_it_is_opened_anew() {
    let mut random = fastrand::Rng::with_seed(20);
    let folder = Folder::new();
    let mut disk = open(&folder).await;
    let keys = (0..6).map(|n| key(&format!("http://{}.example/{n}", n % 2)));
    let keys: Vec<Key> = keys.collect();
    let mut model: BTreeMap<usize, Vec<(u64, String)>> = BTreeMap::new();
    for step in 0..1_500_u64 {
        let at = random.usize(..keys.len());
        let (key, old) = (&keys[at], model.entry(at).or_default());
        match random.u32(..100) {
            0..50 => {
                let (id, body) = (random.u64(..8), format!("{step}"));
                let replaces = [random.u64(..8)];
                old.retain(|(other, _)| *other != id && *other != replaces[0]);
                old.insert(0, (id, body.clone()));
                let end = disk.put(key, variant(id, &body), &replaces).wait().await;
                end.expect("a put");
            }
            50..65 => {
                let ids = [random.u64(..8), random.u64(..8)];
                old.retain(|(id, _)| !ids.contains(id));
                disk.remove(key, &ids).wait().await.expect("a removal");
            }
            65..75 => {
                let head = head(&format!("\"{step}\""), 9);
                let end = disk.update(key, random.u64(..8), head).wait().await;
                end.expect("an update");
            }
            75..80 => {
                let gone = invalidate(&disk, Selector::Key(key.clone())).await;
                assert_eq!(gone, std::mem::take(old).len());
            }
            80..84 => {
                let id = random.u64(..8);
                let gone = invalidate(&disk, Selector::Tag(format!("tag-{id}").into())).await;
                let before: usize = model.values().map(Vec::len).sum();
                for old in model.values_mut() {
                    old.retain(|(other, _)| *other != id);
                }
                // Those that were not found yet are not counted.
                assert!(gone <= before - model.values().map(Vec::len).sum::<usize>());
            }
            84..86 => {
                let gone = invalidate(&disk, Selector::Prefix("http://1".into())).await;
                let odd = model.iter_mut().filter(|(at, _)| *at % 2 == 1);
                let there: usize = odd.map(|(_, old)| std::mem::take(old).len()).sum();
                assert!(gone <= there);
            }
            86..90 => {
                drop(disk);
                disk = open(&folder).await;
            }
            _ => {
                let expected: Vec<_> = old.iter().map(|(_, body)| body.clone()).collect();
                assert_eq!(bodies(&disk, key).await, expected, "step {step}");
            }
        }
    }
    disk.searched().await;
    let keys = model.values().filter(|old| !old.is_empty()).count();
    assert_eq!(disk.keys(), keys);
    let responses: usize = model.values().map(Vec::len).sum();
    assert_eq!(
        files(&folder.0).len(),
        keys + responses,
        "nothing is left over"
    );
    assert_eq!(taken(&folder.0), disk.bytes());
}
