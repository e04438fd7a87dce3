//! Bodies that become files.

use std::fs;
use std::path::PathBuf;
use std::task::{Context, Waker};
use std::time::Duration;

use buttress_testkit::{Step, channel};

use super::scripted;

/// A folder of its own, removed at the end.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("buttress-save-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.0
    }

    pub(super) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

fn in_two(end: Result<&'static str, &'static str>) -> Step {
    Step::ok().body_with(move || {
        let (frames, body) = channel();
        frames.data("one ");
        match end {
            Ok(text) => frames.data(text),
            Err(fault) => frames.error(fault),
        }
        body
    })
}

#[tokio::test]
async fn ic61_a_body_is_saved_whole_in_place_of_what_was_there() {
    let folder = Folder::new("whole");
    let path = folder.0.join("a.txt");
    fs::write(&path, "old").unwrap();
    let (client, _) = scripted([in_two(Ok("two"))]);
    let response = client.get("/").send().await.unwrap();
    assert_eq!(response.save(&path).await.unwrap(), 7);
    assert_eq!(fs::read(&path).unwrap(), b"one two");
    assert_eq!(folder.names(), ["a.txt"]);
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_what_was_there() {
    let folder = Folder::new("broken");
    let path = folder.0.join("a.txt");
    fs::write(&path, "old").unwrap();
    let (client, _) = scripted([in_two(Err("reset"))]);
    let response = client.get("/").send().await.unwrap();
    response.save(&path).await.unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(folder.names(), ["a.txt"]);
}

/// What a download that broke off has left is not for others to write to.
#[tokio::test]
async fn a_save_writes_to_no_file_that_is_there() {
    let folder = Folder::new("beside");
    let part = folder.0.join("a.txt.part");
    fs::write(&part, "of a download").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&part, folder.0.join("b.txt.part")).unwrap();
    let (client, _) = scripted([Step::ok().body("whole")]);
    for name in ["a.txt", "b.txt"] {
        let response = client.get("/").send().await.unwrap();
        response.save(folder.0.join(name)).await.unwrap();
        assert_eq!(fs::read(folder.0.join(name)).unwrap(), b"whole");
    }
    assert_eq!(fs::read(&part).unwrap(), b"of a download");
}

#[tokio::test]
async fn two_saves_to_one_place_at_once_do_not_mix() {
    let folder = Folder::new("twice");
    let path = folder.0.join("a.txt");
    let (first, one) = channel();
    let (second, two) = channel();
    let bodies = std::sync::Mutex::new(vec![two, one]);
    let step = Step::ok().body_with(move || bodies.lock().unwrap().pop().unwrap());
    let (client, _) = scripted([step]);
    let save = async || client.get("/").send().await.unwrap().save(&path).await;
    let write = async {
        for frames in [&first, &second, &first, &second] {
            frames.data(if std::ptr::eq(frames, &first) {
                "1"
            } else {
                "2"
            });
            tokio::task::yield_now().await;
        }
        drop((first, second));
    };
    let (one, two, ()) = tokio::join!(save(), save(), write);
    assert_eq!((one.unwrap(), two.unwrap()), (2, 2));
    let whole = fs::read(&path).unwrap();
    assert!(whole == b"11" || whole == b"22", "{whole:?}");
    assert_eq!(folder.names(), ["a.txt"]);
}

#[tokio::test]
async fn a_file_whose_own_name_ends_with_part_is_no_part_of_another() {
    let folder = Folder::new("part");
    let named = |name: &str, body: &'static str| {
        let header = format!("attachment; filename=\"{name}\"");
        Step::ok().header("content-disposition", &header).body(body)
    };
    let (client, _) = scripted([named("a.part", "first"), named("a", "second")]);
    for _ in 0..2 {
        let response = client.get("/").send().await.unwrap();
        response.save_in(folder.path()).await.unwrap();
    }
    assert_eq!(folder.names(), ["a", "a_part"]);
    assert_eq!(fs::read(folder.0.join("a_part")).unwrap(), b"first");
}

#[tokio::test(start_paused = true)]
async fn a_save_that_is_dropped_leaves_nothing() {
    let folder = Folder::new("dropped");
    let stalls = Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.data("one ");
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(frames);
        });
        body
    });
    let (client, server) = scripted([stalls]);
    let response = client.get("/").send().await.unwrap();
    let save = response.save(folder.0.join("a.txt"));
    let end = tokio::time::timeout(Duration::from_secs(1), save).await;
    assert!(end.is_err(), "{end:?}");
    assert!(folder.names().is_empty(), "{:?}", folder.names());
    assert_eq!(server.open_bodies(), 0);
}

#[test]
fn a_save_that_is_dropped_at_any_time_leaves_a_whole_file_or_none() {
    let folder = Folder::new("dropped-early");
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, _) = scripted([Step::ok().body("x")]);
        for polls in 1..30 {
            let response = client.get("/").send().await.unwrap();
            let mut save = Box::pin(response.save_in(folder.path()));
            for _ in 0..polls {
                let mut cx = Context::from_waker(Waker::noop());
                if save.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
                // What it waits for may be done by the next look, or not.
                tokio::task::spawn_blocking(|| ()).await.unwrap();
            }
        }
    });
    // It waits for what was begun on other threads.
    drop(runtime);
    for name in folder.names() {
        let file = fs::read(folder.0.join(&name)).unwrap();
        assert!(file == b"x" && name.starts_with("v1"), "{name}: {file:?}");
    }
}

#[tokio::test]
async fn no_success_and_no_place_are_errors_and_write_nothing() {
    let folder = Folder::new("refused");
    let (client, _) = scripted([Step::status(404).body("nobody"), Step::ok().body("x")]);
    let path = folder.0.join("a.txt");
    let absent = client.get("/").send().await.unwrap();
    assert!(absent.save(&path).await.unwrap_err().is_not_found());
    let response = client.get("/").send().await.unwrap();
    let error = response
        .save(folder.0.join("none/a.txt"))
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("`a.txt` cannot be written"),
        "{error}"
    );
    assert!(folder.names().is_empty());
}

#[tokio::test]
async fn ic61_a_body_is_saved_in_a_folder_under_a_safe_name_and_replaces_nothing() {
    let folder = Folder::new("named");
    let named = |name: &str| {
        let header = format!("attachment; filename=\"{name}\"");
        Step::ok().header("content-disposition", &header).body("x")
    };
    let steps = [
        named("../../etc/passwd"),
        named("passwd"),
        named("a.tar.gz"),
        named("a.tar.gz"),
        named(".."),
        Step::ok().body("y"),
        Step::status(404),
    ];
    let (client, _) = scripted(steps);
    let mut names = Vec::new();
    for path in ["/", "/", "/", "/", "/files/b%20c.txt", "/"] {
        let response = client.get(path).send().await.unwrap();
        let at = response.save_in(folder.path()).await.unwrap();
        assert_eq!(at.parent(), Some(folder.path()));
        names.push(at.file_name().unwrap().to_str().unwrap().to_owned());
    }
    let expected = [
        "passwd",
        "passwd (1)",
        "a.tar.gz",
        "a (1).tar.gz",
        "b c.txt",
        "v1",
    ];
    assert_eq!(names, expected);
    let response = client.get("/").send().await.unwrap();
    response.save_in(folder.path()).await.unwrap_err();
    assert_eq!(folder.names().len(), 6, "what failed leaves nothing");
}
