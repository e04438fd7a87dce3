use buttress_kernel::key::{Authority, from_fn};
use buttress_rate_limit::{Override, Rate, RateLimitLayer};
use http::Request;
use tokio::time::advance;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn each_key_has_a_bucket_of_its_own() {
    let layer = per_second(1, 1).reject().key(Authority);
    let (service, _) = limited(&layer);
    send(&service, get("http://a.example/")).await.unwrap();
    send(&service, get("http://b.example/")).await.unwrap();
    let refusal = refused(send(&service, get("http://A.example/x?secret")).await);
    assert_eq!(refusal.key().as_str(), "a.example");
    assert_eq!(
        refusal.to_string(),
        "the rate limit is exhausted (a.example), try again in 1 s"
    );
    assert_eq!(layer.handle().keys(), 2);
}

#[tokio::test(start_paused = true)]
async fn without_a_key_all_requests_share_one_bucket() {
    let (service, _) = limited(&per_second(1, 1).reject());
    send(&service, get("http://a.example/")).await.unwrap();
    refused(send(&service, get("http://b.example/")).await);
}

#[tokio::test(start_paused = true)]
async fn trap14_a_key_can_have_a_rate_of_its_own() {
    let rates = |key: &str| (key == "vip").then(|| Rate::per_second(3).unwrap());
    let layer = RateLimitLayer::per_second(1).unwrap().rates(rates).reject();
    let layer = layer.key(from_fn(|r: &Request<()>| {
        r.uri().host().unwrap().to_owned()
    }));
    let (service, _) = limited(&layer);
    let handle = layer.handle();
    for _ in 0..3 {
        send(&service, get("http://vip/")).await.unwrap();
    }
    refused(send(&service, get("http://vip/")).await);
    send(&service, get("http://guest/")).await.unwrap();
    refused(send(&service, get("http://guest/")).await);
    handle.set_key_rate("guest", Rate::per_second(2).unwrap());
    assert_eq!(handle.peek("guest").burst(), 2);
    handle.set_rate(Rate::per_second(7).unwrap());
    let bursts = ["vip", "guest", "other"].map(|key| handle.peek(key).burst());
    assert_eq!(bursts, [3, 2, 7]);
    handle.set_key_rate("guest", None);
    assert_eq!(handle.peek("guest").burst(), 7);
}

#[tokio::test(start_paused = true)]
async fn trap14_idle_keys_are_forgotten() {
    let layer = per_second(1, 1).reject().key(Authority);
    let (service, _) = limited(&layer);
    for round in 0..20 {
        for number in 0..1_000 {
            send(&service, get(&format!("http://h{round}-{number}/")))
                .await
                .unwrap();
        }
        advance(secs(10)).await;
    }
    assert!(layer.handle().keys() < 4_000, "{}", layer.handle().keys());
    assert_eq!(
        layer.handle().granted(),
        20_000,
        "what they counted is kept"
    );
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_bucket_is_not_full_is_not_forgotten() {
    let layer = RateLimitLayer::per(1, secs(3_600))
        .unwrap()
        .reject()
        .key(Authority);
    let (service, _) = limited(&layer);
    send(&service, get("http://kept/")).await.unwrap();
    for number in 0..1_000 {
        let cheap = Override::new().skip();
        let mut request = get(&format!("http://h{number}/"));
        send(&service, get(&format!("http://g{number}/")))
            .await
            .unwrap();
        request.extensions_mut().insert(cheap);
        send(&service, request).await.unwrap();
    }
    refused(send(&service, get("http://kept/")).await);
}

#[tokio::test(start_paused = true)]
async fn keys_are_bounded_and_the_others_share_one_bucket() {
    let layer = per_second(1, 1).reject().key(Authority).max_keys(10);
    let (service, _) = limited(&layer);
    let mut granted = 0;
    for number in 0..1_000 {
        let end = send(&service, get(&format!("http://h{number}/"))).await;
        granted += u32::from(end.is_ok());
    }
    assert_eq!((granted, layer.handle().keys()), (11, 10));
    advance(secs(5)).await;
    send(&service, get("http://new/")).await.unwrap();
    let handle = layer.handle();
    assert_eq!(handle.peek("new").level(), 0, "an idle one made room");
}
