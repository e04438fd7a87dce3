use std::time::Duration;

use buttress_kernel::key;
use buttress_retry::{Backoff, Budget, RetryLayer};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tokio::time::{Instant, sleep};
use tower::{Layer, ServiceExt};

use crate::common::{broken, get, plain, post, refused, send, sends};

/// A server that fails everything never gets more than 1.25 requests for each first one, plus 10 a
/// second, in any ten seconds.
async fn overwhelm(callers: u32, pause: Duration) {
    let backoff = Backoff::exponential(Duration::from_millis(10));
    let layer = RetryLayer::builder()
        .backoff(backoff)
        .seed(9)
        .build()
        .unwrap();
    let server = Scripted::new([Step::status(503)]);
    let end = Instant::now() + Duration::from_secs(35);
    let tasks = (0..callers).map(|caller| {
        let (layer, server) = (layer.clone(), server.clone());
        tokio::spawn(async move {
            sleep(pause * caller / callers).await;
            while Instant::now() < end {
                send(&layer, &server, get()).await.unwrap();
                sleep(pause).await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_bounded(&server);
}

fn assert_bounded(server: &Scripted) {
    let calls = server.calls();
    let window = Duration::from_secs(10);
    let (mut past, mut firsts, mut retries) = (0, 0_usize, 0_usize);
    let mut worst = 0;
    for call in &calls {
        *(if call.attempt.is_none() {
            &mut firsts
        } else {
            &mut retries
        }) += 1;
        while calls[past].at + window <= call.at {
            let left = if calls[past].attempt.is_none() {
                &mut firsts
            } else {
                &mut retries
            };
            *left -= 1;
            past += 1;
        }
        let (all, bound) = (4 * (firsts + retries), 5 * firsts + 400);
        assert!(
            all <= bound,
            "{firsts} firsts and {retries} retries in ten seconds"
        );
        worst = worst.max(retries);
    }
    assert!(
        worst >= 100,
        "the bound was put to the test: {worst} retries in ten seconds"
    );
}

#[tokio::test(start_paused = true)]
async fn one_caller_of_a_failing_server_stays_within_the_budget() {
    overwhelm(1, Duration::from_millis(20)).await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_of_a_failing_server_stay_within_the_budget() {
    overwhelm(1_000, Duration::from_secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_reserve_five_first_attempts_pay_for_one_retry() {
    let layer = plain().budget(Budget::new(20, 0).unwrap()).build().unwrap();
    let sent: Vec<_> = {
        let mut sent = Vec::new();
        for _ in 0..10 {
            sent.push(sends(&layer, Step::status(503), get()).await.len());
        }
        sent
    };
    // A retried call takes a second, in which nothing expires yet.
    assert_eq!(sent, [1, 1, 1, 1, 2, 1, 1, 1, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn the_response_is_returned_when_the_budget_is_spent() {
    let layer = plain().budget(Budget::new(0, 0).unwrap()).build().unwrap();
    let server = Scripted::new([Step::status(503).body("busy")]);
    let began = Instant::now();
    let response = send(&layer, &server, get()).await.unwrap();
    assert_eq!(response.status(), 503);
    assert!(response.extensions().is_empty());
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(sends(&layer, broken(), get()).await, [0]);
}

#[tokio::test(start_paused = true)]
async fn the_first_unsent_attempt_costs_no_budget() {
    let layer = plain().budget(Budget::new(0, 0).unwrap()).build().unwrap();
    assert_eq!(sends(&layer, refused(), post()).await, [0, 1_000]);
}

#[tokio::test(start_paused = true)]
async fn each_authority_has_a_budget_of_its_own() {
    let layer = plain()
        .backoff(Backoff::constant(Duration::from_millis(100)))
        .max_attempts(20)
        .budget(Budget::new(0, 1).unwrap())
        .build()
        .unwrap();
    let to = |uri: &str| {
        let request = Request::get(uri)
            .body(buttress_kernel::Body::empty())
            .unwrap();
        sends(&layer, refused(), request)
    };
    // The first, a free one, and ten from the reserve of ten seconds.
    assert_eq!(to("http://a.example/").await.len(), 12);
    assert_eq!(to("http://b.example/").await.len(), 12);
    assert_eq!(
        to("http://A.example:80/other").await.len(),
        2,
        "the same server by another name"
    );
}

#[tokio::test(start_paused = true)]
async fn the_key_is_a_setting() {
    let budget = Budget::new(50, 0).unwrap();
    let layer = plain()
        .max_attempts(2)
        .key(key::Shared)
        .budget(budget)
        .build()
        .unwrap();
    let mut sent = Vec::new();
    for uri in [
        "http://a.example/",
        "http://b.example/",
        "http://c.example/",
    ] {
        let request = Request::get(uri)
            .body(buttress_kernel::Body::empty())
            .unwrap();
        let server = Scripted::new([Step::status(503)]);
        layer.layer(server.clone()).oneshot(request).await.unwrap();
        sent.push(server.calls().len());
    }
    assert_eq!(
        sent,
        [1, 2, 1],
        "two first attempts to any server pay for one retry"
    );
}

#[tokio::test(start_paused = true)]
async fn layers_can_share_a_budget() {
    let budget = Budget::new(50, 0).unwrap();
    let one = plain()
        .max_attempts(2)
        .budget(budget.clone())
        .build()
        .unwrap();
    let other = plain().max_attempts(2).budget(budget).build().unwrap();
    assert_eq!(sends(&one, Step::status(503), get()).await.len(), 1);
    assert_eq!(sends(&other, Step::status(503), get()).await.len(), 2);
    assert_eq!(sends(&one, Step::status(503), get()).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_layer_share_its_budget() {
    let layer = plain()
        .max_attempts(2)
        .budget(Budget::new(50, 0).unwrap())
        .build()
        .unwrap();
    assert_eq!(sends(&layer, Step::status(503), get()).await.len(), 1);
    assert_eq!(
        sends(&layer.clone(), Step::status(503), get()).await.len(),
        2
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_budget_every_attempt_is_made() {
    let layer = plain()
        .backoff(Backoff::constant(Duration::ZERO))
        .build()
        .unwrap();
    for _ in 0..200 {
        assert_eq!(sends(&layer, Step::status(503), get()).await.len(), 3);
    }
}
