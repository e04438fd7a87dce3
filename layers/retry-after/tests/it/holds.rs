use std::num::NonZeroU32;

use buttress_kernel::key::{self, Shared};
use buttress_kernel::{Attempt, Background, Cause, Deadline, Failure, Kind, Sent};
use buttress_retry_after::{Override, Reason, RetryAfterLayer};
use http::{Request, StatusCode};
use tower::ServiceExt;
use tower_layer::Layer;

use crate::support::*;

const TWO: (u16, &[(&str, &str)]) = (429, &[("retry-after", "2")]);
const LONG: (u16, &[(&str, &str)]) = (503, &[("retry-after", "120")]);

fn sharp() -> RetryAfterLayer {
    RetryAfterLayer::new().spread(secs(0))
}

#[tokio::test(start_paused = true)]
async fn w01_a_429_reaches_the_layer_and_later_requests_wait() {
    let (service, server) = gated(&sharp(), &[TWO]);
    let start = now();
    let refused = send(&service, api()).await.unwrap();
    assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(now(), start, "who was refused is not held on top");
    assert_eq!(
        send(&service, api()).await.unwrap().status(),
        StatusCode::OK
    );
    assert_eq!(server.times(start), [secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_503_with_a_delay_holds_and_one_without_does_not() {
    let (service, server) = gated(
        &sharp(),
        &[(503, &[]), (503, &[("retry-after-ms", "1500")])],
    );
    let start = now();
    for _ in 0..3 {
        send(&service, api()).await.unwrap();
    }
    assert_eq!(server.times(start), [secs(0), secs(0), ms(1500)]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_passes_on_unchanged() {
    let (service, _) = gated(&sharp(), &[(429, &[("retry-after", "2"), ("x-id", "7")])]);
    let response = send(&service, api()).await.unwrap();
    assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(response.headers()["retry-after"], "2");
    assert_eq!(response.headers()["x-id"], "7");
    assert_eq!(response.headers().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn w02_whoever_has_waited_for_the_delay_elsewhere_is_not_held_again() {
    let (service, server) = gated(&RetryAfterLayer::new(), &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    tokio::time::sleep(secs(2)).await;
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start), [secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn w02_a_further_attempt_that_comes_too_early_leaves_at_the_release_without_a_spread() {
    let layer = RetryAfterLayer::new().spread(secs(30));
    let (service, server) = gated(&layer, &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut again = api();
    let cause = Cause::Status(StatusCode::TOO_MANY_REQUESTS);
    again
        .extensions_mut()
        .insert(Attempt::new(NonZeroU32::new(2).unwrap(), cause));
    send(&service, again).await.unwrap();
    assert_eq!(server.times(start), [secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn only_requests_to_the_same_authority_wait() {
    let (service, server) = gated(&sharp(), &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    send(&service, get("https://other.example.com/"))
        .await
        .unwrap();
    send(&service, get("https://API.example.com:443/b"))
        .await
        .unwrap();
    assert_eq!(server.times(start), [secs(0), secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn any_extractor_says_who_waits() {
    let by_path = key::from_fn(|request: &Request<()>| request.uri().path().to_owned());
    let server = Server::answering([answer(429, &[("retry-after", "2")])]);
    let service = sharp().key(by_path).layer(server.clone());
    let start = now();
    for uri in ["https://a/x", "https://a/y", "https://b/x"] {
        service.clone().oneshot(get(uri)).await.unwrap();
    }
    assert_eq!(server.times(start), [secs(0), secs(0), secs(2)]);

    let server = Server::answering([answer(429, &[("retry-after", "2")])]);
    let service = sharp().key(Shared).layer(server.clone());
    let start = now();
    for uri in ["https://a/x", "https://b/y"] {
        service.clone().oneshot(get(uri)).await.unwrap();
    }
    assert_eq!(server.times(start), [secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn clones_of_a_layer_and_their_services_share_what_is_known() {
    let layer = sharp();
    let (one, _) = gated(&layer, &[TWO]);
    let (two, server) = gated(&layer.clone(), &[]);
    let start = now();
    send(&one, api()).await.unwrap();
    send(&two, api()).await.unwrap();
    assert_eq!(server.times(start), [secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_exactly_max_hold_is_waited_and_a_longer_one_is_not() {
    for (most, waits) in [(ms(1_999), false), (ms(2_000), true)] {
        let (service, _) = gated(&sharp().max_hold(most), &[TWO]);
        let start = now();
        send(&service, api()).await.unwrap();
        let result = send(&service, api()).await;
        assert_eq!(result.is_ok(), waits);
        assert_eq!(now() == start, !waits, "a refusal comes at once");
    }
}

#[tokio::test(start_paused = true)]
async fn the_usual_max_hold_is_a_minute() {
    let (service, _) = gated(&sharp(), &[(429, &[("retry-after", "60")])]);
    send(&service, api()).await.unwrap();
    send(&service, api()).await.unwrap();
    let (service, _) = gated(&sharp(), &[(429, &[("retry-after-ms", "60001")])]);
    send(&service, api()).await.unwrap();
    assert_eq!(held(send(&service, api()).await).reason(), Reason::TooLong);
}

#[tokio::test(start_paused = true)]
async fn a_hold_beyond_max_hold_fails_at_once_and_says_when_to_come_back() {
    let (service, server) = gated(&sharp(), &[LONG]);
    let start = now();
    send(&service, api()).await.unwrap();
    let error = send(&service, api()).await.unwrap_err();
    let failure = Failure::of(&*error);
    assert_eq!(failure.kind(), Kind::Held);
    assert_eq!(failure.sent(), Sent::No);
    assert_eq!(failure.retry_at(), Some(start + secs(120)));
    let held = held(Err(error));
    assert_eq!(held.key().as_str(), "api.example.com");
    assert_eq!(held.reason(), Reason::TooLong);
    assert_eq!(held.retry_at(), start + secs(120));
    assert_eq!(held.wait(), secs(120));
    assert_eq!(
        held.to_string(),
        "the server asked for a pause (api.example.com), try again in 120s \
         or raise max_hold to wait that long",
    );
    assert_eq!(server.times(start).len(), 1);
    assert_eq!(now(), start);
}

#[tokio::test(start_paused = true)]
async fn trap_15_seconds_to_wait_are_rounded_up_and_never_none() {
    for (field, seconds) in [("1", 1), ("1001", 2), ("59999", 60), ("60000", 60)] {
        let (service, _) = gated(&sharp().reject(), &[(429, &[("retry-after-ms", field)])]);
        send(&service, api()).await.unwrap();
        assert_eq!(
            held(send(&service, api()).await).seconds(),
            seconds,
            "{field} ms"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejecting_layer_lets_nobody_wait() {
    let (service, server) = gated(&sharp().reject(), &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    assert_eq!(
        held(send(&service, api()).await).reason(),
        Reason::Rejecting
    );
    assert_eq!(now(), start);
    tokio::time::sleep(secs(2)).await;
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start), [secs(0), secs(2)]);
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_the_deadline_cuts_short_is_not_begun() {
    for (total, waits) in [(ms(2_000), false), (ms(2_001), true)] {
        let (service, _) = gated(&RetryAfterLayer::new().spread(secs(5)), &[TWO]);
        send(&service, api()).await.unwrap();
        let start = now();
        let mut request = api();
        request.extensions_mut().insert(Deadline::at(start + total));
        let result = send(&service, request).await;
        if waits {
            result.unwrap();
            assert_eq!(
                now(),
                start + secs(2),
                "the spread does not cost the deadline"
            );
        } else {
            assert_eq!(held(result).reason(), Reason::Deadline);
            assert_eq!(now(), start);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_override_ignores_the_hold_and_still_teaches() {
    let (service, server) = gated(&sharp(), &[TWO, (429, &[("retry-after", "5")])]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut request = api();
    request.extensions_mut().insert(Override::new().ignore());
    send(&service, request).await.unwrap();
    send(&service, api()).await.unwrap();
    assert_eq!(server.times(start), [secs(0), secs(0), secs(5)]);
}

#[tokio::test(start_paused = true)]
async fn an_override_sets_the_patience_of_one_request() {
    let patient = Override::new().reject().max_hold(secs(200));
    let curt = Override::new().max_hold(secs(1));
    let rejecting = Override::new().max_hold(secs(200)).reject();
    for (layer, change, reason) in [
        (sharp().reject(), patient, None),
        (sharp(), patient, None),
        (sharp(), curt, Some(Reason::TooLong)),
        (sharp(), rejecting, Some(Reason::Rejecting)),
    ] {
        let (service, _) = gated(&layer, &[LONG]);
        send(&service, api()).await.unwrap();
        let mut request = api();
        request.extensions_mut().insert(change);
        match (send(&service, request).await, reason) {
            (Ok(_), None) => {}
            (result, reason) => assert_eq!(Some(held(result).reason()), reason),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn released_requests_leave_one_by_one_in_order_within_the_spread() {
    let (service, server) = gated(
        &RetryAfterLayer::new().seed(7),
        &[(429, &[("retry-after", "5")])],
    );
    let start = now();
    send(&service, api()).await.unwrap();
    let mut tasks = Vec::new();
    for number in 0..10 {
        tasks.push(begin(&service, get(&format!("https://api.example.com/{number}"))).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let order: Vec<_> = (0..10).map(|number| format!("/{number}")).collect();
    assert_eq!(server.paths()[1..], order);
    for (place, at) in (0..).zip(&server.times(start)[1..]) {
        let share = secs(5) + ms(50 * place)..=secs(5) + ms(50 * (place + 1) + 1);
        assert!(share.contains(at), "number {place} left at {at:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_usual_spread_is_a_tenth_of_the_wait_and_a_second_at_most() {
    for (field, spread) in [("4", ms(400)), ("60", secs(1))] {
        let (service, server) = gated(&RetryAfterLayer::new(), &[(429, &[("retry-after", field)])]);
        let start = now();
        send(&service, api()).await.unwrap();
        let mut tasks = Vec::new();
        for _ in 0..200 {
            tasks.push(begin(&service, api()).await);
        }
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let times = server.times(start);
        let (first, last) = (times[1], times[200]);
        let release = secs(field.parse().unwrap());
        assert!(
            first >= release && first <= release + spread / 100,
            "{first:?}"
        );
        assert!(last <= release + spread + ms(1), "{last:?}");
        assert!(last >= release + spread - spread / 100, "{last:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_arrives_after_the_release_passes_at_once() {
    let (service, server) = gated(&RetryAfterLayer::new().spread(secs(10)), &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, get("https://api.example.com/waited")).await;
    tokio::time::sleep(secs(2)).await;
    send(&service, get("https://api.example.com/late"))
        .await
        .unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(server.paths(), ["/a", "/late", "/waited"]);
    assert_eq!(server.times(start)[1], secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_new_refusal_during_the_spread_holds_those_who_are_still_there() {
    let again = (429, &[("retry-after", "7")] as &[_]);
    let (service, server) = gated(&sharp().spread(secs(4)).seed(1), &[TWO, again]);
    let start = now();
    send(&service, api()).await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        tasks.push(begin(&service, api()).await);
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let times = server.times(start);
    assert!(times[1] >= secs(2) && times[1] <= secs(3));
    assert!(
        times[2] >= times[1] + secs(7),
        "the others left at {times:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_hold_that_grows_beyond_max_hold_ends_the_wait() {
    let (service, _) = gated(&sharp().max_hold(secs(3)), &[TWO, LONG]);
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = begin(&service, api()).await;
    let mut request = api();
    request.extensions_mut().insert(Override::new().ignore());
    send(&service, request).await.unwrap();
    let error = held(waiting.await.unwrap());
    assert_eq!(
        (error.reason(), error.retry_at()),
        (Reason::TooLong, start + secs(120))
    );
}

#[tokio::test(start_paused = true)]
async fn no_more_than_max_waiting_wait_for_a_key() {
    let (service, _) = gated(&sharp().max_waiting(2), &[TWO]);
    let start = now();
    send(&service, api()).await.unwrap();
    let waiting = [begin(&service, api()).await, begin(&service, api()).await];
    let error = held(send(&service, api()).await);
    assert_eq!(
        (error.reason(), error.retry_at()),
        (Reason::Crowded, start + secs(2))
    );
    assert_eq!(now(), start);
    for task in waiting {
        task.await.unwrap().unwrap();
    }
    send(&service, api()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn where_nobody_waits_no_caller_goes_round_a_hold_or_refuses_to_wait() {
    for change in [Override::new().ignore(), Override::new().reject()] {
        let (service, server) = gated(&sharp(), &[TWO]);
        let start = now();
        send(&service, api()).await.unwrap();
        let mut request = api();
        request.extensions_mut().insert(change);
        request.extensions_mut().insert(Background);
        send(&service, request).await.unwrap();
        assert_eq!(server.times(start), [secs(0), secs(2)]);
    }
}
