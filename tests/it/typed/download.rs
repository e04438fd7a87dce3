//! Downloads, taken up again where they broke off.

use std::fs;
use std::path::PathBuf;

use buttress::fallback::FallbackLayer;
use buttress::redirect::Policy;
use buttress::{Client, Downloaded, Error, progress};
use buttress_testkit::{Call, Scripted, Step, channel};
use futures_util::StreamExt;

use super::save::Folder;
use super::{scripted, scripted_with};

const FILE: &str = "0123456789";

/// What comes of the file before it is cut.
fn cut(status: u16, from: usize, to: usize, tag: &'static str) -> Step {
    let step = Step::status(status).header("etag", tag);
    let step = if status == 206 {
        step.header("content-range", &format!("bytes {from}-9/10"))
    } else {
        step.header("content-length", "10")
    };
    step.body_with(move || {
        let (frames, body) = channel();
        frames.data(&FILE[from..to]);
        if to < FILE.len() {
            frames.error("reset");
        }
        body
    })
}

struct Place {
    folder: Folder,
    path: PathBuf,
}

impl Place {
    fn new(name: &str) -> Self {
        let folder = Folder::new(name);
        let path = folder.path().join("a.bin");
        Self { folder, path }
    }

    async fn download(&self, client: &Client, resumes: u32) -> Result<Downloaded, Error> {
        client
            .get("/a")
            .download(&self.path)
            .resumes(resumes)
            .send()
            .await
    }

    fn is_whole(&self) {
        assert_eq!(fs::read_to_string(&self.path).unwrap(), FILE);
        assert_eq!(self.folder.names(), ["a.bin"]);
    }
}

fn once(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    scripted_with(steps, |b| b.retry(None))
}

fn asked(call: &Call) -> [Option<&str>; 3] {
    ["range", "if-range", "accept-encoding"].map(|name| call.header(name))
}

#[tokio::test]
async fn ic61_a_transfer_that_breaks_off_is_taken_up_again() {
    let place = Place::new("resumed");
    let (client, server) = once([
        cut(200, 0, 4, "\"v1\""),
        cut(206, 4, 5, "\"v1\""),
        cut(206, 5, 10, "\"v1\""),
    ]);
    let done = place.download(&client, 3).await.unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (10, 0, 3)
    );
    place.is_whole();
    let calls = server.calls();
    assert_eq!(asked(&calls[0]), [None, None, Some("identity")]);
    assert_eq!(
        asked(&calls[1]),
        [Some("bytes=4-"), Some("\"v1\""), Some("identity")]
    );
    assert_eq!(
        asked(&calls[2]),
        [Some("bytes=5-"), Some("\"v1\""), Some("identity")]
    );
}

#[tokio::test]
async fn the_next_download_goes_on_where_the_last_one_failed() {
    let place = Place::new("later");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), cut(206, 4, 10, "\"v1\"")]);
    place.download(&client, 0).await.unwrap_err();
    assert_eq!(place.folder.names(), ["a.bin.part", "a.bin.part.tag"]);
    let done = place.download(&client, 0).await.unwrap();
    assert_eq!(
        (done.bytes(), done.resumed_at(), done.requests()),
        (10, 4, 1)
    );
    place.is_whole();
    assert_eq!(asked(&server.calls()[1])[1], Some("\"v1\""));
}

#[tokio::test]
async fn a_file_that_has_changed_begins_from_nothing() {
    let place = Place::new("changed");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), cut(200, 0, 10, "\"v2\"")]);
    let done = place.download(&client, 3).await.unwrap();
    assert_eq!((done.bytes(), done.requests()), (10, 2));
    place.is_whole();

    // A server that answers with a part of another version, or another part, is not believed.
    for wrong in [cut(206, 4, 10, "\"v2\""), cut(206, 5, 10, "\"v1\"")] {
        let place = Place::new("mixed");
        let (client, server) = once([cut(200, 0, 4, "\"v1\""), wrong, cut(200, 0, 10, "\"v2\"")]);
        place.download(&client, 3).await.unwrap();
        place.is_whole();
        assert_eq!(asked(&server.calls()[2])[0], None);
    }
}

#[tokio::test]
async fn a_range_behind_the_end_is_whole_or_begins_from_nothing() {
    let refused = |total: &str| Step::status(416).header("content-range", total);
    // All had come but the word that it was all.
    let all = Step::ok().header("etag", "\"v1\"").body_with(|| {
        let (frames, body) = channel();
        frames.data(FILE);
        frames.error("reset");
        body
    });
    let place = Place::new("complete");
    let (client, server) = once([all, refused("bytes */10")]);
    place.download(&client, 1).await.unwrap();
    place.is_whole();
    assert_eq!(asked(&server.calls()[1])[0], Some("bytes=10-"));

    let place = Place::new("shrunk");
    let (client, _) = once([
        cut(200, 0, 4, "\"v1\""),
        refused("bytes */2"),
        cut(200, 0, 10, "\"v2\""),
    ]);
    place.download(&client, 2).await.unwrap();
    place.is_whole();
}

#[tokio::test]
async fn without_a_strong_validator_nothing_is_put_together() {
    let place = Place::new("weak");
    let (client, server) = once([cut(200, 0, 4, "W/\"v1\""), cut(200, 0, 10, "W/\"v1\"")]);
    place.download(&client, 3).await.unwrap_err();
    assert_eq!(server.calls().len(), 1);
    assert_eq!(place.folder.names(), [""; 0], "nobody can go on with it");
    let done = place.download(&client, 3).await.unwrap();
    assert_eq!(done.resumed_at(), 0);
    assert_eq!(asked(&server.calls()[1])[0], None);
    place.is_whole();
}

#[tokio::test]
async fn it_is_taken_up_so_often_and_no_oftener() {
    let place = Place::new("often");
    let steps = (0..9).map(|at| cut(if at == 0 { 200 } else { 206 }, at, at + 1, "\"v1\""));
    let (client, server) = once(steps.collect::<Vec<_>>());
    let error = place.download(&client, 2).await.unwrap_err();
    assert_eq!(server.calls().len(), 3);
    assert_eq!(
        error.to_string(),
        "GET http://api.example/v1/a: the body of the 206 response did not come to its end: reset"
    );
    assert_eq!(
        fs::read_to_string(place.folder.path().join("a.bin.part")).unwrap(),
        "012"
    );
}

#[tokio::test]
async fn a_short_answer_is_no_whole_file() {
    let short = Step::status(206)
        .header("etag", "\"v1\"")
        .header("content-range", "bytes 4-9/10")
        .body("45");
    let place = Place::new("short");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), short, cut(206, 6, 10, "\"v1\"")]);
    place.download(&client, 3).await.unwrap();
    place.is_whole();
    assert_eq!(asked(&server.calls()[2])[0], Some("bytes=6-"));
}

#[tokio::test]
async fn what_is_no_success_is_an_error_and_leaves_what_was_there() {
    let place = Place::new("refused");
    fs::write(&place.path, "old").unwrap();
    let (client, _) = once([Step::status(404).body("nobody")]);
    let error = place.download(&client, 3).await.unwrap_err();
    assert!(error.is_not_found());
    assert_eq!(error.response().unwrap().body(), "nobody");
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "old");
    assert_eq!(place.folder.names(), ["a.bin"]);
}

#[tokio::test]
async fn another_method_is_sent_once_and_whole() {
    let place = Place::new("post");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), Step::ok().body(FILE)]);
    let ask = || client.post("/report").json(&7).download(&place.path).send();
    ask().await.unwrap_err();
    assert_eq!(server.calls().len(), 1);
    assert_eq!(place.folder.names(), [""; 0]);
    ask().await.unwrap();
    place.is_whole();
    assert_eq!(server.calls()[1].body, "7");
    assert_eq!(asked(&server.calls()[1])[0], None);
}

#[tokio::test]
async fn ic84_its_progress_counts_the_file() {
    let place = Place::new("counted");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), cut(206, 4, 10, "\"v1\"")]);
    let (meter, counts) = progress::meter();
    let all = tokio::spawn(counts.map(|c| (c.done(), c.total())).collect::<Vec<_>>());
    let download = client.get("/a").download(&place.path).progress(meter);
    download.send().await.unwrap();
    let all = all.await.unwrap();
    assert_eq!(all.last(), Some(&(10, Some(10))), "{all:?}");
    assert!(all.is_sorted(), "{all:?}");
}

#[tokio::test(start_paused = true)]
async fn a_download_that_is_dropped_keeps_what_has_come() {
    let place = Place::new("dropped");
    let stalls = Step::ok().header("etag", "\"v1\"").body_with(|| {
        let (frames, body) = channel();
        frames.data("0123");
        tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            drop(frames);
        });
        body
    });
    let (client, server) = once([stalls, cut(206, 4, 10, "\"v1\"")]);
    let one = place.download(&client, 3);
    let end = tokio::time::timeout(std::time::Duration::from_secs(1), one).await;
    assert!(end.is_err());
    assert_eq!(server.open_bodies(), 0);
    assert_eq!(place.folder.names(), ["a.bin.part", "a.bin.part.tag"]);
    let done = place.download(&client, 0).await.unwrap();
    assert_eq!(done.bytes(), 10);
    place.is_whole();
}

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
async fn a_part_without_a_total_is_not_taken_for_the_end() {
    let part = |from: usize, to: usize| {
        Step::status(206)
            .header("etag", "\"v1\"")
            .header("content-range", &format!("bytes {from}-{}/*", to - 1))
            .body(&FILE[from..to])
    };
    let end = || Step::status(416).header("content-range", "bytes */10");
    let place = Place::new("unknown");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), part(4, 7), part(7, 10), end()]);
    let done = place.download(&client, 3).await.unwrap();
    assert_eq!((done.bytes(), done.requests()), (10, 4));
    place.is_whole();
    let asked: Vec<_> = server
        .calls()
        .iter()
        .map(|call| asked(call)[0].map(str::to_owned))
        .collect();
    let wanted = [None, Some("bytes=4-"), Some("bytes=7-"), Some("bytes=10-")];
    assert_eq!(asked, wanted.map(|range| range.map(str::to_owned)));

    let place = Place::new("unended");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), part(4, 7)]);
    let error = place.download(&client, 1).await.unwrap_err();
    let chain = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
    let told: Vec<_> = chain.map(ToString::to_string).collect();
    assert!(
        told.iter()
            .any(|words| words.contains("does not say where the file ends")),
        "{told:?}"
    );
    assert_eq!(place.folder.names(), ["a.bin.part", "a.bin.part.tag"]);
}

#[tokio::test]
async fn a_date_tells_versions_apart_as_a_tag_does() {
    let dated = |step: Step, changed: &str| {
        step.header("last-modified", changed)
            .header("date", "Sun, 06 Nov 1994 08:49:37 GMT")
    };
    let (old, new) = (
        "Sun, 06 Nov 1994 08:49:01 GMT",
        "Sun, 06 Nov 1994 08:49:09 GMT",
    );
    let first = || {
        dated(Step::ok(), old).body_with(|| {
            let (frames, body) = channel();
            frames.data("old ");
            frames.error("reset");
            body
        })
    };
    let rest = |changed: &str| {
        let step = Step::status(206).header("content-range", "bytes 4-9/10");
        dated(step, changed).body(&FILE[4..])
    };
    let place = Place::new("dated");
    let (client, server) = once([first(), rest(new), dated(Step::ok(), new).body(FILE)]);
    place.download(&client, 3).await.unwrap();
    assert_eq!(asked(&server.calls()[1])[1], Some(old));
    assert_eq!(asked(&server.calls()[2])[1], None);
    place.is_whole();

    let place = Place::new("same-date");
    let (client, _) = once([first(), rest(old)]);
    place.download(&client, 3).await.unwrap();
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "old 456789");
}

#[tokio::test]
async fn a_range_of_ones_own_is_refused_before_anything_is_sent() {
    for name in ["range", "if-range"] {
        let place = Place::new("own-range");
        let (client, server) = once([Step::ok()]);
        let request = client.get("/a").header(name, "bytes=1-2");
        let error = request.download(&place.path).send().await.unwrap_err();
        assert!(
            error.is_request() && error.sent() == buttress::Sent::No,
            "{error:?}"
        );
        assert!(error.to_string().contains("leave out `range`"), "{error}");
        assert_eq!(server.calls().len(), 0);
        assert_eq!(place.folder.names(), [""; 0]);
    }
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
async fn a_refusals_body_is_read_up_to_the_requests_limit() {
    let place = Place::new("long-refusal");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), Step::status(410).body(FILE)]);
    let ask = client.get("/a").limit(3).download(&place.path);
    let error = ask.send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 410);
    assert_eq!(error.response().unwrap().body().len(), 3);
}

#[tokio::test]
async fn another_representation_is_not_added_to() {
    for (name, same) in [
        ("accept", false),
        ("authorization", false),
        ("x-other", true),
    ] {
        let place = Place::new("representation");
        let (client, server) = once([
            cut(200, 0, 4, "\"v1\""),
            cut(
                if same { 206 } else { 200 },
                if same { 4 } else { 0 },
                10,
                "\"v1\"",
            ),
        ]);
        let ask = |value: &str| {
            client
                .get("/a")
                .header(name, value)
                .download(&place.path)
                .resumes(0)
        };
        ask("one").send().await.unwrap_err();
        ask("two").send().await.unwrap();
        place.is_whole();
        assert_eq!(asked(&server.calls()[1])[0].is_some(), same, "{name}");
    }
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

fn packed(step: Step, coding: &str) -> Step {
    step.header("content-encoding", coding)
}

#[tokio::test]
async fn a_part_that_is_packed_otherwise_is_not_added_to() {
    let place = Place::new("packed-part");
    let (client, server) = once([
        cut(200, 0, 4, "\"v1\""),
        packed(cut(206, 4, 10, "\"v1\""), "gzip"),
        cut(200, 0, 10, "\"v1\""),
    ]);
    place.download(&client, 3).await.unwrap();
    place.is_whole();
    assert_eq!(asked(&server.calls()[2])[0], None);
}

#[tokio::test]
async fn a_packed_file_that_nobody_asked_for_is_an_error() {
    let place = Place::new("packed");
    fs::write(&place.path, "old").unwrap();
    let (client, _) = once([packed(cut(200, 0, 10, "\"v1\""), "gzip")]);
    let error = place.download(&client, 3).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 200);
    assert!(error.decode_error().is_some(), "{error:?}");
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "old");
    assert_eq!(place.folder.names(), ["a.bin"]);

    // Who asks for it gets it, and goes on with it where it broke off.
    let place = Place::new("packed-asked");
    let (client, server) = once([
        packed(cut(200, 0, 4, "\"v1\""), "gzip"),
        cut(206, 4, 10, "\"v1\""),
    ]);
    let ask = client.get("/a").header("accept-encoding", "gzip");
    ask.download(&place.path).send().await.unwrap();
    place.is_whole();
    assert_eq!(asked(&server.calls()[1])[0], Some("bytes=4-"));
}

#[tokio::test(start_paused = true)]
async fn a_transfer_that_falls_silent_is_taken_up_again() {
    let silent = || {
        Step::ok().header("etag", "\"v1\"").body_with(|| {
            let (frames, body) = channel();
            frames.data("0123");
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(600)).await;
                drop(frames);
            });
            body
        })
    };
    let place = Place::new("silent");
    let (client, _) = once([silent(), cut(206, 4, 10, "\"v1\"")]);
    let done = place.download(&client, 1).await.unwrap();
    assert_eq!(done.requests(), 2);
    place.is_whole();

    // The time for the call is over, however often it is asked.
    let place = Place::new("silent-total");
    let (client, server) = once([silent()]);
    let ask = client.get("/a").total(std::time::Duration::from_secs(9));
    let error = ask.download(&place.path).send().await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_connection_that_is_refused_half_way_is_one_more_cut() {
    let refused = || {
        Step::error(|| {
            let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
            buttress::kernel::TransportError::connect(refused)
        })
    };
    let place = Place::new("refused-half-way");
    let (client, _) = once([
        cut(200, 0, 4, "\"v1\""),
        refused(),
        cut(206, 4, 10, "\"v1\""),
    ]);
    let done = place.download(&client, 2).await.unwrap();
    assert_eq!(done.requests(), 3);
    place.is_whole();

    // Before anything has come, that is for retry.
    let (client, server) = once([refused()]);
    Place::new("refused-at-once")
        .download(&client, 3)
        .await
        .unwrap_err();
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_success_without_a_file_leaves_what_was_there() {
    for status in [202, 204] {
        let place = Place::new("no-file");
        fs::write(&place.path, "old").unwrap();
        let (client, _) = once([Step::status(status)]);
        let error = place.download(&client, 3).await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(fs::read_to_string(&place.path).unwrap(), "old");
        assert_eq!(place.folder.names(), ["a.bin"]);
    }
}

#[tokio::test]
async fn a_substitute_is_no_file() {
    let place = Place::new("substitute");
    fs::write(&place.path, "old").unwrap();
    let substitute = FallbackLayer::value(http::Response::new("[]".into()));
    let (client, _) = scripted_with([Step::status(503)], |b| b.retry(None).fallback(substitute));
    let error = place.download(&client, 3).await.unwrap_err();
    assert_eq!(error.status().unwrap(), 503);
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "old");
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

#[tokio::test]
async fn a_redirect_takes_no_condition_off_a_range() {
    let (old, date) = (
        "Sun, 06 Nov 1994 08:49:36 GMT",
        "Sat, 06 Nov 1999 08:49:36 GMT",
    );
    let moved = |to: &str| Step::status(303).header("location", to);
    let first = Step::ok()
        .header("last-modified", old)
        .header("date", date)
        .body_with(|| {
            let (frames, body) = channel();
            frames.data("0123");
            frames.error("reset");
            body
        });
    let place = Place::new("see-other");
    let steps = [moved("/f1"), first, moved("/f2"), Step::ok().body(FILE)];
    let (client, server) = scripted_with(steps, |b| b.retry(None).redirects(Policy::limited(3)));
    place.download(&client, 3).await.unwrap();
    place.is_whole();
    let last = &server.calls()[3];
    assert_eq!(asked(last)[..2], [Some("bytes=4-"), Some(old)]);
}
