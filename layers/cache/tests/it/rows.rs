//! What the clients before this one promised of their caches, or got wrong; each test has the number
//! of its row in its name.

use std::time::Duration;

use buttress_cache::store::Memory;
use buttress_cache::{CacheStatus, Mode, Override};
use buttress_testkit::Step;
use http::{Method, Request};
use tokio::task::JoinSet;

use crate::support::*;

/// Says what it was asked: a method, a path, and who asked.
fn mirror() -> Step {
    Step::answer(|call| {
        let user = call.header("authorization").unwrap_or("nobody");
        let language = call.header("accept-language").unwrap_or("any");
        let said = format!("{} {} {user} {language}", call.method, call.uri);
        let response = http::Response::builder()
            .header("cache-control", "max-age=300")
            .header("vary", "accept-language");
        response.body(said.into()).unwrap()
    })
}

fn method(method: Method, path: &str) -> Request<buttress_kernel::Body> {
    let mut request = get(path);
    *request.method_mut() = method;
    request
}

#[tokio::test(start_paused = true)]
async fn ic41_the_key_is_the_whole_uri_the_credentials_and_what_vary_names() {
    let (service, server) = over(&private(), [mirror()]);
    let requests = || {
        let spoken = |path, language| with(get(path), "accept-language", language);
        [
            get("/users/1"),
            get("/users/2"),
            get("/users?page=1"),
            get("/users?page=2"),
            with(get("/users/1"), "authorization", "Bearer ann"),
            with(get("/users/1"), "authorization", "Bearer bob"),
            spoken("/users/1", "de"),
            spoken("/users/1", "fr"),
        ]
    };
    let mut seen = Vec::new();
    for request in requests() {
        seen.push(send(&service, request).await.body);
    }
    for (request, expected) in requests().into_iter().zip(&seen) {
        assert_eq!(send(&service, request).await.body, *expected);
    }
    assert_eq!(server.calls().len(), 8);
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn ic42_only_safe_methods_are_kept_and_others_make_them_out_of_date() {
    for unsafe_method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let (service, server) = over(&private(), [mirror()]);
        let change = async || send(&service, method(unsafe_method.clone(), "/users/1")).await;
        change().await;
        change().await;
        assert_eq!(server.calls().len(), 2, "never answered from the store");
        let read = send(&service, get("/users/1")).await;
        assert!(read.body.starts_with("GET"), "{}", read.body);
        send(&service, get("/users/1")).await;
        send(&service, method(Method::HEAD, "/users/1")).await;
        assert_eq!(server.calls().len(), 3, "GET answers GET and HEAD");
        change().await;
        send(&service, get("/users/1")).await;
        assert_eq!(server.calls().len(), 5, "{unsafe_method} was heard");
    }
}

#[tokio::test(start_paused = true)]
async fn jp17_an_entry_lives_as_long_as_it_is_told_and_clear_empties_all() {
    let five_minutes = Duration::from_millis(300_000);
    let layer = private().defaults(Override::new().fresh_for(five_minutes));
    let (service, server) = over(&layer, [Step::ok().body("plain")]);
    let short = || asking(get("/short"), Override::new().fresh_for(seconds(1)));
    assert!(
        layer
            .handle()
            .get(&layer.handle().key(&get("/")))
            .await
            .is_none()
    );
    send(&service, get("/")).await;
    send(&service, short()).await;
    pass(five_minutes - seconds(1)).await;
    send(&service, get("/")).await;
    assert_eq!(server.calls().len(), 2);
    send(&service, short()).await;
    assert_eq!(server.calls().len(), 3, "its own time is over");
    pass(seconds(1)).await;
    send(&service, get("/")).await;
    assert_eq!(server.calls().len(), 4, "five minutes are over");
    assert_eq!(layer.handle().clear().await, 2);
    assert!(
        layer
            .handle()
            .get(&layer.handle().key(&get("/")))
            .await
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn jp18_only_get_goes_through_the_store_by_path_and_options() {
    let (service, server) = over(&private(), [mirror()]);
    for _ in 0..2 {
        for path in ["/a", "/a?b=1", "/a?b=2"] {
            send(&service, get(path)).await;
        }
    }
    assert_eq!(server.calls().len(), 3);
    for _ in 0..2 {
        send(&service, method(Method::OPTIONS, "/a")).await;
        send(&service, method(Method::POST, "/b")).await;
    }
    assert_eq!(server.calls().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn sp26_sp27_sp29_a_window_is_set_or_left_out_by_request() {
    let window = Duration::from_millis(250);
    let layer = private().defaults(Override::new().fresh_for(window));
    let (service, server) = over(&layer, [Step::ok().body("plain")]);
    for _ in 0..3 {
        assert_eq!(send(&service, get("/")).await.body, "plain");
    }
    assert_eq!(server.calls().len(), 1, "inside the window");
    pass(window).await;
    send(&service, get("/")).await;
    assert_eq!(server.calls().len(), 2, "after it");
    let none = || asking(get("/"), Override::new().mode(Mode::NoStore));
    send(&service, none()).await;
    send(&service, none()).await;
    assert_eq!(
        server.calls().len(),
        4,
        "without a cache there is no window"
    );
    for _ in 0..2 {
        send(&service, method(Method::POST, "/")).await;
    }
    assert_eq!(
        server.calls().len(),
        6,
        "no window for what changes something"
    );
}

#[tokio::test(start_paused = true)]
async fn sp28_w31_identical_calls_share_one_answer_and_the_first_goes_at_once() {
    let slow = Duration::from_millis(100);
    let (service, server) = over(&private(), [fresh("answer").after(slow)]);
    let start = tokio::time::Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let service = service.clone();
        calls.spawn(async move { send(&service, get("/")).await });
    }
    let all = calls.join_all().await;
    assert!(
        all.iter().all(|read| read.body == "answer"),
        "never an empty one"
    );
    assert_eq!(start.elapsed(), slow, "nobody waited for a window");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn sp31_a_key_of_ones_own_takes_the_place_of_uri_and_not_of_the_user() {
    let (service, server) = over(&private(), [mirror()]);
    let named = |path| asking(get(path), Override::new().key("list"));
    send(&service, named("/a")).await;
    assert!(send(&service, named("/b")).await.body.contains("/a"));
    let ann = with(named("/b"), "authorization", "Bearer ann");
    assert!(send(&service, ann).await.body.contains("Bearer ann"));
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn sp32_what_is_over_and_what_is_too_much_goes_without_a_sweep() {
    let memory = Memory::of(64 * 1024);
    let layer = private().store(memory.clone());
    let body = "x".repeat(1_000);
    let step = Step::ok().header("cache-control", "max-age=1").body(body);
    let (service, server) = over(&layer, [step]);
    for number in 0..2_000 {
        send(&service, get(&format!("/{number}"))).await;
        assert!(memory.bytes() <= 64 * 1024);
    }
    assert!(memory.keys() > 20, "the room is used");
    pass(seconds(2)).await;
    send(&service, get("/1999")).await;
    assert_eq!(server.calls().len(), 2_001, "what is over is asked for");
}

#[tokio::test(start_paused = true)]
async fn bq34_what_is_fetched_once_is_not_kept_for_the_life_of_the_process() {
    let step = || Step::ok().body("plain");
    let (service, server) = over(&private(), [step()]);
    for _ in 0..2 {
        send(&service, get("/")).await;
    }
    assert_eq!(server.calls().len(), 2, "off unless asked for");
    let wishes = || Override::new().fresh_for(seconds(60));
    for path in ["/users?id=1", "/users?id=2", "/users?id=1"] {
        send(&service, asking(get(path), wishes())).await;
    }
    assert_eq!(server.calls().len(), 4, "one fetch for each final URI");
    pass(seconds(60)).await;
    send(&service, asking(get("/users?id=1"), wishes())).await;
    assert_eq!(server.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn w34_what_one_call_wants_changes_nothing_for_the_others() {
    let layer = private().defaults(Override::new().fresh_for(seconds(60)));
    let (service, server) = over(&layer, [Step::ok().body("plain")]);
    for mode in [Mode::NoStore, Mode::Reload, Mode::NoCache] {
        let own = Override::new().mode(mode).fresh_for(Duration::ZERO);
        let mut post = asking(method(Method::POST, "/post"), own.clone());
        post.headers_mut().insert("x", "y".parse().unwrap());
        send(&service, post).await;
        send(&service, asking(get("/own"), own)).await;
    }
    let before = server.calls().len();
    for _ in 0..3 {
        send(&service, get("/")).await;
    }
    assert_eq!(server.calls().len(), before + 1, "the defaults still hold");
}

#[tokio::test(start_paused = true)]
async fn w35_w36_w59_a_failure_stays_one_and_is_not_kept() {
    for status in [400, 404, 500, 503] {
        let failed = Step::status(status).body("{\"data\":0}");
        let layer = private().defaults(Override::new().fresh_for(seconds(60)));
        let (service, server) = over(&layer, [failed, Step::ok().body("0")]);
        let read = send(&service, get("/")).await;
        assert_eq!(
            (read.status.as_u16(), &*read.body),
            (status, "{\"data\":0}")
        );
        for _ in 0..2 {
            let read = send(&service, get("/")).await;
            assert_eq!((read.status.as_u16(), &*read.body), (200, "0"));
        }
        assert_eq!(server.calls().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hit_can_be_told_from_a_fetch_by_every_caller() {
    let layer = private().status_extension(true);
    let (service, _) = over(&layer, [fresh("")]);
    for is_hit in [false, true, true] {
        let read = send(&service, get("/")).await;
        let status = read.extensions.get::<CacheStatus>().unwrap();
        assert_eq!(
            status.is_hit(),
            is_hit,
            "an empty body is a hit like any other"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_put_back_makes_nothing_fresher_for_longer() {
    let (clock, shown) = by_hand();
    let layer = buttress_cache::CacheLayer::private().wall_clock(shown);
    let (service, server) = over(&layer, [fresh("one"), fresh("two"), fresh("three")]);
    send(&service, get("/")).await;
    clock.set(day() - seconds(60));
    let read = send(&service, get("/")).await;
    assert_eq!((&*read.body, read.header("age")), ("one", Some("0")));
    clock.set(day() - seconds(3_600));
    // What comes now, with the clock an hour behind, is a minute fresh by that clock.
    assert_eq!(send(&service, get("/b")).await.body, "two");
    clock.set(day() - seconds(3_600) + seconds(61));
    assert_eq!(send(&service, get("/b")).await.body, "three");
    clock.set(day() + seconds(61));
    send(&service, get("/")).await;
    assert_eq!(
        server.calls().len(),
        4,
        "the first is over by the clock that it came under"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_swept_out_under_load_is_asked_for_and_never_mixed_up() {
    let memory = Memory::of(32 * 1024);
    let answer = Step::answer(|call| {
        let response = http::Response::builder().header("cache-control", "max-age=60");
        let body = format!("{} {}", call.uri.path(), "x".repeat(500));
        response.body(body.into()).unwrap()
    });
    let (service, server) = over(&private().store(memory.clone()), [answer]);
    let mut tasks = JoinSet::new();
    for task in 0..8_usize {
        let (service, memory) = (service.clone(), memory.clone());
        tasks.spawn(async move {
            for call in 0..300_usize {
                let path = format!("/{}", (call * 7 + task * 13) % 200);
                let read = send(&service, get(&path)).await;
                assert!(read.body.starts_with(&format!("{path} ")), "{path}");
                assert!(memory.bytes() <= 32 * 1024);
            }
        });
    }
    tasks.join_all().await;
    assert!(server.calls().len() > 200, "not all of them fit");
}
