use std::num::NonZeroU32;
use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_cache::{CacheLayer, CacheStatus, Mode, Override};
use buttress_kernel::{Attempt, Background, Cause, Deadline, Explain, Kind};
use buttress_testkit::{Step, channel};
use http_body_util::BodyExt;

use crate::support::*;

const SLOW: Duration = Duration::from_millis(100);

/// Fresh for a second, and to be served stale for a minute while it is validated.
fn swr(body: &'static str) -> Step {
    Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=60")
        .header("etag", "\"a\"")
        .body(body)
}

#[tokio::test(start_paused = true)]
async fn trap16_what_is_stale_is_served_at_once_and_validated_behind() {
    let (service, server) = over(&private(), [swr("one"), swr("two").after(SLOW)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    let start = tokio::time::Instant::now();
    assert_eq!(send(&service, get("/")).await.body, "one");
    assert_eq!(send(&service, get("/")).await.body, "one");
    assert_eq!(start.elapsed(), Duration::ZERO);
    pass(SLOW * 2).await;
    assert_eq!(server.calls().len(), 2, "one validation for both");
    assert_eq!(server.calls()[1].headers["if-none-match"], "\"a\"");
    assert_eq!(send(&service, get("/")).await.body, "two");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_validation_behind_goes_on_without_its_caller_and_its_deadline() {
    let (service, server) = over(&private(), [swr("one"), swr("two").after(SLOW)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    let deadline = Deadline::at(tokio::time::Instant::now().into_std());
    let request = asking(asking(get("/"), deadline), Explain::new());
    drop(head(&service, request).await.unwrap());
    drop(service.clone());
    pass(SLOW * 2).await;
    let calls = server.calls();
    assert!(calls[1].extensions.get::<Deadline>().is_none());
    assert!(calls[1].extensions.get::<Explain>().is_none());
    assert_eq!(send(&service, get("/")).await.body, "two");
}

#[tokio::test(start_paused = true)]
async fn validations_behind_are_bounded_in_number() {
    let layer = private().revalidations(2).unwrap();
    let (service, server) = over(
        &layer,
        [swr("one"), swr("one"), swr("one"), swr("two").after(SLOW)],
    );
    for path in ["/a", "/b", "/c"] {
        send(&service, get(path)).await;
    }
    pass(seconds(5)).await;
    for path in ["/a", "/b", "/c"] {
        assert_eq!(send(&service, get(path)).await.body, "one");
    }
    assert_eq!(server.calls().len(), 5);
    pass(SLOW * 2).await;
    assert_eq!(send(&service, get("/c")).await.body, "one");
    assert_eq!(
        server.calls().len(),
        6,
        "when the others have ended there is room"
    );
}

#[tokio::test(start_paused = true)]
async fn a_validation_behind_has_a_limit_of_its_own() {
    let layer = private().revalidation_timeout(seconds(10)).unwrap();
    let (service, server) = over(&layer, [swr("one"), Step::hang(), swr("two")]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    send(&service, get("/")).await;
    assert_eq!(server.in_flight(), 1);
    pass(seconds(11)).await;
    assert_eq!(server.in_flight(), 0);
    assert_eq!(send(&service, get("/")).await.body, "one");
    pass(SLOW).await;
    assert_eq!(send(&service, get("/")).await.body, "two");
}

#[tokio::test(start_paused = true)]
async fn a_validation_behind_reads_the_new_body_to_its_end() {
    let (sender, body) = channel();
    let new = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, _) = over(&private(), [swr("one"), new]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    send(&service, get("/")).await;
    sender.data("new");
    pass(SLOW).await;
    drop(sender);
    pass(SLOW).await;
    assert_eq!(send(&service, get("/")).await.body, "new");
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_becomes_a_stale_answer() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-if-error=60")
        .body("one");
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let layer = private().status_extension(true);
    let (service, server) = over(&layer, [stale, Step::error(broken), Step::status(503)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    for status in [None, Some(503)] {
        let read = send(&service, get("/")).await;
        assert_eq!((read.status.as_u16(), &*read.body), (200, "one"));
        let told = read.extensions.get::<CacheStatus>().unwrap();
        assert_eq!(told.forward(), Some("stale"));
        assert_eq!(told.forward_status().map(|status| status.as_u16()), status);
        assert_eq!(told.age(), seconds(5));
    }
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn all_who_wait_for_a_failed_validation_get_the_stale_answer() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-if-error=60")
        .body("one");
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    for failing in [Step::error(broken), Step::status(500)] {
        let (service, server) = over(&private(), [stale.clone(), failing.after(SLOW)]);
        send(&service, get("/")).await;
        pass(seconds(5)).await;
        let (one, two) = tokio::join!(send(&service, get("/")), send(&service, get("/")));
        assert_eq!((&*one.body, &*two.body), ("one", "one"));
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_leave_to_be_stale_is_a_failure() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1, must-revalidate")
        .body("one");
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let (service, _) = over(&private(), [stale, Step::error(broken), Step::status(503)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    assert!(head(&service, get("/")).await.is_err());
    assert_eq!(send(&service, get("/")).await.status, 503);
}

#[tokio::test(start_paused = true)]
async fn stale_answers_can_be_turned_off() {
    let stale = || Step::ok().header("cache-control", "max-age=1").body("one");
    let broken = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    let answers = |layer: CacheLayer| async move {
        let (service, _) = over(&layer, [stale(), Step::error(broken)]);
        send(&service, get("/")).await;
        pass(seconds(5)).await;
        head(&service, get("/")).await.is_ok()
    };
    assert!(answers(private()).await);
    assert!(!answers(private().stale_on_error(false)).await);
}

#[tokio::test(start_paused = true)]
async fn a_validated_response_is_fresh_again_with_its_new_fields() {
    let one = Step::ok()
        .header("cache-control", "max-age=1")
        .header("etag", "\"a\"")
        .header("x-old", "1");
    let same = Step::status(304)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("x-new", "1");
    let (service, server) = over(&private(), [one.body("one"), same]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    for _ in 0..2 {
        let read = send(&service, get("/")).await;
        assert_eq!((read.status.as_u16(), &*read.body), (200, "one"));
        assert_eq!(read.header("x-new"), Some("1"));
        assert_eq!(read.header("x-old"), Some("1"));
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_back_makes_nothing_fresh_for_ever() {
    let (clock, shown) = by_hand();
    let layer = private().wall_clock(shown);
    let (service, server) = over(&layer, [fresh("one"), fresh("two")]);
    send(&service, get("/")).await;
    clock.set(day() - seconds(60));
    assert_eq!(send(&service, get("/")).await.header("age"), Some("0"));
    clock.set(day() - seconds(1_000_000));
    assert_eq!(send(&service, get("/")).await.body, "two");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_part_that_does_not_fit_is_asked_for_whole() {
    let (sender, body) = channel();
    let first = Step::ok()
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .header("content-length", "10");
    let steps = [
        first.body(body),
        Step::status(416).after(SLOW),
        fresh("whole").after(SLOW),
    ];
    let (service, server) = over(&private(), steps);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    sender.data("0123");
    body.frame().await.unwrap().unwrap();
    drop(body);
    let (one, two) = tokio::join!(send(&service, get("/")), send(&service, get("/")));
    assert_eq!((&*one.body, &*two.body), ("whole", "whole"));
    let calls = server.calls();
    assert!(calls[1].headers.contains_key("range"));
    assert!(
        !calls.last().unwrap().headers.contains_key("range"),
        "as the caller wrote it"
    );
    assert_eq!(send(&service, get("/")).await.body, "whole");
    assert_eq!(server.calls().len(), calls.len());
}

/// What answers a validation with another response, and is not to be stored.
fn instead(status: u16) -> Step {
    Step::status(status)
        .header("cache-control", "no-store")
        .body("instead")
}

#[tokio::test(start_paused = true)]
async fn what_the_origin_disproves_is_forgotten_though_the_new_response_is_not_stored() {
    let old = || fresh("old").header("etag", "\"a\"");
    for (status, then) in [(200, "new"), (404, "new"), (301, "new"), (403, "new")] {
        let (service, server) = over(&private(), [old(), instead(status), fresh("new")]);
        send(&service, get("/")).await;
        let reload = with(get("/"), "cache-control", "no-cache");
        assert_eq!(send(&service, reload).await.body, "instead");
        assert_eq!(server.calls()[1].headers["if-none-match"], "\"a\"");
        assert_eq!(send(&service, get("/")).await.body, then, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_not_about_the_resource_disproves_nothing() {
    let old = || fresh("old").header("etag", "\"a\"");
    for status in [401, 407, 408, 425, 429, 500, 503] {
        let layer = private().stale_on_error(false);
        let (service, _) = over(&layer, [old(), instead(status), fresh("new")]);
        send(&service, get("/")).await;
        let reload = with(get("/"), "cache-control", "no-cache");
        assert_eq!(send(&service, reload).await.body, "instead");
        assert_eq!(send(&service, get("/")).await.body, "old", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_disproved_by_a_response_too_long_to_keep_is_forgotten() {
    let old = || fresh("old").header("etag", "\"a\"");
    let long = || fresh("a body that is too long");
    let announced = long().header("content-length", "23");
    let (sender, body) = channel();
    let streamed = Step::ok().header("cache-control", "max-age=60").body(body);
    sender.data("a body that");
    sender.data(" is too long");
    drop(sender);
    for long in [announced, streamed] {
        let layer = private().max_entry(12).unwrap();
        let (service, _) = over(&layer, [old(), long, fresh("new")]);
        send(&service, get("/")).await;
        let reload = with(get("/"), "cache-control", "no-cache");
        assert_eq!(send(&service, reload).await.body, "a body that is too long");
        assert_eq!(send(&service, get("/")).await.body, "new");
    }
}

#[tokio::test(start_paused = true)]
async fn a_validation_behind_keeps_the_wishes_of_its_route_and_its_layer() {
    let layer = private()
        .route(|_| Some(Override::new().tag("users")))
        .defaults(Override::new().fresh_for(seconds(600)));
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=6000")
        .body("one");
    let plain = Step::ok().body("two");
    let (service, server) = over(&layer, [stale, plain, Step::ok().body("three")]);
    let request = || asking(get("/"), Override::new().mode(Mode::Default));
    send(&service, request()).await;
    pass(seconds(601)).await;
    assert_eq!(send(&service, request()).await.body, "one");
    pass(seconds(1)).await;
    assert_eq!(send(&service, request()).await.body, "two", "kept as long");
    assert_eq!(server.calls().len(), 2);
    assert_eq!(layer.handle().invalidate_tag("users").await, 1);
    assert_eq!(send(&service, request()).await.body, "three");
}

/// What a layer below is told by: whose credentials to add.
#[derive(Clone, Debug, PartialEq)]
struct User(&'static str);

#[tokio::test(start_paused = true)]
async fn a_validation_behind_says_whose_it_is_and_that_nobody_waits_for_it() {
    for later in [false, true] {
        let (mood, store) = crate::moody::moody();
        let layer = if later {
            mood.0.store(crate::moody::WELL, Ordering::Relaxed);
            private().store(store)
        } else {
            private()
        };
        let (service, server) = over(&layer, [swr("one"), swr("two")]);
        send(&service, get("/")).await;
        pass(seconds(5)).await;
        let second = NonZeroU32::new(2).unwrap();
        let again = Attempt::new(second, Cause::Error(Kind::Timeout));
        let request = asking(asking(get("/"), User("ann")), again);
        send(&service, request).await;
        pass(seconds(1)).await;
        let calls = server.calls();
        assert!(!Background::is(&calls[0].extensions), "somebody waits");
        assert_eq!(calls[1].extensions.get(), Some(&User("ann")));
        assert!(Background::is(&calls[1].extensions));
        assert!(calls[1].extensions.get::<Attempt>().is_none());
    }
}
