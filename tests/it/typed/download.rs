//! Downloads, taken up again where they broke off.

use std::fs;
use std::path::PathBuf;

use buttress::progress;
use buttress::{Client, Downloaded, Error};
use buttress_testkit::{Call, Scripted, Step, channel};
use futures_util::StreamExt;

use super::save::Folder;
use super::scripted_with;

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
    assert_eq!(place.folder.names(), ["a.bin.part"]);
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
    assert_eq!(error.to_string(), "GET http://api.example/v1/a: reset");
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
}

#[tokio::test]
async fn another_method_is_sent_once_and_whole() {
    let place = Place::new("post");
    let (client, server) = once([cut(200, 0, 4, "\"v1\""), Step::ok().body(FILE)]);
    let ask = || client.post("/report").json(&7).download(&place.path).send();
    ask().await.unwrap_err();
    assert_eq!(server.calls().len(), 1);
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
