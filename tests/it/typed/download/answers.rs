//! Answers that are no file, or not the rest of this one.

use std::fs;

use buttress::fallback::FallbackLayer;
use buttress_testkit::Step;

use super::{FILE, Place, asked, cut, once};
use crate::typed::scripted_with;

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
async fn a_refusals_body_is_read_up_to_the_requests_limit() {
    let place = Place::new("long-refusal");
    let (client, _) = once([cut(200, 0, 4, "\"v1\""), Step::status(410).body(FILE)]);
    let ask = client.get("/a").limit(3).download(&place.path);
    let error = ask.send().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 410);
    assert_eq!(error.response().unwrap().body().len(), 3);
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
