//! A limit that processes share: each has a layer of its own, and they meet in the store alone.

mod cancelled;
mod out;

use std::time::Duration;

use buttress_kernel::Deadline;
use buttress_kernel::key::Authority;
use buttress_rate_limit::{InProcess, Override, Rate, RateLimitLayer, Reason, Store, Verdict};
use tokio::time::{advance, sleep};

use crate::remote::{Health, Remote};
use crate::support::*;

fn sharing(remote: &Remote) -> RateLimitLayer {
    per_second(10, 5).store(remote.clone())
}

/// No window lets more through than the burst and what the rate adds.
fn keeps_to(rate: Rate, times: &mut [Duration]) {
    times.sort_unstable();
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first) {
            let fresh = (*end - *start).as_nanos() / rate.interval().as_nanos();
            let most = u128::from(rate.capacity()) + fresh;
            let sent = (last - first + 1) as u128;
            assert!(sent <= most, "{sent} of {most} from {start:?} to {end:?}");
        }
    }
}

async fn crowd(service: &Limited, requests: usize) {
    let mut tasks = Vec::new();
    for _ in 0..requests {
        tasks.push(begin(service, api()).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn trap15_two_processes_keep_to_one_limit_and_use_it_up() {
    for latency in [0, 3, 40].map(ms) {
        let (start, remote) = (now(), Remote::far(latency));
        let rate = Rate::per_second(10).unwrap().burst(5).unwrap();
        let [(one, left), (other, right)] = [(), ()].map(|()| limited(&sharing(&remote)));
        tokio::join!(crowd(&one, 60), crowd(&other, 60));
        let mut times = left.times(start);
        times.extend(right.times(start));
        keeps_to(rate, &mut times);
        // The burst at once, and the rest one by one; each may be late by a way there and back.
        let least = ms(100) * (120 - 5);
        let took = now() - start;
        assert!(took < least + least / 5 + 10 * latency, "{took:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn two_processes_that_reject_grant_one_burst_between_them() {
    let remote = Remote::far(ms(1));
    let [(one, _), (other, _)] = [(), ()].map(|()| limited(&sharing(&remote).reject()));
    let mut granted = 0;
    for _ in 0..10 {
        for process in [&one, &other] {
            granted += u32::from(send(process, api()).await.is_ok());
        }
    }
    assert_eq!(granted, 5);
    let refusal = refused(send(&one, api()).await);
    assert_eq!(refusal.reason(), Reason::Rejecting);
    assert!(refusal.wait() <= ms(100), "{:?}", refusal.wait());
    sleep(refusal.wait()).await;
    send(&one, api()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_known_to_be_empty_is_not_asked() {
    let remote = Remote::default();
    let (service, _) = limited(&sharing(&remote).reject());
    for _ in 0..100 {
        drop(send(&service, api()).await);
    }
    assert_eq!(remote.asked(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_waiters_of_a_process_go_in_order_of_their_arrival() {
    let remote = Remote::far(ms(2));
    let (rival, _) = limited(&sharing(&remote));
    let rival = tokio::spawn(async move { crowd(&rival, 40).await });
    let (service, server) = limited(&sharing(&remote));
    let mut tasks = Vec::new();
    for number in 0..40 {
        tasks.push(begin(&service, get(&format!("http://a/{number}"))).await);
        advance(ms(1)).await;
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    rival.await.unwrap();
    let wanted: Vec<_> = (0..40).map(|number| format!("/{number}")).collect();
    assert_eq!(server.paths(), wanted);
}

#[tokio::test(start_paused = true)]
async fn who_is_told_to_wait_stays_in_front_of_those_who_came_later() {
    let remote = Remote::far(ms(10));
    let (rival, _) = limited(&sharing(&remote));
    send(&rival, with(Override::new().cost(5))).await.unwrap();
    let (service, server) = limited(&sharing(&remote));
    let mut dear = get("http://a/dear");
    dear.extensions_mut().insert(Override::new().cost(5));
    let dear = begin(&service, dear).await;
    // The tokens of this process are spent on the first one, whose question is on its way.
    let cheap = begin(&service, get("http://a/cheap")).await;
    assert_eq!(remote.asked(), 2);
    dear.await.unwrap().unwrap();
    cheap.await.unwrap().unwrap();
    assert_eq!(server.paths(), ["/dear", "/cheap"]);
}

#[tokio::test(start_paused = true)]
async fn who_cannot_wait_for_the_stores_tokens_is_refused() {
    let remote = Remote::default();
    let (rival, _) = limited(&sharing(&remote));
    send(&rival, with(Override::new().cost(5))).await.unwrap();
    let reason_of = async |layer: RateLimitLayer, request| {
        let (service, _) = limited(&layer);
        let refusal = refused(send(&service, request).await);
        assert_eq!(refusal.wait(), ms(100));
        assert_eq!(layer.handle().rejected(), 1);
        assert_eq!((layer.handle().granted(), layer.handle().waiting()), (0, 0));
        refusal.reason()
    };
    let impatient = sharing(&remote).wait(ms(99));
    assert_eq!(reason_of(impatient, api()).await, Reason::TooLong);
    let narrow = sharing(&remote).max_waiting(0);
    assert_eq!(reason_of(narrow, api()).await, Reason::Crowded);
    let late = with(Deadline::at(now() + ms(100)));
    assert_eq!(reason_of(sharing(&remote), late).await, Reason::Deadline);
    let patient = sharing(&remote);
    let curt = with(Override::new().reject());
    assert_eq!(reason_of(patient, curt).await, Reason::Rejecting);
}

#[tokio::test(start_paused = true)]
async fn the_free_and_the_too_dear_are_not_asked_for() {
    let remote = Remote::default();
    let (service, server) = limited(&sharing(&remote));
    send(&service, with(Override::new().skip())).await.unwrap();
    assert!(send(&service, with(Override::new().cost(6))).await.is_err());
    assert_eq!((remote.asked(), server.calls()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn each_key_has_a_bucket_in_the_store() {
    let remote = Remote::default();
    let layer = sharing(&remote).key(Authority).max_keys(2).reject();
    let (service, _) = limited(&layer);
    for host in ["a", "b", "c", "d"] {
        let mut request = get(&format!("http://{host}/"));
        request.extensions_mut().insert(Override::new().cost(2));
        send(&service, request).await.unwrap();
    }
    // For the last there is no room.
    let keys: Vec<_> = remote.questions().into_iter().map(|(key, _)| key).collect();
    assert_eq!(keys, ["a", "b", "", ""]);
    assert_eq!(layer.handle().peek("a").level(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_nonsense_answer_does_not_block_a_key_for_good() {
    let remote = Remote::default();
    let (service, server) = limited(&sharing(&remote).wait(secs(3_600)));
    remote.turn(Health::Says(Verdict::RetryIn(Duration::MAX)));
    let start = now();
    let waiting = begin(&service, api()).await;
    sleep(secs(90)).await;
    assert_eq!(remote.asked(), 2);
    remote.turn(Health::Says(Verdict::Granted {
        remaining: u32::MAX,
    }));
    waiting.await.unwrap().unwrap();
    assert_eq!(server.times(start), [secs(120)]);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_says_at_once_again_and_again_is_not_asked_in_a_loop() {
    let remote = Remote::default();
    remote.turn(Health::Says(Verdict::RetryIn(Duration::ZERO)));
    let (service, _) = limited(&sharing(&remote));
    let waiting = begin(&service, api()).await;
    sleep(secs(1)).await;
    assert!(remote.asked() <= 1_001, "{}", remote.asked());
    waiting.abort();
}

#[tokio::test(start_paused = true)]
async fn a_new_rate_goes_to_the_store_with_the_next_request() {
    let remote = Remote::default();
    let layer = sharing(&remote).reject();
    let (service, server) = limited(&layer);
    layer
        .handle()
        .set_rate(Rate::per_second(10).unwrap().burst(20).unwrap());
    sleep(secs(10)).await;
    for _ in 0..30 {
        drop(send(&service, api()).await);
    }
    assert_eq!(server.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn layers_in_one_process_share_a_limit_through_the_in_process_store() {
    let store = InProcess::new();
    let [(one, _), (other, _)] =
        [(), ()].map(|()| limited(&per_second(10, 5).reject().store(store.clone())));
    let mut granted = 0;
    for _ in 0..10 {
        for process in [&one, &other] {
            granted += u32::from(send(process, api()).await.is_ok());
        }
    }
    assert_eq!(granted, 5);
}

async fn story(store: &impl Store) {
    let rate = Rate::per_second(10).unwrap().burst(5).unwrap();
    let take = async |key, cost| {
        store
            .take(key, cost, rate)
            .await
            .map_err(Into::into)
            .unwrap()
    };
    let left = |remaining| Verdict::Granted { remaining };
    assert_eq!(take("a", 3).await, left(2));
    assert_eq!(take("a", 3).await, Verdict::RetryIn(ms(100)));
    assert_eq!(take("b", 5).await, left(0), "each key for itself");
    advance(ms(100)).await;
    assert_eq!(take("a", 3).await, left(0), "a refusal takes nothing");
    let back = async |cost| {
        store
            .refund("a", cost, rate)
            .await
            .map_err(Into::into)
            .unwrap();
    };
    back(2).await;
    assert_eq!(take("a", 2).await, left(0));
    advance(secs(60)).await;
    back(2).await;
    assert_eq!(take("a", 1).await, left(4), "what does not fit in is lost");
    let more = rate.burst(9).unwrap();
    let verdict = store.take("a", 5, more).await.map_err(Into::into).unwrap();
    assert_eq!(verdict, Verdict::RetryIn(ms(100)), "the level stays");
}

#[tokio::test(start_paused = true)]
async fn the_in_process_store_keeps_to_the_contract() {
    story(&InProcess::default()).await;
}

const fn is_send_and_sync<T: Send + Sync>(_: &T) {}

#[tokio::test(start_paused = true)]
async fn a_response_can_be_awaited_from_any_thread() {
    use tower::{Service, ServiceExt};
    let (mut service, _) = limited(&sharing(&Remote::default()));
    let response = service.ready().await.unwrap().call(api());
    is_send_and_sync(&response);
    response.await.unwrap();
}
