//! Parts of responses, and their rests.

use buttress_testkit::{FrameSender, Step, channel};
use http_body_util::BodyExt;

use crate::streaming::streamed;
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_part_that_can_be_completed_is_kept_and_the_rest_asked_for() {
    let (sender, body) = channel();
    let first = streamed(body)
        .header("etag", "\"a\"")
        .header("content-length", "10");
    let rest = Step::status(206)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("content-range", "bytes 4-9/10")
        .body("456789");
    let (service, server) = over(&private(), [first, rest]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("0123");
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);

    let whole = send(&service, get("/")).await;
    assert_eq!((whole.status.as_u16(), &*whole.body), (200, "0123456789"));
    let calls = server.calls();
    assert_eq!(calls[1].headers["range"], "bytes=4-");
    assert_eq!(calls[1].headers["if-range"], "\"a\"");
    assert_eq!(send(&service, get("/")).await.body, "0123456789");
    assert_eq!(server.calls().len(), 2, "the joined response is stored");
}

/// The answer to a request for all, when `rest` answers the question for what is missing.
async fn completed(rest: Step) -> (Read, Vec<buttress_testkit::Call>, Read) {
    let (sender, body) = channel();
    let first = streamed(body).header("etag", "\"a\"");
    let (service, server) = over(&private(), [first, rest, fresh("whole")]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("0123");
    assert!(body.frame().await.unwrap().is_ok());
    drop(body);
    let read = send(&service, get("/")).await;
    let again = send(&service, get("/")).await;
    (read, server.calls(), again)
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_may_not_be_the_whole_rest_is_not_taken_for_it() {
    for range in ["bytes 4-5/*", "bytes 4-5/10"] {
        let rest = Step::status(206)
            .header("cache-control", "max-age=60")
            .header("etag", "\"a\"")
            .header("content-range", range)
            .body("45");
        let (read, calls, _) = completed(rest).await;
        assert_eq!(calls[1].headers["range"], "bytes=4-");
        assert_eq!(
            (read.status.as_u16(), &*read.body),
            (200, "whole"),
            "{range}"
        );
        assert!(
            !calls[2].headers.contains_key("range"),
            "asked for as a whole"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_rest_that_may_not_be_stored_is_asked_for_again_as_a_whole() {
    let rest = Step::status(206)
        .header("cache-control", "no-store")
        .header("etag", "\"a\"")
        .header("content-range", "bytes 4-9/10")
        .body("456789");
    let (read, _, again) = completed(rest).await;
    assert_eq!((&*read.body, &*again.body), ("whole", "whole"));
}

/// The rest of ten bytes that begin with four.
fn rest(control: &'static str) -> Step {
    Step::status(206)
        .header("cache-control", control)
        .header("etag", "\"a\"")
        .header("content-range", "bytes 4-9/10")
        .body("456789")
}

/// Leaves the first four bytes of a response behind, whose length nobody knows yet.
async fn broken_off(
    service: &buttress_cache::Cache<buttress_testkit::Scripted>,
    sender: FrameSender,
) {
    let mut body = head(service, get("/")).await.unwrap().into_body();
    sender.data("0123");
    assert!(body.frame().await.unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_completion_answers_with_the_whole_even_if_that_is_too_long_to_be_kept() {
    let (sender, body) = channel();
    let layer = private().max_entry(9).unwrap();
    let first = streamed(body).header("etag", "\"a\"");
    let (service, server) = over(&layer, [first, rest("max-age=60"), fresh("plain")]);
    broken_off(&service, sender).await;
    let whole = send(&service, get("/")).await;
    assert_eq!((whole.status.as_u16(), &*whole.body), (200, "0123456789"));
    assert_eq!(whole.header("content-range"), None);
    let whole = send(&service, get("/")).await;
    assert_eq!(whole.body, "plain", "the part is of no more use");
    assert!(!server.calls()[2].headers.contains_key("range"));
}

#[tokio::test(start_paused = true)]
async fn completions_are_shared_like_any_fetch() {
    let slow = std::time::Duration::from_millis(100);
    let (sender, body) = channel();
    let first = streamed(body).header("etag", "\"a\"");
    let (service, server) = over(&private(), [first, rest("max-age=60").after(slow)]);
    broken_off(&service, sender).await;
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let service = service.clone();
        crowd.spawn(async move { send(&service, get("/")).await });
    }
    for read in crowd.join_all().await {
        assert_eq!((read.status.as_u16(), &*read.body), (200, "0123456789"));
    }
    assert_eq!(server.calls().len(), 2);
}
