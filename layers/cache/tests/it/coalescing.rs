//! Who fetches, and who waits for another one.

use std::time::Duration;

use buttress_cache::{FetchFailed, Override};
use buttress_kernel::{Deadline, Failure, Kind, Sent, TransportError};
use buttress_testkit::{Step, channel};
use http::StatusCode;
use tokio::task::JoinSet;

use crate::handing_on::timed_out;
use crate::moody::moody;
use crate::support::*;

pub(crate) const SLOW: Duration = Duration::from_millis(100);

/// So many requests at once.
pub(crate) const CROWD: usize = 100;

pub(crate) fn crowd(
    service: &buttress_cache::Cache<buttress_testkit::Scripted>,
    request: impl Fn(usize) -> http::Request<buttress_kernel::Body>,
) -> JoinSet<Read> {
    let mut crowd = JoinSet::new();
    for number in 0..CROWD {
        let (service, request) = (service.clone(), request(number));
        crowd.spawn(async move { send(&service, request).await });
    }
    crowd
}

#[tokio::test(start_paused = true)]
async fn w32_a_hundred_misses_at_once_are_one_fetch() {
    let (service, server) = over(&private(), [fresh("one").after(SLOW)]);
    let all = crowd(&service, |_| get("/")).join_all().await;
    assert!(
        all.iter()
            .all(|read| read.body == "one" && read.status == StatusCode::OK)
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn who_says_something_that_asks_for_nothing_shares_a_fetch_with_the_others() {
    let (none, all) = (("x", "y"), 1);
    for (field, fetches) in [
        (none, all),
        (("cache-control", "no-transform, unheard-of=1"), all),
        (("pragma", "unheard-of"), all),
        (("cache-control", "max-stale=0"), CROWD / 2 + 1),
        (("pragma", "no-cache"), CROWD / 2 + 1),
        (("range", "bytes=0-"), CROWD / 2 + 1),
    ] {
        let (service, server) = over(&private(), [fresh("one").after(SLOW)]);
        let request = |number: usize| {
            let (name, value) = if number.is_multiple_of(2) {
                none
            } else {
                field
            };
            with(get("/"), name, value)
        };
        crowd(&service, request).join_all().await;
        assert_eq!(server.calls().len(), fetches, "{field:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn trap16_a_hundred_misses_of_two_variants_are_two_fetches() {
    let answer = Step::answer(|call| {
        let language = call.headers["accept-language"].to_str().unwrap().to_owned();
        let response = http::Response::builder()
            .header("cache-control", "max-age=60")
            .header("vary", "accept-language")
            .header("content-language", &language);
        response.body(language.into()).unwrap()
    });
    let (service, server) = over(&private(), [answer.after(SLOW)]);
    let language = |number: usize| if number.is_multiple_of(2) { "de" } else { "fr" };
    let all = crowd(&service, |number| {
        with(get("/"), "accept-language", language(number))
    });
    let all = all.join_all().await;
    let german = all.iter().filter(|read| read.body == "de").count();
    let french = all.iter().filter(|read| read.body == "fr").count();
    assert_eq!((german, french), (50, 50));
    assert_eq!(server.calls().len(), 2);

    for (language, number) in [("de", 2), ("fr", 2)] {
        assert_eq!(
            send(&service, with(get("/"), "accept-language", language))
                .await
                .body,
            language
        );
        assert_eq!(server.calls().len(), number, "both are stored");
    }
}

#[tokio::test(start_paused = true)]
async fn variants_that_are_known_do_not_wait_for_each_other() {
    let answer = Step::answer(|call| {
        let tenant = call.headers["x-tenant"].to_str().unwrap().to_owned();
        let response = http::Response::builder()
            .header("cache-control", "max-age=1")
            .header("vary", "x-tenant");
        response.body(tenant.into()).unwrap()
    });
    let (service, server) = over(&private(), [answer.after(SLOW)]);
    send(&service, with(get("/"), "x-tenant", "first")).await;
    pass(seconds(5)).await;
    let start = tokio::time::Instant::now();
    crowd(&service, |number| {
        with(get("/"), "x-tenant", &(number % 5).to_string())
    })
    .join_all()
    .await;
    assert_eq!(start.elapsed(), SLOW);
    assert_eq!(server.calls().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn what_is_for_one_request_alone_is_fetched_by_each_at_the_same_time() {
    for layer in [private(), private().store(moody().1)] {
        let (service, server) = over(&layer, [uncacheable("mine").after(SLOW)]);
        // One that wants something looks into the store each time.
        let request = |_| asking(get("/"), Override::new().tag("users"));
        let start = tokio::time::Instant::now();
        crowd(&service, request).join_all().await;
        assert_eq!(server.calls().len(), CROWD);
        assert_eq!(
            start.elapsed(),
            SLOW * 2,
            "one round to learn it, and one for all"
        );
        for _ in 0..3 {
            let start = tokio::time::Instant::now();
            crowd(&service, request).join_all().await;
            assert_eq!(start.elapsed(), SLOW, "then it is known");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_shared_by_those_who_wait() {
    let broken = || TransportError::broken(Sent::Maybe, "reset");
    let (service, server) = over(&private(), [Step::error(broken).after(SLOW)]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    for error in [one.unwrap_err(), two.unwrap_err()] {
        let failure = Failure::of(&*error);
        assert!(failure.find::<FetchFailed>().is_some());
        assert_eq!(
            (failure.kind(), failure.sent()),
            (Kind::Transport, Sent::Maybe)
        );
    }
    assert_eq!(server.calls().len(), 1);
    assert!(head(&service, get("/")).await.is_err());
    assert_eq!(server.calls().len(), 2, "later ones try again");
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_is_the_leaders_own_is_not_shared() {
    let at_fault = || TransportError::request("no host");
    let (service, server) = over(
        &private(),
        [Step::error(at_fault).after(SLOW), fresh("one").after(SLOW)],
    );
    let (one, two, three) = tokio::join!(
        head(&service, get("/")),
        head(&service, get("/")),
        head(&service, get("/")),
    );
    assert!(one.is_err());
    assert_eq!(read(two.unwrap()).await.unwrap().body, "one");
    assert_eq!(read(three.unwrap()).await.unwrap().body, "one");
    assert_eq!(
        server.calls().len(),
        2,
        "one of those who waited took the lead"
    );
}

#[tokio::test(start_paused = true)]
async fn a_leaders_own_deadline_is_not_the_others() {
    let steps = [timed_out(), fresh("one")];
    let (service, _) = over(&private(), steps);
    let deadline = Deadline::at(tokio::time::Instant::now().into_std() + SLOW);
    let (one, two) = tokio::join!(
        head(&service, asking(get("/"), deadline)),
        head(&service, get("/")),
    );
    assert!(one.is_err());
    assert_eq!(read(two.unwrap()).await.unwrap().body, "one");
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_validation_ends_with_the_updated_response() {
    let stale = Step::ok()
        .header("cache-control", "max-age=1")
        .header("etag", "\"a\"")
        .body("one");
    let same = Step::status(304)
        .header("cache-control", "max-age=60")
        .header("etag", "\"a\"")
        .after(SLOW);
    let (service, server) = over(&private(), [stale, same]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    let all = crowd(&service, |_| get("/")).join_all().await;
    assert!(all.iter().all(|read| read.body == "one"));
    assert_eq!(server.calls().len(), 2);
    assert_eq!(server.calls()[1].headers["if-none-match"], "\"a\"");
}

#[tokio::test(start_paused = true)]
async fn without_coalescing_each_fetches() {
    let layer = private().coalesce(false);
    let (service, server) = over(&layer, [fresh("one").after(SLOW)]);
    crowd(&service, |_| get("/")).join_all().await;
    assert_eq!(server.calls().len(), CROWD);
}

#[tokio::test(start_paused = true)]
async fn requests_of_two_users_do_not_share_a_fetch() {
    let (service, server) = over(&private(), [fresh("mine").after(SLOW)]);
    crowd(&service, |number| {
        with(
            get("/"),
            "authorization",
            if number.is_multiple_of(2) {
                "Bearer ann"
            } else {
                "Bearer bob"
            },
        )
    })
    .join_all()
    .await;
    assert_eq!(server.calls().len(), 2);
}

/// A response that each request has to ask about.
fn validated(body: &'static str) -> Step {
    Step::ok()
        .header("cache-control", "no-cache")
        .header("etag", "\"a\"")
        .body(body)
        .after(SLOW)
}

#[tokio::test(start_paused = true)]
async fn what_each_must_ask_about_is_asked_about_by_all_at_the_same_time() {
    let layers = || [private(), private().store(moody().1)].into_iter();
    let controls = ["no-cache", "max-age=0", "max-age=0, must-revalidate"];
    let cases = controls
        .into_iter()
        .flat_map(|control| layers().map(move |layer| (control, layer)));
    for (control, layer) in cases {
        let answer = Step::answer(move |call| {
            let known = call.headers.contains_key("if-none-match");
            let response = http::Response::builder()
                .status(if known { 304 } else { 200 })
                .header("cache-control", control)
                .header("etag", "\"a\"");
            response
                .body(if known { "".into() } else { "one".into() })
                .unwrap()
        });
        let (service, server) = over(&layer, [answer.after(SLOW)]);
        for (wait, rounds) in [(0, 2), (1, 1), (60, 2), (1, 1)] {
            pass(seconds(wait)).await;
            let start = tokio::time::Instant::now();
            let all = crowd(&service, |_| get("/")).join_all().await;
            assert!(all.iter().all(|read| read.body == "one"));
            assert_eq!(start.elapsed(), SLOW * rounds, "{control} after {wait} s");
        }
        assert_eq!(server.calls().len(), 4 * CROWD);
    }
}

#[tokio::test(start_paused = true)]
async fn waiters_for_a_response_that_they_may_not_share_do_not_wait_for_its_body() {
    let (sender, body) = channel();
    let first = validated("").body(body);
    let (service, _) = over(&private(), [first, validated("other")]);
    let leader = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await }
    });
    tokio::task::yield_now().await;
    let start = tokio::time::Instant::now();
    let all = crowd(&service, |_| get("/")).join_all().await;
    assert!(all.iter().all(|read| read.body == "other"));
    assert_eq!(start.elapsed(), SLOW * 2);
    drop(sender);
    assert_eq!(leader.await.unwrap().body, "");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_of_another_variant_leads_for_those_like_it() {
    let answer = Step::answer(|call| {
        let tenant = call.headers["x-tenant"].to_str().unwrap().to_owned();
        let response = http::Response::builder()
            .header("cache-control", "max-age=60")
            .header("vary", "x-tenant");
        response.body(tenant.into()).unwrap()
    });
    let (service, server) = over(&private(), [answer.after(SLOW)]);
    let start = tokio::time::Instant::now();
    crowd(&service, |number| {
        with(get("/"), "x-tenant", &(number % 4).to_string())
    })
    .join_all()
    .await;
    assert_eq!(server.calls().len(), 4, "one for each");
    assert_eq!(
        start.elapsed(),
        SLOW * 2,
        "the first, and the others at once"
    );
}
