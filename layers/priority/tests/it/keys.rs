use std::time::Duration;

use buttress_kernel::key::Authority;
use tower::Layer;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn each_key_has_a_limit_of_its_own() {
    let server = Server::new();
    let layer = of(1).max_wait(Duration::ZERO).key(Authority);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    let _a = begin(&service, get("http://a.example/")).await;
    let _b = begin(&service, get("http://b.example/")).await;
    let crowded = refused(send(&service, get("http://A.example/x?secret")).await);
    assert_eq!(crowded.key().as_str(), "a.example");
    assert_eq!(
        crowded.to_string(),
        "as many requests as allowed are in flight (a.example): waited 0 ms, allow a longer wait"
    );
    assert_eq!((handle.keys(), handle.in_flight()), (2, 2));
    assert_eq!(handle.peek("b.example").in_flight(), 1);
    assert_eq!(handle.peek("").in_flight(), 0);
    assert_eq!(handle.peek("never met").in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_counted_by_key() {
    let server = Server::new();
    let layer = of(1).key(Authority);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    for host in ["a", "a", "a", "b", "b"] {
        begin(&service, get(&format!("http://{host}/"))).await;
    }
    let waiting = ["a", "b", "c"].map(|key| handle.peek(key).waiting());
    assert_eq!((waiting, handle.waiting()), ([2, 1, 0], 3));
}

#[tokio::test(start_paused = true)]
async fn without_a_key_all_requests_share_one_limit() {
    let server = Server::new();
    let layer = of(1).max_wait(Duration::ZERO);
    let service = layer.layer(server.clone());
    let _a = begin(&service, get("http://a.example/")).await;
    refused(send(&service, get("http://b.example/")).await);
    assert_eq!(
        (layer.handle().keys(), layer.handle().peek("").in_flight()),
        (0, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_limit_holds_for_all_keys_and_for_those_to_come() {
    let server = Server::new();
    let layer = of(1).key(Authority);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    for host in ["a", "a", "b", "b", ""] {
        let uri = if host.is_empty() {
            "/".to_owned()
        } else {
            format!("http://{host}/")
        };
        begin(&service, get(&uri)).await;
    }
    begin(&service, get("/")).await;
    assert_eq!(handle.in_flight(), 3);
    handle.set_max_in_flight(2).unwrap();
    settle().await;
    assert_eq!((handle.in_flight(), handle.waiting()), (6, 0));
    for _ in 0..3 {
        begin(&service, get("http://c/")).await;
    }
    assert_eq!(handle.peek("c").in_flight(), 2);
}

#[tokio::test(start_paused = true)]
async fn idle_keys_are_forgotten_and_busy_ones_are_not() {
    let server = Server::new();
    let layer = of(1).max_wait(Duration::ZERO).key(Authority);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    let _first = begin(&service, get("http://first/")).await;
    let _busy = begin(&service, get("http://busy/")).await;
    for number in 0..10_000 {
        server.answer(0).await;
        let skipping = send(&service, get(&format!("http://h{number}/")));
        let mut skipping = tokio_test::task::spawn(skipping);
        assert!(skipping.poll().is_pending());
    }
    assert!(handle.keys() < 64, "{}", handle.keys());
    refused(send(&service, get("http://busy/")).await);
    refused(send(&service, get("http://first/")).await);
    assert_eq!(handle.in_flight(), 2);
}

#[tokio::test(start_paused = true)]
async fn keys_are_bounded_and_the_others_share_one_limit() {
    let server = Server::new();
    let layer = of(1).max_wait(Duration::ZERO).max_keys(3).key(Authority);
    let (service, handle) = (layer.layer(server.clone()), layer.handle());
    let mut went = Vec::new();
    for number in 0..100 {
        let call = begin(&service, get(&format!("http://h{number}/"))).await;
        match call.is_finished() {
            true => drop(refused(call.await.unwrap())),
            false => went.push(call),
        }
    }
    assert_eq!((went.len(), handle.keys(), handle.in_flight()), (4, 3, 4));
    assert_eq!(handle.peek("").in_flight(), 1);
    went.swap_remove(1).abort();
    settle().await;
    for _ in 0..16 {
        let mut new = tokio_test::task::spawn(send(&service, get("http://new/")));
        let _ = new.poll();
    }
    let new = begin(&service, get("http://new/")).await;
    assert!(!new.is_finished(), "an idle one made room");
    assert_eq!((handle.keys(), handle.peek("new").in_flight()), (3, 1));
}
