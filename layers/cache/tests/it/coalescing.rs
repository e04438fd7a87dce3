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

/// Two readers of one body that is longer than an entry may be, and comes when the test says so.
async fn two_readers_of_a_long_body(
    layer: &buttress_cache::CacheLayer,
) -> (buttress_testkit::FrameSender, [Answer; 2]) {
    let (sender, body) = channel();
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body(body)
        .after(SLOW);
    let (service, _) = over(layer, [step]);
    let (one, two) = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    (sender, [one.unwrap(), two.unwrap()])
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_of_an_entry_who_has_stopped_reading_stalls_nobody() {
    let layer = private().max_entry(8).unwrap();
    let (sender, [slow, quick]) = two_readers_of_a_long_body(&layer).await;
    for _ in 0..10 {
        sender.data("1234");
    }
    drop(sender);
    let quick = tokio::time::timeout(SLOW, read(quick)).await.unwrap();
    assert_eq!(quick.unwrap().body.len(), 40);
    let error = read(slow).await.unwrap_err();
    assert!(Failure::of(&*error).find::<FetchFailed>().is_some());
    assert!(error.to_string().contains("too slowly"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn beyond_the_limit_of_an_entry_who_keeps_up_reads_all() {
    let layer = private().max_entry(8).unwrap();
    let (sender, [one, two]) = two_readers_of_a_long_body(&layer).await;
    let (mut one, mut two) = (one.into_body(), two.into_body());
    let mut read = [0; 2];
    for _ in 0..10 {
        // Two frames behind is not too far.
        for _ in 0..2 {
            sender.data("1234");
            read[0] += one
                .frame()
                .await
                .unwrap()
                .unwrap()
                .into_data()
                .unwrap()
                .len();
        }
        while read[1] < read[0] {
            read[1] += two
                .frame()
                .await
                .unwrap()
                .unwrap()
                .into_data()
                .unwrap()
                .len();
        }
    }
    drop(sender);
    assert!(one.frame().await.is_none() && two.frame().await.is_none());
    assert_eq!(read, [80, 80]);
}

#[tokio::test(start_paused = true)]
async fn a_frame_longer_than_an_entry_may_be_leaves_nobody_behind_who_keeps_up() {
    let layer = private().max_entry(8).unwrap().max_bytes(8).unwrap();
    let (sender, [one, two]) = two_readers_of_a_long_body(&layer).await;
    let (mut one, mut two) = (one.into_body(), two.into_body());
    for _ in 0..10 {
        sender.data(vec![b'x'; 100]);
        for body in [&mut one, &mut two] {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap().len(), 100);
        }
    }
    drop(sender);
    assert!(one.frame().await.is_none() && two.frame().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_only_a_stalled_reader_is_left_of_is_given_up() {
    let layer = private().max_entry(8).unwrap();
    let (sender, [stalled, quick]) = two_readers_of_a_long_body(&layer).await;
    let mut quick = quick.into_body();
    for _ in 0..4 {
        sender.data("1234");
        quick.frame().await.unwrap().unwrap();
    }
    drop(quick);
    assert!(sender.is_closed(), "nobody can read the rest");
    assert!(read(stalled).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn too_late_to_join_is_who_comes_when_bytes_are_gone() {
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let layer = private().max_entry(8).unwrap();
    let (service, server) = over(&layer, [step, fresh("late")]);
    let mut first = head(&service, get("/")).await.unwrap().into_body();
    for _ in 0..3 {
        sender.data("1234");
        first.frame().await.unwrap().unwrap();
    }
    assert_eq!(send(&service, get("/")).await.body, "late");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn bodies_under_way_hold_no_more_than_all_may() {
    let layer = private().max_entry(60).unwrap().max_bytes(100).unwrap();
    let layer = layer.store(buttress_cache::store::Memory::of(1 << 20));
    let (ends, steps): (Vec<_>, Vec<_>) = (0..3)
        .map(|_| {
            let (sender, body) = channel();
            let step = Step::ok().header("cache-control", "max-age=60").body(body);
            (sender, step)
        })
        .unzip();
    let (service, server) = over(&layer, steps.into_iter().chain([fresh("again")]));
    let mut bodies = Vec::new();
    for (path, sender) in ["/a", "/b", "/c"].into_iter().zip(&ends) {
        let mut body = head(&service, get(path)).await.unwrap().into_body();
        sender.data(vec![b'x'; 50]);
        body.frame().await.unwrap().unwrap();
        bodies.push(body);
    }
    drop(ends);
    for body in bodies {
        assert!(body.collect().await.is_ok());
    }
    for (path, stored) in [("/a", true), ("/b", true), ("/c", false)] {
        let before = server.calls().len();
        send(&service, get(path)).await;
        assert_eq!(server.calls().len() == before, stored, "{path}");
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
    for control in ["no-cache", "max-age=0", "max-age=0, must-revalidate"] {
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
        let (service, server) = over(&private(), [answer.after(SLOW)]);
        for (wait, rounds) in [(0, 2), (0, 1), (60, 2), (1, 1)] {
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

#[tokio::test(start_paused = true)]
async fn whatever_is_invalidated_while_it_is_fetched_is_not_stored_leader_or_not() {
    use buttress_cache::{Mode, Override};
    let shared_layer = private();
    let alone = private().coalesce(false);
    let wish = |mode| asking(get("/"), Override::new().mode(mode));
    let range = || with(get("/"), "range", "bytes=0-");
    let post = || {
        let mut post = get("/");
        *post.method_mut() = http::Method::POST;
        post
    };
    let scenes = [
        ("plain", &shared_layer, get("/")),
        ("no coalescing", &alone, get("/")),
        (
            "no-cache",
            &shared_layer,
            with(get("/"), "cache-control", "no-cache"),
        ),
        ("reload", &shared_layer, wish(Mode::Reload)),
        ("range", &shared_layer, range()),
        ("post", &shared_layer, post()),
    ];
    for (name, layer, request) in scenes {
        layer.handle().clear().await;
        let old = fresh("old").header("content-location", "/").after(SLOW);
        let (service, server) = over(layer, [old, Step::status(204), fresh("new")]);
        let fetch = tokio::spawn({
            let service = service.clone();
            async move { send(&service, request).await }
        });
        pass(SLOW / 2).await;
        let mut put = get("/");
        *put.method_mut() = http::Method::PUT;
        send(&service, put).await;
        assert_eq!(fetch.await.unwrap().body, "old");
        assert_eq!(send(&service, get("/")).await.body, "new", "{name}");
        assert_eq!(server.calls().len(), 3, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_alone_that_is_invalidated_while_its_body_comes_is_not_stored() {
    let layer = private().coalesce(false);
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(&layer, [step, fresh("new")]);
    let body = head(&service, get("/")).await.unwrap().into_body();
    layer.handle().invalidate_pattern("*example/*").await;
    sender.data("old");
    drop(sender);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "old");
    assert_eq!(send(&service, get("/")).await.body, "new");
    assert_eq!(server.calls().len(), 2);
}

/// What is stored of a response if that happens while its body comes.
async fn stored_after<T>(
    layer: &buttress_cache::CacheLayer,
    happens: impl AsyncFnOnce() -> T,
) -> bool {
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, _) = over(layer, [step, fresh("new")]);
    let tagged = buttress_cache::Override::new().tag("users");
    let body = head(&service, asking(get("/1"), tagged)).await.unwrap();
    happens().await;
    sender.data("old");
    drop(sender);
    read(body).await.unwrap();
    let stored = send(&service, get("/1")).await.body == "old";
    layer.handle().clear().await;
    stored
}

#[tokio::test(start_paused = true)]
async fn only_what_is_meant_is_kept_out_of_the_store() {
    let layer = private().coalesce(false);
    let handle = layer.handle();
    assert!(stored_after(&layer, async || {}).await);
    let key = |path: &str| handle.key(&get(path));
    assert!(!stored_after(&layer, async || handle.invalidate(&key("/1")).await).await);
    assert!(stored_after(&layer, async || handle.invalidate(&key("/2")).await).await);
    for (prefix, stored) in [
        ("http://api.example/1", false),
        ("http://api.example/2", true),
    ] {
        let happens = async || handle.invalidate_prefix(prefix).await;
        assert_eq!(stored_after(&layer, happens).await, stored, "{prefix}");
    }
    for (tag, stored) in [("users", false), ("orders", true)] {
        let happens = async || handle.invalidate_tag(tag).await;
        assert_eq!(stored_after(&layer, happens).await, stored, "{tag}");
    }
    assert!(!stored_after(&layer, async || handle.clear().await).await);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_is_stored_however_much_is_written_elsewhere() {
    let layer = private().coalesce(false);
    let (writer, _) = over(&layer, [Step::status(204)]);
    let happens = async || {
        for number in 0..2_000 {
            let mut put = get(&format!("/other/{number}"));
            *put.method_mut() = http::Method::PUT;
            send(&writer, put).await;
        }
    };
    assert!(stored_after(&layer, happens).await);
}

#[tokio::test(start_paused = true)]
async fn more_invalidations_than_are_remembered_count_as_meant() {
    let layer = private().coalesce(false);
    let handle = layer.handle();
    for (count, stored) in [(64, true), (65, false)] {
        let happens = async || {
            for _ in 0..count {
                handle.invalidate_prefix("http://other.example/").await;
            }
        };
        assert_eq!(stored_after(&layer, happens).await, stored, "{count}");
    }
    let other = handle.key(&get("/2"));
    for (count, stored) in [(8_192, true), (8_193, false)] {
        let happens = async || {
            for _ in 0..count {
                handle.invalidate(&other).await;
            }
        };
        assert_eq!(stored_after(&layer, happens).await, stored, "{count}");
    }
}
