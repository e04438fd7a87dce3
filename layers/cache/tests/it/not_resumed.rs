//! Stores that fail in the middle of a body, of which the origin has not the rest.

use buttress_cache::{Mode, Override};
use buttress_kernel::Deadline;
use buttress_testkit::Step;
use http_body_util::BodyExt;

use crate::moody::{BREAKS, RUNS_ON, SHORT};
use crate::resumed::{WHOLE, first, part, read_on, right, stored};
use crate::support::*;

/// What a caller gets where the origin answers with this when it is asked for the rest, and what is told last.
async fn after(first: Step, how: u8, then: Step) -> (String, String, usize) {
    let (lines, _guard) = crate::telemetry::listen();
    let (_, service, server) = stored(private(), how, [first, then]).await;
    let (read, error) = read_on(&service, get("/")).await;
    assert_eq!(read, "01234");
    let error = error.expect("it cannot go on").to_string();
    let told = lines.take();
    let failed = |line: &&String| line.contains("the store failed operation=\"body\"");
    assert_eq!(told.iter().filter(failed).count(), 1, "{told:?}");
    (error, told.last().unwrap().clone(), server.calls().len())
}

#[tokio::test(start_paused = true)]
async fn other_bytes_are_not_put_behind_those_of_the_store() {
    let others = [
        fresh(WHOLE).header("etag", "\"a\""),
        part("bytes 4-9/10", "456789"),
        part("bytes 5-8/10", "5678"),
        part("bytes 5-9/11", "56789"),
        part("bytes 5-9/*", "56789"),
        part("bytes 5-9/10", "56789").header("content-encoding", "gzip"),
        Step::status(206)
            .header("etag", "\"b\"")
            .header("content-range", "bytes 5-9/10")
            .body("56789"),
        Step::status(416),
        Step::status(304),
    ];
    for other in others {
        let (error, told, calls) = after(first(), BREAKS, other).await;
        assert_eq!((&*error, calls), ("the disk is gone", 2));
        assert!(
            told.contains("not resumed") && told.contains("other bytes"),
            "{told}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn where_the_origin_fails_too_the_stores_own_error_ends_the_body() {
    let fails = Step::error(|| std::io::Error::other("refused"));
    let (error, told, calls) = after(first(), BREAKS, fails).await;
    assert_eq!((&*error, calls), ("the disk is gone", 2));
    assert!(
        told.contains("not resumed") && told.contains("failed"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_nothing_identifies_is_not_asked_for() {
    for (first, error) in [
        (fresh(WHOLE), "the disk is gone"),
        (fresh(WHOLE).header("etag", "W/\"a\""), "the disk is gone"),
    ] {
        let (told, _, calls) = after(first, BREAKS, right()).await;
        assert_eq!((&*told, calls), (error, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_gives_too_much_has_failed() {
    let (_, service, server) = stored(private(), RUNS_ON, [first(), right()]).await;
    let (read, error) = read_on(&service, get("/")).await;
    // All that was promised has been sent, and there is nothing to ask for.
    assert_eq!(read, WHOLE);
    assert_eq!(
        error.unwrap().to_string(),
        "a body is longer than announced"
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_is_not_what_it_says_ends_with_an_error() {
    for (body, read) in [("567", "01234567"), ("56789abc", "01234")] {
        let then = part("bytes 5-9/10", body);
        let (_, service, _) = stored(private(), BREAKS, [first(), then]).await;
        let (got, error) = read_on(&service, get("/")).await;
        assert_eq!((&*got, error.is_some()), (read, true));
    }
}

#[tokio::test(start_paused = true)]
async fn who_wants_nothing_forwarded_gets_the_error() {
    for way in [true, false] {
        let (_, service, server) = stored(private(), BREAKS, [first(), right()]).await;
        let request = if way {
            with(get("/"), "cache-control", "only-if-cached")
        } else {
            asking(get("/"), Override::new().mode(Mode::OnlyIfCached))
        };
        let (read, error) = read_on(&service, request).await;
        assert_eq!((&*read, error.is_some()), ("01234", true));
        assert_eq!(server.calls().len(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn who_has_given_up_is_not_asked_for() {
    let (lines, _guard) = crate::telemetry::listen();
    let (_, service, server) = stored(private(), BREAKS, [first(), right()]).await;
    let now = tokio::time::Instant::now().into_std();
    let deadline = Deadline::after(now, seconds(2)).unwrap();
    for (wait, error, calls) in [(0, false, 2), (3, true, 2)] {
        let request = asking(get("/"), deadline);
        let mut body = head(&service, request).await.unwrap().into_body();
        body.frame().await.unwrap().unwrap();
        pass(seconds(wait)).await;
        assert_eq!(body.collect().await.is_err(), error);
        assert_eq!(server.calls().len(), calls);
        if calls == 2 && !error {
            assert_eq!(server.calls()[1].extensions.get(), Some(&deadline));
        }
    }
    let told = lines.take();
    let last = told.last().unwrap();
    assert!(
        last.contains("not resumed") && last.contains("late"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_of_another_length_than_its_response_is_a_miss() {
    let (lines, _guard) = crate::telemetry::listen();
    let (_, service, server) = stored(private(), SHORT, [first(), fresh("other")]).await;
    assert_eq!(send(&service, get("/")).await.body, "other");
    assert_eq!(server.calls().len(), 2);
    let told = lines.take();
    let failed = |line: &String| line.contains("the store failed operation=\"body\"");
    assert!(told.iter().any(failed), "{told:?}");
}
