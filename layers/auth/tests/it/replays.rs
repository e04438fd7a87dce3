use std::num::NonZeroU32;

use buttress_kernel::{Attempt, Body, Cause, Failure, Replay};
use buttress_testkit::{Scripted, Step, channel};
use http::{Method, Request, StatusCode, Version};
use tower::{Layer, ServiceExt};

use crate::support::*;

fn post(body: Body) -> Request<Body> {
    Request::post("https://api.example.com/things?x=y")
        .version(Version::HTTP_2)
        .header("x-twice", "1")
        .header("x-twice", "2")
        .extension(7_u32)
        .body(body)
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_the_request_as_the_caller_made_it() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(2);
    let service = layer(usual(&issuer)).layer(api.server.collecting());
    let response = service.oneshot(post(Body::from("whole"))).await.unwrap();
    assert_eq!(response.status(), 200);
    let calls = api.server.calls();
    for call in &calls {
        assert_eq!(call.method, Method::POST);
        assert_eq!(call.uri, "https://api.example.com/things?x=y");
        assert_eq!(call.version, Version::HTTP_2);
        assert_eq!(call.headers.get_all("x-twice").iter().count(), 2);
        assert_eq!(call.headers.get_all("authorization").iter().count(), 1);
        assert_eq!(call.extensions.get::<u32>(), Some(&7));
        assert_eq!(call.body, "whole");
    }
    assert_eq!(api.carried(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_parameter_and_a_cookie_are_on_a_replay_once() {
    use buttress_auth::Credential;
    let key = Credential::query("key", "k").unwrap();
    let both = key.and(Credential::cookie("sid", "c").unwrap());
    let api = Api::accepting(2);
    let service = layer(usual(&Issuer::new([Fetch::Endless])).and(both));
    let service = service.layer(api.server.clone());
    assert_eq!(status(&service).await, 200);
    for call in api.server.calls() {
        assert_eq!(call.uri.query(), Some("full=yes&key=k"));
        assert_eq!(call.header("cookie"), Some("sid=c"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_replayed_whole_while_it_is_short_enough() {
    for (limit, expected) in [(64, (200, 2)), (3, (401, 1))] {
        let api = Api::accepting(2);
        let service = layer(usual(&Issuer::new([Fetch::Endless])));
        let service = service.layer(api.server.collecting());
        let (sender, body) = channel();
        for piece in ["st", "re", "am"] {
            sender.data(piece);
        }
        drop(sender);
        let body = body.replay_limit(limit);
        let response = service.oneshot(post(body)).await.unwrap();
        let calls = api.server.calls();
        assert_eq!((response.status().as_u16(), calls.len()), expected);
        assert!(calls.iter().all(|call| call.body == "stream"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_can_be_sent_once_is_sent_once_and_the_token_is_replaced_all_the_same() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(2);
    let service = over(&usual(&issuer), &api);
    let (_sender, body) = channel();
    let body = body.replay_limit(0);
    assert!(!body.can_replay());
    let response = send(&service, post(body)).await.unwrap();
    assert_eq!(response.status(), 401);
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(status(&service).await, 200);
    assert_eq!(api.carried(), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn replays_can_be_turned_off() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::accepting(2);
    let service = layer(usual(&issuer))
        .replay(false)
        .layer(api.server.clone());
    assert_eq!(status(&service).await, 401);
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(status(&service).await, 200);
}

fn attempt(number: u32, status: u16) -> Attempt {
    let status = StatusCode::from_u16(status).unwrap();
    Attempt::new(NonZeroU32::new(number).unwrap(), Cause::Status(status))
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_another_attempt_and_says_so() {
    let api = Api::accepting(2);
    let service = over(&usual(&Issuer::new([Fetch::Endless])), &api);
    let response = send(&service, get()).await.unwrap();
    let calls = api.server.calls();
    assert_eq!(calls[0].attempt, None);
    assert_eq!(calls[1].attempt, Some(attempt(2, 401)));
    assert_eq!(response.extensions().get(), Some(&attempt(2, 401)));
}

#[tokio::test(start_paused = true)]
async fn a_response_at_the_first_attempt_says_nothing_of_attempts() {
    let service = over(&usual(&Issuer::new([Fetch::Endless])), &Api::accepting(1));
    let response = send(&service, get()).await.unwrap();
    assert!(response.extensions().is_empty());
}

#[tokio::test(start_paused = true)]
async fn below_a_retry_each_attempt_is_replayed_at_most_once() {
    // Three attempts of a layer above, of which the token of the first is rejected.
    let issuer = Issuer::new([Fetch::Endless]);
    let server = Scripted::new([
        Step::status(401),
        Step::status(503),
        Step::status(503),
        Step::ok(),
    ]);
    let service = layer(usual(&issuer)).layer(server.clone());
    let mut statuses = Vec::new();
    for number in [1, 3, 4] {
        let mut request = get();
        if number > 1 {
            request.extensions_mut().insert(attempt(number, 503));
        }
        statuses.push(send(&service, request).await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [503, 503, 200]);
    let attempts: Vec<_> = server.calls().iter().map(|call| call.attempt).collect();
    let (third, fourth) = (Some(attempt(3, 503)), Some(attempt(4, 503)));
    assert_eq!(attempts, [None, Some(attempt(2, 401)), third, fourth]);
}

#[tokio::test(start_paused = true)]
async fn above_a_retry_attempts_are_counted_on() {
    // A layer below has made two attempts when the 401 comes, and one more for the replay.
    let server = Scripted::new([Step::status(401).extension(attempt(2, 503)), Step::ok()]);
    let service = layer(usual(&Issuer::new([Fetch::Endless]))).layer(server.clone());
    let response = send(&service, get()).await.unwrap();
    assert_eq!(server.calls()[1].attempt, Some(attempt(3, 401)));
    assert_eq!(response.extensions().get(), Some(&attempt(3, 401)));

    let server = Scripted::new([Step::status(401), Step::ok().extension(attempt(4, 503))]);
    let service = layer(usual(&Issuer::new([Fetch::Endless]))).layer(server);
    let response = send(&service, get()).await.unwrap();
    assert_eq!(
        response.extensions().get(),
        Some(&attempt(4, 503)),
        "who counted on is right"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_of_a_replay_says_how_many_attempts_there_were() {
    let broken = || Step::error(|| std::io::Error::from(std::io::ErrorKind::BrokenPipe));
    for (before, attempts) in [
        (Step::status(401), 2),
        (Step::status(401).extension(attempt(3, 503)), 4),
    ] {
        let server = Scripted::new([before, broken()]);
        let service = layer(usual(&Issuer::new([Fetch::Endless]))).layer(server);
        let error = send(&service, get()).await.unwrap_err();
        let failure = Failure::of(&*error);
        assert_eq!(failure.attempts(), attempts);
        assert!(failure.find::<std::io::Error>().is_some(), "{error}");
        assert_eq!(
            error.to_string(),
            format!("attempt {attempts} after 401 failed")
        );
    }
    let service = layer(usual(&Issuer::new([Fetch::Endless]))).layer(Scripted::new([broken()]));
    let error = send(&service, get()).await.unwrap_err();
    assert!(
        error.is::<std::io::Error>(),
        "a first attempt's error is passed on as it is"
    );
}

#[tokio::test(start_paused = true)]
async fn who_waits_in_vain_after_a_rejection_says_how_many_attempts_there_were() {
    for (made, attempts) in [(None, 1), (Some(attempt(3, 503)), 3)] {
        let rejection = Step::status(401);
        let rejection = match made {
            Some(made) => rejection.extension(made),
            None => rejection,
        };
        let issuer = Issuer::new([Fetch::Endless, Fetch::Fail]);
        let service = layer(usual(&issuer)).layer(Scripted::new([rejection]));
        let error = send(&service, get()).await.unwrap_err();
        unauthenticated(&error);
        assert_eq!(Failure::of(&*error).attempts(), attempts);
    }
    let service = layer(usual(&Issuer::new([Fetch::Fail]))).layer(Scripted::new([Step::ok()]));
    let mut second = get();
    second.extensions_mut().insert(attempt(2, 503));
    let error = send(&service, second).await.unwrap_err();
    assert_eq!(Failure::of(&*error).attempts(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_short_rejection_is_read_and_a_long_one_dropped_before_the_wait() {
    for (length, drain, unread) in [(100, None, 0), (100, Some(99), 1), (65_537, None, 1)] {
        let body = move || Body::from("x".repeat(length));
        let server = Scripted::new([Step::status(401).body_with(body), Step::ok()]);
        let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(secs(20))]);
        let mut layer = layer(usual(&issuer));
        if let Some(bytes) = drain {
            layer = layer.drain(bytes);
        }
        let call = spawn(&layer.layer(server.clone()));
        tokio::time::sleep(secs(1)).await;
        assert_eq!(
            server.open_bodies(),
            0,
            "no connection is held through the wait"
        );
        assert_eq!(server.unread_bodies(), unread, "{length} bytes, {drain:?}");
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_comes_slowly_is_dropped() {
    let (sender, body) = channel();
    sender.data("slow");
    let server = Scripted::new([Step::status(401).body(body), Step::ok()]);
    let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(secs(20))]);
    let call = spawn(&layer(usual(&issuer)).layer(server.clone()));
    tokio::time::sleep(ms(99)).await;
    assert_eq!(server.open_bodies(), 1);
    tokio::time::sleep(ms(2)).await;
    assert_eq!((server.open_bodies(), server.unread_bodies()), (0, 1));
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_service_is_asked_for_readiness_before_a_replay() {
    // The scripted service insists on it; here it takes a while each time.
    let api = Api::accepting(2);
    let server = api.server.clone().not_ready(3);
    let service = layer(usual(&Issuer::new([Fetch::Endless]))).layer(server);
    assert_eq!(status(&service).await, 200);
}
