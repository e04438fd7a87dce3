//! A store that is out.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_leaves_each_process_to_itself() {
    let remote = Remote::default();
    remote.turn(Health::Fails);
    let [(one, left), (other, right)] = [(), ()].map(|()| limited(&sharing(&remote)));
    let start = now();
    tokio::join!(crowd(&one, 10), crowd(&other, 10));
    assert_eq!(now() - start, ms(500), "each at the whole rate");
    assert_eq!((left.calls(), right.calls()), (10, 10));
    assert_eq!(remote.asked(), 2, "and asks no more");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_stalls_holds_up_one_request_for_its_time_limit() {
    for limit in [ms(100), ms(30)] {
        let remote = Remote::default();
        remote.turn(Health::Stalls);
        let layer = sharing(&remote);
        let layer = if limit == ms(100) {
            layer
        } else {
            layer.store_timeout(limit)
        };
        let (service, _) = limited(&layer);
        let start = now();
        send(&service, api()).await.unwrap();
        assert_eq!(now() - start, limit);
        send(&service, api()).await.unwrap();
        assert_eq!(now() - start, limit);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_pause_one_request_asks_whether_the_store_is_back() {
    for pause in [secs(1), secs(7)] {
        let remote = Remote::default();
        let layer = sharing(&remote);
        let layer = if pause == secs(1) {
            layer
        } else {
            layer.store_pause(pause)
        };
        let (service, _) = limited(&layer);
        remote.turn(Health::Fails);
        send(&service, api()).await.unwrap();
        sleep(pause - ms(1)).await;
        send(&service, api()).await.unwrap();
        assert_eq!(remote.asked(), 1);
        sleep(ms(1)).await;
        send(&service, api()).await.unwrap();
        send(&service, api()).await.unwrap();
        assert_eq!(remote.asked(), 2);
        remote.turn(Health::Well);
        sleep(pause).await;
        for _ in 0..3 {
            send(&service, api()).await.unwrap();
        }
        assert_eq!(remote.asked(), 5);
    }
}

#[tokio::test(start_paused = true)]
async fn all_services_of_a_layer_know_of_an_outage() {
    let remote = Remote::default();
    remote.turn(Health::Fails);
    let layer = sharing(&remote);
    for _ in 0..3 {
        let (service, _) = limited(&layer.clone());
        send(&service, api()).await.unwrap();
    }
    assert_eq!(remote.asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_outage_begins_with_what_the_store_has_left() {
    let remote = Remote::default();
    let (rival, _) = limited(&sharing(&remote));
    send(&rival, with(Override::new().cost(4))).await.unwrap();
    let (service, server) = limited(&sharing(&remote).reject());
    send(&service, api()).await.unwrap();
    remote.turn(Health::Fails);
    for _ in 0..10 {
        drop(send(&service, api()).await);
    }
    // One that may have been on its way to the bucket, since whole tokens are told.
    assert_eq!(server.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_when_the_store_fails_go_in_order() {
    let remote = Remote::default();
    let (service, server) = limited(&sharing(&remote).store_timeout(ms(30)));
    send(&service, with(Override::new().cost(5))).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..20 {
        tasks.push(begin(&service, get(&format!("http://a/{number}"))).await);
    }
    sleep(ms(550)).await;
    remote.turn(Health::Stalls);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let wanted: Vec<_> = (0..20).map(|number| format!("/{number}")).collect();
    assert_eq!(server.paths()[1..], wanted);
}
