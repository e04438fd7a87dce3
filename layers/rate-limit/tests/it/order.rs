use buttress_kernel::Background;
use buttress_rate_limit::{Override, Priority, RateLimitLayer};
use tokio::time::sleep;

use crate::support::*;

fn numbered(number: usize) -> http::Request<()> {
    get(&format!("http://a/{number}"))
}

fn numbers(server: &Server) -> Vec<usize> {
    let paths = server.paths();
    paths
        .iter()
        .map(|path| path[1..].parse().unwrap())
        .collect()
}

/// With a thousand waiters and drops at random, by this seed.
async fn crowd(rate: u32, seed: u64) {
    let layer = RateLimitLayer::per_second(rate).unwrap().burst(1).unwrap();
    let layer = layer.wait(secs(3_600));
    let (service, server) = limited(&layer);
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut calls = Vec::new();
    for number in 0..1_000 {
        calls.push((number, begin(&service, numbered(number)).await));
    }
    let mut dropped = Vec::new();
    for _ in 0..300 {
        let (number, call) = calls.swap_remove(rng.usize(..calls.len()));
        call.abort();
        if call.await.is_err() {
            dropped.push(number);
        }
        if rng.u8(..4) == 0 {
            sleep(ms(rng.u64(..3))).await;
        }
    }
    for (_, call) in calls {
        call.await.unwrap().unwrap();
    }
    let served = numbers(&server);
    assert!(served.is_sorted(), "seed {seed}: {served:?}");
    assert_eq!(served.len() + dropped.len(), 1_000);
    assert!(dropped.len() > 10, "drops that came in time");
    assert_eq!(layer.handle().waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn w44_a_thousand_waiters_are_served_in_the_order_of_their_arrival_whoever_drops_out() {
    for (rate, seed) in [(100, 1), (1_000, 2), (100_000, 3)] {
        crowd(rate, seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn w44_newcomers_do_not_overtake() {
    let (service, server) = limited(&per_second(10, 1));
    let mut calls = vec![
        begin(&service, numbered(0)).await,
        begin(&service, numbered(1)).await,
    ];
    sleep(ms(99)).await;
    calls.push(begin(&service, numbered(2)).await);
    sleep(ms(1)).await;
    calls.push(begin(&service, numbered(3)).await);
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(numbers(&server), [0, 1, 2, 3]);
}

#[tokio::test(start_paused = true)]
async fn trap14_a_request_that_costs_10_is_not_starved_by_a_stream_of_singles() {
    let (service, server) = limited(&per_second(10, 10));
    let start = now();
    for number in 1..=10 {
        send(&service, numbered(number)).await.unwrap();
    }
    let mut dear = numbered(0);
    dear.extensions_mut().insert(Override::new().cost(10));
    let dear = begin(&service, dear).await;
    let mut stream = Vec::new();
    for number in 0..50 {
        stream.push(begin(&service, numbered(100 + number)).await);
        sleep(ms(20)).await;
    }
    dear.await.unwrap().unwrap();
    let served = numbers(&server);
    assert_eq!(served[10], 0, "before every single that came after it");
    assert_eq!(
        server.times(start)[10],
        secs(1),
        "as soon as ten tokens had come"
    );
    for single in stream {
        single.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_more_urgent_go_first() {
    let (service, server) = limited(&per_second(1, 1));
    send(&service, numbered(0)).await.unwrap();
    let mut calls = Vec::new();
    for (number, class) in [
        Priority::LOW,
        Priority::NORMAL,
        Priority::HIGH,
        Priority::HIGH,
    ]
    .into_iter()
    .enumerate()
    {
        let mut request = numbered(number + 1);
        request.extensions_mut().insert(class);
        calls.push(begin(&service, request).await);
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(numbers(&server), [0, 3, 4, 2, 1]);
}

#[tokio::test(start_paused = true)]
async fn the_least_urgent_is_not_starved_by_urgent_ones_that_keep_coming() {
    let layer = per_second(10, 1).ageing(ms(500));
    let (service, server) = limited(&layer);
    send(&service, numbered(0)).await.unwrap();
    let mut low = numbered(1);
    low.extensions_mut().insert(Priority::LOW);
    let low = begin(&service, low).await;
    let mut calls = Vec::new();
    // Twice as many as there are tokens for.
    for _ in 0..60 {
        let mut high = numbered(2);
        high.extensions_mut().insert(Priority::HIGH);
        calls.push(begin(&service, high).await);
        sleep(ms(50)).await;
    }
    low.await.unwrap().unwrap();
    // Those that came within the second that two classes make are before it, the others behind.
    let place = numbers(&server).iter().position(|number| *number == 1);
    assert_eq!(place, Some(1 + 20));
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn without_ageing_classes_do_not_matter() {
    let (service, server) = limited(&per_second(1, 1).ageing(secs(0)));
    send(&service, numbered(0)).await.unwrap();
    let first = begin(&service, numbered(1)).await;
    let mut high = numbered(2);
    high.extensions_mut().insert(Priority::HIGH);
    send(&service, high).await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(numbers(&server), [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn who_is_overtaken_gives_up_when_its_time_is_up() {
    let (service, _) = limited(&per_second(1, 1).wait(ms(1_500)));
    send(&service, numbered(0)).await.unwrap();
    let start = now();
    let low = begin(&service, numbered(1)).await;
    let mut high = numbered(2);
    high.extensions_mut().insert(Priority::HIGH);
    send(&service, high).await.unwrap();
    let refusal = refused(low.await.unwrap());
    assert_eq!(now() - start, ms(1_500));
    assert_eq!(refusal.wait(), ms(500), "it would have been next");
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_not_urgent() {
    let (service, server) = limited(&per_second(1, 1));
    let mut urgent = numbered(2);
    urgent.extensions_mut().insert(Priority::HIGH);
    urgent.extensions_mut().insert(Background);
    let mut calls = Vec::new();
    for request in [numbered(0), numbered(1), urgent] {
        calls.push(begin(&service, request).await);
    }
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(numbers(&server), [0, 1, 2]);
}
