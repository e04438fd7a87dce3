use std::time::Duration;

use buttress_cache::FetchFailed;
use buttress_kernel::{Deadline, Failure, Kind, Sent, TransportError};
use buttress_testkit::{Step, channel};
use http::StatusCode;
use http_body_util::BodyExt;
use tokio::task::JoinSet;

use crate::support::*;

const SLOW: Duration = Duration::from_millis(100);

/// So many requests at once.
const CROWD: usize = 100;

fn crowd(
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
    let (service, server) = over(&private(), [uncacheable("mine").after(SLOW)]);
    let start = tokio::time::Instant::now();
    crowd(&service, |_| get("/")).join_all().await;
    assert_eq!(server.calls().len(), CROWD);
    assert_eq!(
        start.elapsed(),
        SLOW * 2,
        "one round to learn it, and one for all"
    );
    let start = tokio::time::Instant::now();
    crowd(&service, |_| get("/")).join_all().await;
    assert_eq!(start.elapsed(), SLOW, "then it is known");
}

#[tokio::test(start_paused = true)]
async fn a_body_goes_to_all_who_wait_while_it_comes() {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let (service, server) = over(&private(), [step]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    let (mut one, mut two) = (one.unwrap().into_body(), two.unwrap().into_body());
    sender.data("first");
    assert_eq!(
        two.frame().await.unwrap().unwrap().into_data().unwrap(),
        "first"
    );
    let mut late = head(&service, get("/")).await.unwrap().into_body();
    assert_eq!(
        late.frame().await.unwrap().unwrap().into_data().unwrap(),
        "first",
        "from the start"
    );
    sender.data("second");
    drop(sender);
    assert_eq!(two.collect().await.unwrap().to_bytes(), "second");
    assert_eq!(late.collect().await.unwrap().to_bytes(), "second");
    assert_eq!(
        one.frame().await.unwrap().unwrap().into_data().unwrap(),
        "firstsecond",
        "the slow one"
    );
    assert!(one.frame().await.is_none());
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_goes_before_the_head_hands_over() {
    let (service, server) = over(&private(), [fresh("one").after(SLOW)]);
    let leader = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await }
    });
    tokio::task::yield_now().await;
    let others = crowd(&service, |_| get("/"));
    pass(SLOW / 2).await;
    leader.abort();
    let all = others.join_all().await;
    assert!(all.iter().all(|read| read.body == "one"));
    assert_eq!(server.calls().len(), 2, "one took the lead");
    assert_eq!(server.dropped(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_goes_in_the_middle_of_the_body_leaves_it_to_the_others() {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let (service, server) = over(&private(), [step]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    let mut one = one.unwrap().into_body();
    sender.data("first");
    one.frame().await.unwrap().unwrap();
    // It has polled the body last, and waits for it.
    let waits = tokio::time::timeout(SLOW, one.frame()).await;
    assert!(waits.is_err());
    let rest = tokio::spawn(two.unwrap().into_body().collect());
    pass(SLOW).await;
    drop(one);
    sender.data("second");
    drop(sender);
    assert_eq!(rest.await.unwrap().unwrap().to_bytes(), "firstsecond");
    assert_eq!(
        send(&service, get("/")).await.body,
        "firstsecond",
        "and it is stored"
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_has_polled_and_sleeps_stalls_nobody() {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let (service, _) = over(&private(), [step]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    let (mut one, two) = (one.unwrap().into_body(), two.unwrap().into_body());
    assert!(tokio::time::timeout(SLOW, one.frame()).await.is_err());
    let quick = tokio::spawn(two.collect());
    tokio::task::yield_now().await;
    assert!(
        tokio::time::timeout(SLOW, one.frame()).await.is_err(),
        "it was the last to poll"
    );
    sender.data("data");
    drop(sender);
    assert_eq!(quick.await.unwrap().unwrap().to_bytes(), "data");
    assert_eq!(one.collect().await.unwrap().to_bytes(), "data");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_of_an_entry_the_quick_wait_for_the_slow() {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let layer = private().max_entry(8).unwrap();
    let (service, server) = over(&layer, [step, fresh("late")]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    let (slow, mut quick) = (one.unwrap().into_body(), two.unwrap().into_body());
    for _ in 0..4 {
        sender.data("1234");
    }
    let mut read = 0;
    while let Ok(frame) = tokio::time::timeout(SLOW, quick.frame()).await {
        read += frame.unwrap().unwrap().into_data().unwrap().len();
    }
    assert_eq!(read, 12, "the frame that goes beyond the limit is the last");
    assert_eq!(
        send(&service, get("/")).await.body,
        "late",
        "too late to join"
    );
    let slow = tokio::spawn(slow.collect());
    drop(sender);
    let rest = quick.collect().await.unwrap().to_bytes();
    assert_eq!(rest, "1234");
    assert_eq!(slow.await.unwrap().unwrap().to_bytes(), "1234123412341234");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_that_goes_frees_the_quick() {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let layer = private().max_entry(8).unwrap();
    let (service, _) = over(&layer, [step]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    let quick = tokio::spawn(two.unwrap().into_body().collect());
    for _ in 0..10 {
        sender.data("1234");
    }
    drop(sender);
    pass(SLOW).await;
    assert!(!quick.is_finished());
    drop(one);
    assert_eq!(quick.await.unwrap().unwrap().to_bytes().len(), 40);
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
    #[derive(Debug)]
    struct Late(buttress_kernel::Facts);
    impl std::fmt::Display for Late {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("late")
        }
    }
    impl std::error::Error for Late {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let late = || Late(buttress_kernel::Facts::new(Kind::Timeout));
    let steps = [Step::error(late).after(SLOW), fresh("one")];
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
async fn what_is_invalidated_while_it_is_fetched_is_not_stored() {
    let layer = private();
    let (service, server) = over(&layer, [fresh("old").after(SLOW), fresh("new")]);
    let call = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await }
    });
    pass(SLOW / 2).await;
    layer
        .handle()
        .invalidate_prefix("http://api.example/")
        .await;
    assert_eq!(call.await.unwrap().body, "old");
    assert_eq!(send(&service, get("/")).await.body, "new");
    assert_eq!(server.calls().len(), 2);
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
