//! Downloads, taken up again where they broke off.

use std::fs;
use std::path::PathBuf;

use buttress::redirect::Policy;
use buttress::{Client, Downloaded, Error, progress};
use buttress_testkit::{Call, Scripted, Step, channel};
use futures_util::StreamExt;

use super::save::Folder;
use super::scripted_with;

mod answers;
mod lying;

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
