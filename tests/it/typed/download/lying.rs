//! What lies where a download writes: whose it is, and how much.

use std::fs;

use buttress::progress;
use buttress_testkit::{Step, channel};

use super::{FILE, Place, asked, cut, once};
use crate::typed::save::Folder;
use crate::typed::scripted;

#[tokio::test]
async fn what_came_from_elsewhere_is_not_added_to() {
    let place = Place::new("elsewhere");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), cut(200, 0, 10, "\"v1\"")]);
    let other = client.get("/a?other").download(&place.path).resumes(0);
    other.send().await.unwrap_err();
    let done = place.download(&client, 0).await.unwrap();
    assert_eq!(done.resumed_at(), 0);
    assert_eq!(asked(&server.calls()[1])[0], None);
    place.is_whole();
}

#[tokio::test]
async fn a_limit_bounds_what_lies_on_the_disk_earlier_tries_included() {
    // One that says how long it is, and one that does not.
    let endless = || {
        Step::ok().header("etag", "\"v1\"").body_with(|| {
            let (frames, body) = channel();
            frames.data(&FILE[..6]);
            frames.data(&FILE[6..]);
            body
        })
    };
    for step in [cut(200, 0, 10, "\"v1\""), endless()] {
        let place = Place::new("limited");
        let (client, server) = once([step]);
        let ask = client.get("/a").download(&place.path).limit(9);
        let error = ask.send().await.unwrap_err();
        assert!(error.is_too_large(), "{error:?}");
        assert_eq!(server.calls().len(), 1, "it would be as large once more");
        assert_eq!(place.folder.names(), [""; 0]);
    }
    let place = Place::new("limited-later");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), cut(206, 4, 10, "\"v1\"")]);
    let ask = client.get("/a").download(&place.path).limit(9);
    assert!(ask.send().await.unwrap_err().is_too_large());
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), cut(206, 4, 10, "\"v1\"")]);
    client
        .get("/a")
        .download(&place.path)
        .limit(10)
        .send()
        .await
        .unwrap();
    place.is_whole();
}

#[tokio::test]
async fn what_somebody_else_has_written_is_never_taken_for_the_file() {
    let place = Place::new("meddled");
    let part = place.folder.path().join("a.bin.part");
    // As a write of a download that was dropped does, when it lands late.
    let meddled = Step::ok().header("etag", "\"v1\"").body_with(move || {
        let (frames, body) = channel();
        frames.data(&FILE[..4]);
        let part = part.clone();
        tokio::spawn(async move {
            while fs::metadata(&part).map_or(0, |part| part.len()) < 4 {
                tokio::task::yield_now().await;
            }
            let mut late = fs::OpenOptions::new().append(true).open(&part).unwrap();
            std::io::Write::write_all(&mut late, b"late").unwrap();
            frames.data(&FILE[4..]);
        });
        body
    });
    let (client, _) = once([meddled, cut(200, 0, 10, "\"v1\"")]);
    let error = place.download(&client, 0).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("something else has written to it"),
        "{error}"
    );
    assert!(!place.path.exists());
    place.download(&client, 0).await.unwrap();
    place.is_whole();
}

#[tokio::test]
async fn of_two_downloads_at_once_none_is_taken_for_the_other() {
    let place = Place::new("two");
    let (frames, body) = channel();
    frames.data(&FILE[..4]);
    let body = std::sync::Mutex::new(Some(body));
    let slow = Step::ok()
        .header("etag", "\"v1\"")
        .body_with(move || body.lock().unwrap().take().unwrap());
    let (slow, _) = once([slow]);
    let (quick, _) = once([cut(200, 0, 3, "\"v2\"")]);
    let second = async {
        while fs::metadata(place.folder.path().join("a.bin.part")).map_or(0, |part| part.len()) < 4
        {
            tokio::task::yield_now().await;
        }
        let other = quick.get("/b").download(&place.path).resumes(0);
        other.send().await.unwrap_err();
        frames.data(&FILE[4..]);
        drop(frames);
    };
    let (first, ()) = tokio::join!(place.download(&slow, 0), second);
    let error = first.unwrap_err().to_string();
    assert!(
        error.contains("something else has written to it"),
        "{error}"
    );
    assert_eq!(place.folder.names(), ["a.bin.part", "a.bin.part.tag"]);
}

#[tokio::test]
async fn what_another_server_names_is_not_gone_on_with() {
    let (lab, home) = (Place::new("lab"), Place::new("home"));
    let (client, _) = once([cut(200, 0, 4, "\"v1\"")]);
    lab.download(&client, 0).await.unwrap_err();
    let tag = fs::read(lab.folder.path().join("a.bin.part.tag")).unwrap();

    let named = |name: &str, body: Vec<u8>| {
        let header = format!("attachment; filename={name}");
        let step = Step::ok().header("content-disposition", &header);
        step.body(body)
    };
    let (evil, _) = scripted([
        named("a.bin.part", b"EVIL".to_vec()),
        named("a.bin.part.tag", tag.clone()),
    ]);
    for _ in 0..2 {
        let response = evil.get("/").send().await.unwrap();
        response.save_in(home.folder.path()).await.unwrap();
    }
    // However the two came there.
    let planted = Place::new("planted");
    fs::write(planted.folder.path().join("a.bin.part"), "EVIL").unwrap();
    fs::write(planted.folder.path().join("a.bin.part.tag"), tag).unwrap();
    for place in [home, planted] {
        let (client, server) = once([cut(200, 0, 10, "\"v1\"")]);
        let done = place.download(&client, 0).await.unwrap();
        assert_eq!(done.resumed_at(), 0);
        assert_eq!(asked(&server.calls()[0])[0], None);
        assert_eq!(fs::read_to_string(&place.path).unwrap(), FILE);
    }
}

#[tokio::test]
async fn what_is_no_download_of_ours_stays_and_is_an_error() {
    for name in ["a.bin.part", "a.bin.part.tag"] {
        let place = Place::new("foreign");
        let other = place.folder.path().join(name);
        fs::write(&other, "somebody's").unwrap();
        let (client, server) = once([cut(200, 0, 10, "\"v1\"")]);
        let error = place.download(&client, 0).await.unwrap_err().to_string();
        assert!(error.contains(&format!("lies at `{name}`")), "{error}");
        assert_eq!(server.calls().len(), 0);
        assert_eq!(fs::read_to_string(&other).unwrap(), "somebody's");
        assert_eq!(place.folder.names(), [name]);
    }
    // What was made, and never written to, is in nobody's way.
    let place = Place::new("empty");
    fs::write(place.folder.path().join("a.bin.part"), "").unwrap();
    fs::write(place.folder.path().join("a.bin.part.tag"), "").unwrap();
    let (client, _) = once([cut(200, 0, 10, "\"v1\"")]);
    place.download(&client, 0).await.unwrap();
    place.is_whole();
}

#[cfg(unix)]
#[tokio::test]
async fn a_download_writes_through_no_link() {
    for name in ["a.bin.part", "a.bin.part.tag"] {
        for target in ["there", "absent"] {
            let place = Place::new("linked");
            let folder = place.folder.path();
            fs::write(folder.join("there"), "precious").unwrap();
            std::os::unix::fs::symlink(folder.join(target), folder.join(name)).unwrap();
            let (client, _) = once([cut(200, 0, 10, "\"v1\"")]);
            place.download(&client, 0).await.unwrap_err();
            let there = fs::read_to_string(folder.join("there"));
            assert_eq!(there.unwrap(), "precious");
            assert_eq!(place.folder.names(), [name, "there"]);
        }
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_known_before_anything_is_sent() {
    let folder = Folder::new("nowhere");
    let (client, server) = once([Step::ok()]);
    let download = client.get("/a").download(folder.path().join("none/a.bin"));
    download.send().await.unwrap_err();
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test]
async fn what_is_there_already_is_bounded_and_counted() {
    let all = || {
        Step::ok().header("etag", "\"v1\"").body_with(|| {
            let (frames, body) = channel();
            frames.data(FILE);
            frames.error("reset");
            body
        })
    };
    let end = || Step::status(416).header("content-range", "bytes */10");
    let place = Place::new("already");
    let (client, _) = once([all(), end()]);
    let (meter, counts) = progress::meter();
    place.download(&client, 0).await.unwrap_err();
    let download = client.get("/a").download(&place.path).progress(meter);
    download.send().await.unwrap();
    let latest = counts.latest();
    assert_eq!((latest.done(), latest.total()), (10, Some(10)));

    let place = Place::new("already-too-much");
    let (client, _) = once([all(), end()]);
    place.download(&client, 0).await.unwrap_err();
    let download = client.get("/a").download(&place.path).limit(4);
    assert!(download.send().await.unwrap_err().is_too_large());
    assert_eq!(place.folder.names(), [""; 0]);
}
