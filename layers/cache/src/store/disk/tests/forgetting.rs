//! What is invalidated, is gone.

use std::sync::atomic::Ordering;

use super::*;

#[tokio::test]
async fn what_is_invalidated_while_the_search_goes_on_is_gone() {
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
        assert!(count <= 30, "those that were found: {selector:?}");
        for key in &keys {
            assert!(get(&disk, key).await.is_empty(), "{selector:?}");
        }
        disk.searched().await;
        unlinked(&folder).await;
        drop(disk);
        assert_eq!(files(&folder.0), Vec::<PathBuf>::new(), "{selector:?}");
    }
}

/// As if the search lasted for ever, and the process ended in the midst of it.
#[tokio::test]
async fn an_invalidation_does_not_wait_for_the_search_and_is_done_after_a_restart_all_the_same() {
    let folder = Folder::new();
    let keys = ["a", "b", "c"].map(|host| key(&format!("http://{host}.example/")));
    let disk = open(&folder).await;
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, "old")).await;
    }
    drop(disk);
    let endless = |run| {
        let root = folder.0.join("buttress-cache-1");
        let files = files::Files::at(root).expect("a folder");
        let lock = fs::File::create(folder.0.join("lock")).expect("a file");
        let doomed = doomed::Doomed::read(files.notes().expect("notes"), run);
        Disk {
            state: Arc::new(State::new(files, lock, ROOMY, run, doomed)),
            readers: Arc::new(Semaphore::new(1)),
            writers: Arc::new(Semaphore::new(1)),
            journal: Journal::new(),
            checks: Checks::new(),
        }
    };
    let disk = endless(1);
    for n in 0..300 {
        let nobody = Selector::Tag(format!("nobody-has-{n}").into());
        assert_eq!(invalidate(&disk, nobody).await, 0);
    }
    for tag in ["tag-1", "tag-3"] {
        invalidate(&disk, Selector::Tag(tag.into())).await;
    }
    put(&disk, &keys[0], variant(1, "new")).await;
    drop(disk);

    let disk = endless(2);
    assert_eq!(bodies(&disk, &keys[1]).await, ["old"], "nobody meant it");
    assert_eq!(bodies(&disk, &keys[0]).await, ["new"]);
    assert!(get(&disk, &keys[2]).await.is_empty(), "it was noted");
    drop(disk);
    let disk = open(&folder).await;
    disk.searched().await;
    assert_eq!(disk.keys(), 2);
    assert!(!folder.0.join("buttress-cache-1/doomed").exists());
}

#[tokio::test]
async fn what_was_not_found_before_a_restart_is_not_found_after_it() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    put(&disk, &key, variant(1, "old")).await;
    disk.searched().await;
    let line = doomed::Doomed::default().add(&Selector::All, disk.state.bodies.next_serial());
    disk.state.files.add_to_notes(&line).expect("a note");
    drop(disk);
    let disk = open(&folder).await;
    assert!(get(&disk, &key).await.is_empty());
    disk.searched().await;
    assert_eq!((disk.keys(), files(&folder.0)), (0, Vec::new()));
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
    put(&disk, &key, variant(2, "meanwhile")).await;
    let gone = invalidated.wait().await.expect("an invalidation");
    put(&disk, &key, variant(3, "new")).await;
    let left = bodies(&disk, &key).await;
    let meanwhile = left.contains(&"meanwhile".to_owned());
    assert!(gone <= 1 + usize::from(!meanwhile), "{left:?}");
    assert_eq!(left, ["new", "meanwhile"][..1 + usize::from(meanwhile)]);
    disk.searched().await;
    drop(disk);
    let disk = open(&folder).await;
    assert_eq!(bodies(&disk, &key).await, left);
}

#[tokio::test]
async fn folders_are_synced_when_something_was_forgotten_there() {
    let folder = Folder::new();
    let key = key("http://a.example/");
    let disk = open(&folder).await;
    disk.searched().await;
    let synced = || disk.state.files.synced.load(Ordering::Relaxed);
    for (selector, times) in [
        (Selector::Key(key.clone()), 1),
        (Selector::Tag("every".into()), 2),
        (Selector::All, 3),
    ] {
        put(&disk, &key, variant(1, "body")).await;
        assert_eq!(synced(), times - 1, "a put waits for no disk");
        for _ in 0..2 {
            invalidate(&disk, selector.clone()).await;
            assert_eq!(synced(), times, "once, where there was something");
        }
    }
    for _ in 0..2 {
        put(&disk, &key, variant(1, "body")).await;
        disk.remove(&key, &[1]).wait().await.expect("a removal");
        disk.remove(&key, &[1]).wait().await.expect("nothing to do");
    }
    assert_eq!(synced(), 5);
}

/// A crash of the machine undoes what was not synced, and that may be just what is invalidated.
#[tokio::test]
async fn folders_are_synced_when_what_is_meant_has_gone_before() {
    type Loss = fn(&Disk, &Key) -> Answer<()>;
    let losses: [Loss; 3] = [
        |disk, key| disk.put(key, variant(2, "other"), &[1]),
        |disk, key| disk.put(key, variant(1, "again"), &[]),
        |disk, key| {
            let at = Digest::of_key(key.lend());
            disk.state.let_go(at);
            disk.put(&suite::key("http://c.example/"), variant(3, ""), &[])
        },
    ];
    let key = key("http://a.example/");
    for lose in losses {
        for selector in [
            Selector::Tag("nobody-has-it-now".into()),
            Selector::Prefix("http://b.".into()),
            Selector::Key(key.clone()),
        ] {
            let folder = Folder::new();
            let disk = open(&folder).await;
            disk.searched().await;
            put(&disk, &key, variant(1, "body")).await;
            lose(&disk, &key).wait().await.expect("it is lost");
            let synced = || disk.state.files.synced.load(Ordering::Relaxed);
            assert_eq!(synced(), 0, "nobody waits for that");
            for _ in 0..2 {
                invalidate(&disk, selector.clone()).await;
                assert_eq!(synced(), 1, "{selector:?}");
            }
            let end = disk.update(&key, 1, head("new", 4)).wait().await;
            end.expect("an update");
            put(&disk, &key, variant(4, "new")).await;
            invalidate(&disk, Selector::Tag("nobody-has-it-now".into())).await;
            assert_eq!(synced(), 1, "nothing was lost since");
        }
    }
}

#[tokio::test]
async fn what_an_earlier_process_removed_is_synced_too() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let keys = [key("http://a.example/"), key("http://b.example/")];
    let shard = |key: &Key| Name::Card(Digest::of_key(key.lend())).shard();
    assert_ne!(shard(&keys[0]), shard(&keys[1]));
    for key in &keys {
        put(&disk, key, variant(1, "body")).await;
    }
    drop(disk);
    let disk = open(&folder).await;
    for _ in 0..2 {
        invalidate(&disk, Selector::Tag("nobody-has-it".into())).await;
        assert_eq!(disk.state.files.synced.load(Ordering::Relaxed), 2);
    }
}

#[tokio::test]
async fn a_long_name_is_invalidated_by_what_is_at_its_end() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    let long = format!("http://a.example/{}", "x".repeat(300));
    let keys = ["1", "2"].map(|end| key(&format!("{long}{end}")));
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, "body")).await;
    }
    let pattern = Selector::Pattern("*2".into());
    assert_eq!(invalidate(&disk, pattern).await, 1);
    assert!(get(&disk, &keys[1]).await.is_empty());
    let prefix = |end: &str| Selector::Prefix(format!("{long}{end}").into());
    assert_eq!(invalidate(&disk, prefix("2")).await, 0);
    assert_eq!(invalidate(&disk, prefix("1")).await, 1);
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
async fn what_could_not_be_removed_is_not_taken_for_forgotten() {
    let key = key("http://a.example/");
    for selector in [
        Selector::All,
        Selector::Tag("every".into()),
        Selector::Key(key.clone()),
    ] {
        for is_swept in [false, true] {
            let folder = Folder::new();
            let disk = open(&folder).await;
            disk.searched().await;
            put(&disk, &key, variant(1, "old")).await;
            let stuck = &disk.state.files.is_stuck;
            stuck.store(true, Ordering::Relaxed);
            if is_swept {
                disk.state.let_go(Digest::of_key(key.lend()));
            }
            for _ in 0..2 {
                let end = disk.invalidate(&selector).wait().await;
                end.expect_err("it is still there");
            }
            stuck.store(false, Ordering::Relaxed);
            let gone = invalidate(&disk, selector.clone()).await;
            assert_eq!(gone, usize::from(!is_swept), "{selector:?}");
            drop(disk);
            let disk = open(&folder).await;
            assert!(get(&disk, &key).await.is_empty(), "{selector:?}");
            disk.searched().await;
            unlinked(&folder).await;
            assert_eq!(files(&folder.0), Vec::<PathBuf>::new(), "{selector:?}");
        }
    }
}

/// What cannot be read now may be read by the next process, say when a disk is there again.
#[tokio::test]
async fn what_is_invalidated_after_a_search_that_failed_in_part_is_not_found_by_the_next() {
    for selector in [
        Selector::All,
        Selector::Prefix("http://a.".into()),
        Selector::Pattern("*a.example*".into()),
        Selector::Tag("every".into()),
    ] {
        let folder = Folder::new();
        let [lost, other] = ["http://a.example/lost", "http://a.example/other"].map(key);
        let disk = open(&folder).await;
        put(&disk, &lost, variant(1, "old")).await;
        drop(disk);
        let shard = Name::Card(Digest::of_key(lost.lend())).shard();
        let shard = folder.0.join(format!("buttress-cache-1/{shard:02x}"));
        let away = folder.0.join("away");
        fs::rename(&shard, &away).expect("it is away");
        fs::write(&shard, "what cannot be searched").expect("a file");

        let disk = open(&folder).await;
        disk.searched().await;
        assert_eq!(invalidate(&disk, selector.clone()).await, 0);
        put(&disk, &other, variant(2, "new")).await;
        drop(disk);
        fs::remove_file(&shard).expect("it is back");
        fs::rename(&away, &shard).expect("it is back");
        for _ in 0..2 {
            let disk = open(&folder).await;
            disk.searched().await;
            assert!(get(&disk, &lost).await.is_empty(), "{selector:?}");
            assert_eq!(bodies(&disk, &other).await, ["new"], "{selector:?}");
        }
        assert!(!folder.0.join("buttress-cache-1/doomed").exists());
    }
}

#[tokio::test]
async fn what_is_noted_for_the_next_process_has_a_bound() {
    let folder = Folder::new();
    let disk = open(&folder).await;
    disk.searched().await;
    drop(disk);
    fs::write(
        folder.0.join("buttress-cache-1/07"),
        "what cannot be searched",
    )
    .expect("a file");
    let disk = open(&folder).await;
    disk.searched().await;
    let key = key("http://a.example/");
    for n in 0..25 {
        let long = format!("{}{}", "x".repeat(100_000), n % 2);
        invalidate(&disk, Selector::Tag(long.into())).await;
        let notes = fs::metadata(folder.0.join("buttress-cache-1/doomed"));
        assert!(notes.expect("notes").len() <= 1 << 20);
        put(&disk, &key, variant(n, "body")).await;
    }
    drop(disk);
    let disk = open(&folder).await;
    assert_eq!(get(&disk, &key).await.len(), 25, "nobody meant them");
}

#[derive(Clone, Default)]
struct Told(Arc<std::sync::atomic::AtomicUsize>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Told {
    fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn what_cannot_be_removed_is_told_of_once_and_tried_again_a_little_at_a_time() {
    use tracing_subscriber::layer::SubscriberExt;
    let folder = Folder::new();
    let disk = open(&folder).await;
    disk.searched().await;
    let keys = (0..20).map(|n| key(&format!("http://a.example/{n}")));
    let keys: Vec<Key> = keys.collect();
    for (id, key) in (1..).zip(&keys) {
        put(&disk, key, variant(id, "body")).await;
    }
    let told = Told::default();
    let _guard = buttress_testkit::listen(tracing_subscriber::registry().with(told.clone()));
    let told = || told.0.load(Ordering::Relaxed);
    let refused = || disk.state.files.refused.load(Ordering::Relaxed);
    disk.state.files.is_stuck.store(true, Ordering::Relaxed);
    for key in &keys {
        disk.state.let_go(Digest::of_key(key.lend()));
    }
    disk.state.tidy();
    assert_eq!((told(), refused()), (1, 20));
    for round in 1..=60 {
        disk.state.tidy();
        assert_eq!((told(), refused()), (1, 20 + round));
    }
    disk.state.files.is_stuck.store(false, Ordering::Relaxed);
    for left in (0..20).rev() {
        disk.state.tidy();
        assert_eq!(files(&folder.0).len(), 2 * left, "each had its turn");
    }
}
