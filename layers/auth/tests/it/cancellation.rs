use tokio::time;
use tower::limit::ConcurrencyLimit;
use tower::{Layer, ServiceExt};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn a_fetch_survives_the_caller_that_began_it() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(1))]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    let first = spawn(&service);
    time::sleep(ms(500)).await;
    first.abort();
    assert_eq!(status(&service).await, 200);
    time::sleep(secs(2)).await;
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_survives_even_if_nobody_waits_any_more() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(1))]);
    let tokens = usual(&issuer);
    let service = over(&tokens, &Api::accepting(1));
    let only = spawn(&service);
    time::sleep(ms(500)).await;
    only.abort();
    time::sleep(secs(1)).await;
    assert!(tokens.handle().status().has_token());
}

#[tokio::test(start_paused = true)]
async fn of_many_who_wait_some_may_go() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(1))]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    let calls: Vec<_> = (0..10).map(|_| spawn(&service)).collect();
    time::sleep(ms(500)).await;
    for call in calls.iter().step_by(2) {
        call.abort();
    }
    for call in calls.into_iter().skip(1).step_by(2) {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(api.carried().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_for_one_request_ends_with_it() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(1))]);
    let tokens = tokens(&issuer).each_request().build().unwrap();
    let api = Api::accepting(1);
    let only = spawn(&over(&tokens, &api));
    time::sleep(ms(500)).await;
    only.abort();
    time::sleep(secs(2)).await;
    assert!(api.carried().is_empty());
    // The task of the fetch is gone, and what it held with it.
    drop(tokens);
    settle().await;
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_token_holds_no_place_of_the_inner_service() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(secs(5))]);
    let api = Api::accepting(2);
    let tokens = usual(&issuer);
    let limited = ConcurrencyLimit::new(api.server.clone(), 1);
    let mut service = layer(tokens.clone()).layer(limited);

    // One that was rejected waits.
    let waiting = tokio::spawn(begin(&mut service, get()).await);
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    let other = http::Request::get("https://other.example/");
    let other = other.body(buttress_kernel::Body::empty()).unwrap();
    let passes = begin(&mut service, other).await.await;
    assert_eq!(passes.unwrap().status(), 401);

    // One that has no token yet does as well.
    let second = tokio::spawn(begin(&mut service, get()).await);
    settle().await;
    ServiceExt::<http::Request<buttress_kernel::Body>>::ready(&mut service)
        .await
        .unwrap();
    drop(service);
    assert_eq!(waiting.await.unwrap().unwrap().status(), 200);
    assert_eq!(second.await.unwrap().unwrap().status(), 200);
}
