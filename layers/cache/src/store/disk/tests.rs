use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use bytes::Bytes;
use http_body_util::BodyExt;

use super::*;
use crate::store::suite::{self, Folder, bodies, get, head, invalidate, key, put, variant};

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
async fn what_is_invalidated_while_the_search_goes_on_is_counted_and_gone() {
    for selector in [
        Selector::All,
        Selector::Prefix("http://a.example/".into()),
        Selector::Pattern("http://*".into()),
        Selector::Tag("every".into()),
    ] {
        let folder = Folder::new();
        let keys = (0..30).map(|n| key(&format!("http://a.example/{n}")));
        let keys: Vec<Key> = keys.collect();
        let disk = open(&folder).await;
        for (id, key) in (1..).zip(&keys) {
            put(&disk, key, variant(id, "body")).await;
        }
        drop(disk);

        let disk = open(&folder).await;
        let count = invalidate(&disk, selector.clone()).await;
        assert_eq!(count, 30, "{selector:?}");
        for key in &keys {
            assert!(get(&disk, key).await.is_empty(), "{selector:?}");
        }
        drop(disk);
        assert_eq!(files(&folder.0), Vec::<PathBuf>::new(), "{selector:?}");
    }
}

#[tokio::test]
async fn a_later_response_survives_what_an_earlier_one_was_doomed_by() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    put(&disk, &key, variant(1, "old")).await;
    drop(disk);

    let disk = open(&folder).await;
    let invalidated = disk.invalidate(&Selector::All);
    put(&disk, &key, variant(2, "new")).await;
    let _ = invalidated.wait().await.expect("an invalidation");
    disk.searched().await;
    let left = bodies(&disk, &key).await;
    assert!(
        left == ["new"] || left.is_empty(),
        "{left:?}: never the old"
    );
}

#[tokio::test]
async fn what_was_fetched_before_an_invalidation_is_not_put_after_it() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    for (selector, stays) in [
        (Selector::Key(key.clone()), false),
        (Selector::Tag("every".into()), false),
        (Selector::All, false),
        (Selector::Tag("other".into()), true),
        (Selector::Key(suite::key("http://b.example/")), true),
    ] {
        put(&disk, &key, variant(1, "old")).await;
        let late = disk.put(&key, variant(2, "late"), &[1]);
        invalidate(&disk, selector.clone()).await;
        late.wait().await.expect("a put");
        let found = bodies(&disk, &key).await;
        assert_eq!(found == ["late"], stays, "{selector:?}: {found:?}");
        assert_eq!(found.is_empty(), !stays, "{selector:?}: {found:?}");
        put(&disk, &key, variant(2, "in time")).await;
        assert_eq!(bodies(&disk, &key).await, ["in time"]);
        invalidate(&disk, Selector::All).await;
    }
    for number in 0..200 {
        put(&disk, &key, variant(number, "body")).await;
    }
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

#[tokio::test]
async fn nobody_else_may_look_into_the_files() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    put(&disk, &key("http://a.example/"), variant(1, "body")).await;
    let root = folder.0.join("buttress-cache-1");
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    for file in files(&root) {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
        assert_eq!(mode(file.parent().expect("a folder")), 0o700);
    }
    assert_eq!(mode(&root), 0o700);
    assert_eq!(mode(&root.join("lock")), 0o600);

    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).expect("they change");
    drop(disk);
    let _disk = open(&folder).await;
    assert_eq!(mode(&root), 0o700, "whoever could look into it before");
}

#[tokio::test]
async fn names_of_files_tell_nothing_and_lead_nowhere() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    for (id, name) in (1..).zip([
        "../../../escape",
        "/etc/passwd",
        "a\0b",
        "CON",
        &"x".repeat(5_000),
    ]) {
        put(&disk, &key(name), variant(id, "body")).await;
    }
    let files = files(&folder.0);
    assert_eq!(files.len(), 10, "two for each, all of them in the folder");
    for file in files {
        let name = file.file_name().and_then(|name| name.to_str());
        assert!(name.is_some_and(|name| names::Name::read(name).is_some()));
    }
}

#[tokio::test]
async fn two_stores_cannot_use_one_folder() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let error = Disk::open(&folder.0, ROOMY)
        .await
        .expect_err("it is in use");
    let text = error.to_string();
    assert!(
        text.contains("another process") && text.contains("Redis"),
        "{text}"
    );
    drop(disk);
    open(&folder).await;
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_a_clear_error() {
    let folder = Folder::new();
    let file = folder.0.join("file");
    fs::write(&file, "").expect("a file");
    for path in [&file, &file.join("below"), Path::new("/proc/nowhere")] {
        let error = Disk::open(path, ROOMY).await.expect_err("no folder");
        let text = error.to_string();
        assert!(text.contains(path.to_str().expect("text")), "{text}");
        assert!(text.contains("may write there"), "{text}");
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = Disk::open(&folder.0, 0).await.expect_err("no room");
    assert!(error.to_string().contains("keeps nothing"));
}

#[tokio::test]
async fn a_disk_that_cannot_be_written_is_an_error_and_leaves_all_as_it_was() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    put(&disk, &key, variant(1, "one")).await;
    let aside = folder.0.join("buttress-cache-1/new");
    fs::remove_dir(&aside).expect("it is empty");
    fs::write(&aside, "in the way").expect("a file");
    disk.put(&key, variant(2, "two"), &[1])
        .wait()
        .await
        .expect_err("it fails");
    disk.update(&key, 1, head("new", 3))
        .wait()
        .await
        .expect_err("it fails");
    assert_eq!(bodies(&disk, &key).await, ["one"]);
    assert_eq!(
        invalidate(&disk, Selector::Key(key.clone())).await,
        1,
        "to forget needs no room"
    );
}

#[tokio::test]
async fn damaged_files_are_never_served_and_go() {
    type Harm = fn(&mut Vec<u8>);
    let harms: [Harm; 5] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        Vec::clear,
        |bytes| bytes.push(0),
        |bytes| bytes.fill(0),
        |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
    ];
    for (number, harm) in harms.iter().enumerate() {
        for body in [false, true] {
            let folder = Folder::new();
            let key = key("http://a.example/");
            let disk = open(&folder).await;
            put(&disk, &key, variant(1, "some text")).await;
            drop(disk);
            let harmed = files(&folder.0);
            let harmed = harmed.iter().find(|file| is_body(file) == body);
            let harmed = harmed.expect("a file");
            let mut bytes = fs::read(harmed).expect("a file");
            harm(&mut bytes);
            fs::write(harmed, bytes).expect("a file");

            let disk = open(&folder).await;
            disk.searched().await;
            let end = disk.body(&key, 1, 0..9).wait().await;
            assert!(end.expect("an answer").is_none(), "harm {number} to {body}");
            assert!(get(&disk, &key).await.is_empty(), "harm {number} to {body}");
            drop(disk);
            let left = files(&folder.0);
            assert_eq!(left, Vec::<PathBuf>::new(), "harm {number} to {body}");
        }
    }
}

#[tokio::test]
async fn leftovers_go_and_files_of_others_stay() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    put(&disk, &key, variant(1, "body")).await;
    drop(disk);
    let root = folder.0.join("buttress-cache-1");
    let ours = files(&root);
    let card = ours.iter().find(|file| !is_body(file)).expect("a card");
    let text = |path: &Path| path.to_str().expect("text").to_owned();
    let orphans = [
        text(card) + ".0123456789abcdef",
        text(&root.join("new/00000000000000ff")),
    ];
    let foreign = [
        text(&folder.0.join("mine")),
        text(&root.join("mine")),
        text(&root.join("new/mine")),
        text(card) + ".mine",
    ];
    for file in orphans.iter().chain(&foreign) {
        fs::write(file, "left").expect("a file");
    }
    let disk = open(&folder).await;
    disk.searched().await;
    drop(disk);
    assert!(orphans.iter().all(|file| !Path::new(file).exists()));
    assert!(foreign.iter().all(|file| Path::new(file).exists()));
    assert!(ours.iter().all(|file| file.exists()));
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

#[tokio::test]
async fn what_varies_by_a_secret_is_not_written_down() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    let with = |name: &'static str| {
        let mut head = head("e", 4).as_ref().clone();
        head.vary.names = vec![http::HeaderName::from_static(name)];
        head.vary.rows = vec![vec![Some(b"sesame".as_slice().into())]];
        Head::new(head)
    };
    let vary = |id, name| {
        let body = Some(Bytes::from("body"));
        Variant::restore(id, with(name), &[], body)
    };
    put(&disk, &key, vary(1, "accept")).await;
    put(&disk, &key, vary(2, "cookie")).await;
    assert_eq!(get(&disk, &key).await.len(), 1);
    let end = disk.update(&key, 1, with("x-api-key")).wait().await;
    end.expect("an update");
    assert!(get(&disk, &key).await.is_empty(), "it says so now");
    for file in files(&folder.0) {
        let bytes = fs::read(&file).expect("a file");
        assert!(!bytes.windows(6).any(|part| part == b"sesame"));
    }
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
                assert_eq!(gone, before - model.values().map(Vec::len).sum::<usize>());
            }
            84..86 => {
                let gone = invalidate(&disk, Selector::Prefix("http://1".into())).await;
                let odd = model.iter_mut().filter(|(at, _)| *at % 2 == 1);
                let there: usize = odd.map(|(_, old)| std::mem::take(old).len()).sum();
                assert_eq!(gone, there);
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
