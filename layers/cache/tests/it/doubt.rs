//! Invalidations that a store has yet to confirm.

use std::sync::atomic::Ordering;
use std::time::Duration;

use buttress_kernel::Body;
use buttress_testkit::Scripted;

use crate::moody::{FAILS, HALTS, LATE, PANICS, STALLS, WALKS, WELL, moody};
use crate::support::*;

fn delete(path: &str) -> http::Request<Body> {
    let mut delete = get(path);
    *delete.method_mut() = http::Method::DELETE;
    delete
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stalls_for_a_moment_forgets_no_more_than_was_made_out_of_date() {
    let (mood, store) = moody();
    let (service, server) = over(&private().store(store), [fresh("one")]);
    for path in ["/spared", "/0"] {
        send(&service, get(path)).await;
    }
    pass(seconds(1)).await;
    mood.0.store(LATE, Ordering::Relaxed);
    let mut crowd = tokio::task::JoinSet::new();
    for number in 0..1_000 {
        let (service, path) = (service.clone(), format!("/{number}"));
        crowd.spawn(async move { send(&service, delete(&path)).await });
    }
    crowd.join_all().await;
    mood.0.store(WELL, Ordering::Relaxed);
    pass(seconds(2)).await;
    let calls = server.calls().len();
    send(&service, get("/spared")).await;
    assert_eq!(server.calls().len(), calls);
    send(&service, get("/0")).await;
    assert_eq!(server.calls().len(), calls + 1);
    pass(seconds(1)).await;
    send(&service, get("/0")).await;
    assert_eq!(
        server.calls().len(),
        calls + 1,
        "nothing is in doubt any more"
    );
}

/// How often the origin is asked in ten requests, which take some seconds.
async fn asked(service: &buttress_cache::Cache<Scripted>, server: &Scripted) -> usize {
    let before = server.calls().len();
    for _ in 0..10 {
        send(service, get("/")).await;
        pass(Duration::from_millis(300)).await;
    }
    server.calls().len() - before
}

#[test]
fn what_a_runtime_leaves_in_doubt_is_seen_to_in_the_next() {
    let (mood, store) = moody();
    let (_, clock) = by_hand();
    let layer = private().store(store).wall_clock(clock);
    let (service, server) = over(&layer, [fresh("one")]);
    let run = |work: std::pin::Pin<&mut dyn Future<Output = ()>>| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(work);
    };
    run(std::pin::pin!(async {
        mood.0.store(STALLS, Ordering::Relaxed);
        send(&service, delete("/")).await;
        mood.0.store(WELL, Ordering::Relaxed);
    }));
    run(std::pin::pin!(async {
        // The runtime ends while it is being seen to.
        send(&service, get("/")).await;
    }));
    run(std::pin::pin!(async {
        let asked = asked(&service, &server).await;
        assert!((1..=2).contains(&asked), "{asked}");
    }));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_panics_over_an_invalidation_is_told_again() {
    let (mood, store) = moody();
    let (service, server) = over(&private().store(store), [fresh("one")]);
    mood.0.store(PANICS, Ordering::Relaxed);
    send(&service, delete("/")).await;
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    mood.0.store(WELL, Ordering::Relaxed);
    let asked = asked(&service, &server).await;
    assert!((1..=2).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_goes_on_forgetting_is_not_told_again_however_long_it_takes() {
    let (lines, _guard) = crate::telemetry::listen();
    for (how, times) in [(WALKS, 1), (HALTS, 2)] {
        let (mood, store) = moody();
        let layer = shared().store(store);
        let (service, server) = over(&layer, [fresh("one")]);
        send(&service, get("/")).await;
        mood.0.store(how, Ordering::Relaxed);
        send(&service, delete("/")).await;
        // Five minutes of steps, and one in which nothing moves.
        pass(seconds(5 * 60 - 1)).await;
        assert_eq!(mood.1.load(Ordering::Relaxed), 1);
        mood.0.store(WELL, Ordering::Relaxed);
        pass(seconds(2 * 60)).await;
        assert_eq!(mood.1.load(Ordering::Relaxed), times);
        let failed = lines.take();
        let failed = failed
            .iter()
            .filter(|line| line.contains("the store failed"));
        assert_eq!(
            failed.count(),
            times,
            "that it is late is told, and that it has stopped"
        );
        for _ in 0..2 {
            send(&service, get("/")).await;
        }
        assert_eq!(server.calls().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_invalidates_by_hand_is_told_the_end_however_long_it_takes() {
    let (lines, _guard) = crate::telemetry::listen();
    for (how, forgotten, minutes) in [(WALKS, 1, 5), (HALTS, 0, 6), (STALLS, 0, 1), (FAILS, 0, 0)] {
        let (mood, store) = moody();
        let layer = private().store(store);
        let (service, _) = over(&layer, [fresh("one")]);
        send(&service, get("/")).await;
        pass(seconds(1)).await;
        mood.0.store(how, Ordering::Relaxed);
        let (handle, start) = (layer.handle(), tokio::time::Instant::now());
        assert_eq!(handle.invalidate_prefix("http").await, forgotten, "{how}");
        let took = start.elapsed();
        assert_eq!(took.as_secs(), minutes * 60, "{how}");
        let told = lines.take();
        let failed = told.iter().filter(|line| line.contains("the store failed"));
        assert_eq!(failed.count(), 1 - forgotten, "{how}");
        mood.0.store(WELL, Ordering::Relaxed);
    }
}
