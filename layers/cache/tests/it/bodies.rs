//! Bodies that several read while they come.

use std::sync::atomic::Ordering;

use buttress_cache::FetchFailed;
use buttress_cache::store::Memory;
use buttress_kernel::Failure;
use buttress_testkit::{Step, channel};
use http_body_util::BodyExt;

use crate::coalescing::{SLOW, crowd};
use crate::moody::{PANICS, moody};
use crate::support::*;

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
async fn readers_who_have_stopped_keep_nothing_else_out_of_the_store() {
    let layer = private()
        .max_entry(1_000)
        .unwrap()
        .max_bytes(4_000)
        .unwrap()
        .store(Memory::of(1 << 20));
    let mut stopped = Vec::new();
    for path in ["/a", "/b", "/c", "/d"] {
        let (sender, body) = channel();
        let step = Step::ok().header("cache-control", "max-age=60").body(body);
        let (service, _) = over(&layer, [step]);
        let mut body = head(&service, get(path)).await.unwrap().into_body();
        sender.data(vec![b'x'; 999]);
        body.frame().await.unwrap().unwrap();
        stopped.push((sender, body));
    }
    let other = Step::ok().header("cache-control", "max-age=60");
    let (service, server) = over(&layer, [other.body("y".repeat(500))]);
    for calls in [1, 2, 3, 3] {
        send(&service, get("/")).await;
        assert_eq!(server.calls().len(), calls);
        pass(seconds(3)).await;
    }
    for (sender, body) in stopped {
        sender.data("x");
        drop(sender);
        let rest = body.collect().await.expect("it is read all the same");
        assert_eq!(rest.to_bytes(), "x");
    }
}

#[tokio::test(start_paused = true)]
async fn readers_who_have_not_begun_with_what_came_in_one_frame_keep_nothing_out() {
    let layer = private()
        .max_entry(1_000)
        .unwrap()
        .max_bytes(4_000)
        .unwrap()
        .store(Memory::of(1 << 20));
    let mut stopped = Vec::new();
    for path in ["/a", "/b", "/c", "/d"] {
        let whole = Step::ok()
            .header("cache-control", "max-age=60")
            .body("x".repeat(999));
        let (service, server) = over(&layer, [whole.after(SLOW)]);
        let (one, two) = tokio::join!(head(&service, get(path)), head(&service, get(path)));
        assert_eq!(server.calls().len(), 1);
        assert_eq!(read(one.unwrap()).await.unwrap().body.len(), 999);
        stopped.push(two.unwrap());
    }
    let other = Step::ok().header("cache-control", "max-age=60");
    let (service, server) = over(&layer, [other.body("y".repeat(500))]);
    for calls in [1, 2, 3, 3] {
        send(&service, get("/")).await;
        assert_eq!(server.calls().len(), calls);
        pass(seconds(3)).await;
    }
    let mut lost = 0;
    for stopped in stopped {
        lost += usize::from(read(stopped).await.is_err());
    }
    assert_eq!(lost, 1, "and no more go than have to");
}

#[tokio::test(start_paused = true)]
async fn where_a_store_panics_as_room_is_made_nobody_waits_for_ever() {
    let (mood, store) = moody();
    let layer = private().max_entry(1_000).unwrap().max_bytes(1_000);
    let layer = layer.unwrap().store(store);
    let streamed = |body| Step::ok().header("cache-control", "max-age=60").body(body);
    let ((idle, newer), (sender, body)) = (channel(), channel());
    let (service, _) = over(&layer, [fresh("old"), streamed(newer)]);
    send(&service, get("/a")).await;
    pass(seconds(1)).await;
    let reload = with(get("/a"), "cache-control", "no-cache");
    let mut reload = head(&service, reload).await.unwrap().into_body();
    idle.data(vec![b'x'; 900]);
    reload.frame().await.unwrap().unwrap();
    let (service, _) = over(&layer, [streamed(body).after(SLOW)]);
    let (one, two) = tokio::join!(head(&service, get("/b")), head(&service, get("/b")));
    let (mut one, mut two) = (one.unwrap().into_body(), two.unwrap().into_body());
    for length in [90, 200] {
        sender.data(vec![b'y'; length]);
        one.frame().await.unwrap().unwrap();
        two.frame().await.unwrap().unwrap();
    }
    pass(seconds(6)).await;
    mood.0.store(PANICS, Ordering::Relaxed);
    sender.data(vec![b'y'; 200]);
    let polls = tokio::spawn(async move { one.frame().await.is_some() });
    assert!(polls.await.unwrap_err().is_panic());
    let end = tokio::time::timeout(seconds(60), two.collect()).await;
    assert!(end.expect("it comes to an end").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_body_that_goes_on_keeps_the_room_that_it_has() {
    let layer = private()
        .max_entry(1_000)
        .unwrap()
        .max_bytes(1_000)
        .unwrap()
        .store(Memory::of(1 << 20));
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=600").body(body);
    let large = Step::ok().header("cache-control", "max-age=60");
    let (service, server) = over(&layer, [step, large.body("y".repeat(950))]);
    let reader = service.clone();
    let reader = tokio::spawn(async move { send(&reader, get("/long")).await });
    for number in 0..10 {
        sender.data(vec![b'x'; 100]);
        pass(seconds(4)).await;
        let other = send(&service, get(&format!("/{number}"))).await;
        assert_eq!(other.body.len(), 950);
    }
    drop(sender);
    assert_eq!(reader.await.unwrap().body.len(), 1_000);
    let calls = server.calls().len();
    assert_eq!(send(&service, get("/long")).await.body.len(), 1_000);
    assert_eq!(server.calls().len(), calls, "it is stored");
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
