//! The folder and its files.

use std::sync::atomic::Ordering;

use super::*;

#[tokio::test]
async fn one_that_cannot_be_read_hides_no_other() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let shard = |key: &Key| Digest::of_key(key.lend()).0[0];
    let keys = (0..4_000).map(|n| key(&format!("http://a.example/{n}")));
    let keys: Vec<Key> = keys.filter(|key| shard(key) == 7).collect();
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, "body")).await;
    }
    drop(disk);
    let shard = folder.0.join("buttress-cache-1/07");
    for n in 0..10 {
        let unreadable = format!("07{n}00000000000000000000000000000");
        fs::create_dir(shard.join(unreadable)).expect("a folder in a file's place");
    }
    let disk = open(&folder).await;
    disk.searched().await;
    assert!(keys.len() > 4);
    assert_eq!(disk.keys(), keys.len());
}

#[tokio::test]
async fn one_that_can_never_be_read_goes_in_the_end() {
    let folder = Folder::new();
    let shard = folder.0.join("buttress-cache-1/07");
    fs::create_dir_all(&shard).expect("a folder");
    let unreadable = shard.join("07".repeat(16));
    std::os::unix::fs::symlink(&unreadable, &unreadable).expect("a link that leads nowhere");
    let disk = open(&folder).await;
    disk.searched().await;
    assert!(fs::symlink_metadata(&unreadable).is_err());
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

#[tokio::test]
async fn what_varies_by_a_secret_is_not_written_down() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let key = key("http://a.example/");
    put(&disk, &key, suite::varying_by(1, "cookie")).await;
    put(&disk, &key, suite::varying_by(2, "accept")).await;
    let secret = suite::head_varying_by("x-api-key");
    let end = disk.update(&key, 2, secret).wait().await;
    end.expect("an update");
    for file in files(&folder.0) {
        let bytes = fs::read(&file).expect("a file");
        assert!(!bytes.windows(6).any(|part| part == b"sesame"));
    }
}

/// The next file that is to be written aside cannot be: its name is taken.
fn obstruct(folder: &Folder, after: u64) {
    let next = folder.0.join(format!("buttress-cache-1/new/{after:016x}"));
    fs::write(next, "in the way").expect("a file");
}

#[tokio::test]
async fn a_card_that_cannot_be_written_leaves_no_body_that_nobody_counts() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    disk.searched().await;
    put(&disk, &key, variant(1, "one")).await;
    for id in 2..12 {
        let writer = disk.writer(&key).expect("it has one");
        let writer = suite::write(writer, "another").await.expect("a piece");
        let aside = files(&folder.0.join("buttress-cache-1/new"));
        let numbers = aside
            .iter()
            .filter_map(|file| names::number(file.file_name()?.to_str()?));
        let body = numbers.max().expect("the body");
        obstruct(&folder, body + 1);
        let end = writer.finish(variant(id, "another").without_body(), &[1]);
        end.wait().await.expect_err("its card cannot be written");
        assert_eq!(bodies(&disk, &key).await, ["one"]);
    }
    fs::remove_dir_all(folder.0.join("buttress-cache-1/new")).expect("what was in the way");
    assert_eq!(files(&folder.0).len(), 2);
    assert_eq!(taken(&folder.0), disk.bytes());
}

#[tokio::test]
async fn a_disk_that_is_smaller_than_the_bound_goes_on_taking_what_is_new() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    disk.searched().await;
    disk.state.files.room.store(80, Ordering::Relaxed);
    let used = key("http://a.example/used");
    put(&disk, &used, variant(1, "used")).await;
    let (mut stored, mut failed) = (0, 0);
    for id in 2..200 {
        let key = key(&format!("http://a.example/{id}"));
        let writer = disk.writer(&key).expect("it has one");
        let end = match suite::write(writer, "body").await {
            Ok(writer) => {
                writer
                    .finish(variant(id, "body").without_body(), &[])
                    .wait()
                    .await
            }
            Err(error) => Err(error),
        };
        match end {
            Ok(()) => assert_eq!(bodies(&disk, &key).await, ["body"]),
            Err(_) => failed += 1,
        }
        stored += u64::from(disk.keys() > 30);
        assert_eq!(bodies(&disk, &used).await, ["used"], "{id}");
    }
    assert!(failed < 120, "{failed} of 198 were not stored");
    assert!(stored > 150, "no more goes than has to");
    assert_eq!(taken(&folder.0), disk.bytes());
    assert_eq!(disk.state.index.capacity(), ROOMY);
}
