use buttress_auth::{Auth, AuthLayer, Reason};
use buttress_kernel::{Body, Failure, Sent};
use buttress_testkit::{Call, Scripted, Step};
use http::{Response, StatusCode};
use tokio::time;
use tower::Layer;

use crate::support::*;

const ENDLESS: [Fetch; 1] = [Fetch::Endless];

#[tokio::test(start_paused = true)]
async fn ic13_w03_a_rejected_token_is_replaced_and_the_request_sent_again() {
    let issuer = Issuer::new(ENDLESS);
    let api = Api::accepting(2);
    let service = over(&usual(&issuer), &api);
    assert_eq!(status(&service).await, 200);
    assert_eq!(status(&service).await, 200);
    assert_eq!(api.carried(), [1, 2, 2]);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_second_rejection_is_the_answer() {
    let issuer = Issuer::new(ENDLESS);
    let api = Api::accepting(u32::MAX);
    let service = over(&usual(&issuer), &api);
    assert_eq!(status(&service).await, 401);
    assert_eq!(api.carried(), [1, 2]);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn w04_a_late_rejection_never_discards_a_newer_token() {
    let issuer = Issuer::new(ENDLESS);
    let api = Api::slow(1, secs(1));
    let tokens = usual(&issuer);
    let service = over(&tokens, &api);
    let late = spawn(&service);
    settle().await;
    tokens.handle().refresh().await.unwrap();
    assert_eq!(tokens.handle().status().generation(), 2);
    // The call that is under way is answered with a 401 although the token has been replaced.
    api.accept_from(2);
    assert_eq!(late.await.unwrap().unwrap().status(), 200);
    assert_eq!(api.carried(), [1, 2]);
    assert_eq!(issuer.fetches(), 2, "no third token");
    assert_eq!(tokens.handle().status().generation(), 2);
}

#[tokio::test(start_paused = true)]
async fn w28_five_rejections_at_once_cause_one_fetch_and_one_replay_each() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(ms(50))]);
    let api = Api::slow(2, ms(10));
    let service = over(&usual(&issuer), &api);
    let together: Vec<_> = (0..5).map(|_| spawn(&service)).collect();
    for call in together {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(issuer.fetches(), 2);
    assert_eq!(api.carried(), [1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
}

#[tokio::test(start_paused = true)]
async fn w47_the_source_is_not_asked_through_its_own_layer() {
    // Were the source's request to go through the layer, it would wait for itself. Here it goes over
    // the same server without the layer, and sees no token on it.
    let api = Api::accepting(0);
    let direct = api.server.clone();
    let tokens = buttress_auth::Tokens::new(move || {
        let direct = direct.clone();
        async move {
            let request = http::Request::post("https://api.example.com/token");
            let request = request.body(Body::empty()).unwrap();
            tower::ServiceExt::oneshot(direct, request).await.unwrap();
            buttress_auth::Token::new(secret(7))
        }
    });
    let service = over(&tokens, &api);
    assert_eq!(status(&service).await, 200);
    assert_eq!(api.carried(), [0, 7]);
}

#[tokio::test(start_paused = true)]
async fn ap27_a_failed_renewal_after_a_rejection_is_an_error_with_the_sources_cause() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Fail]);
    let api = Api::slow(2, ms(10));
    let service = over(&usual(&issuer), &api);
    let together: Vec<_> = (0..5).map(|_| spawn(&service)).collect();
    for call in together {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(unauthenticated(&error).reason(), Reason::Failed);
        assert_eq!(Failure::of(&*error).sent(), Sent::Yes);
        let causes: Vec<_> = Failure::of(&*error)
            .chain()
            .map(ToString::to_string)
            .collect();
        assert_eq!(causes.last().unwrap(), "the token endpoint is down");
    }
    assert_eq!(issuer.fetches(), 2);
    assert!(
        send(&service, get()).await.is_err(),
        "a rejected token is not sent again"
    );
    assert_eq!(api.carried(), [1; 5]);
}

#[tokio::test(start_paused = true)]
async fn while_the_source_rests_a_rejection_is_the_answer() {
    let issuer = Issuer::new([Fetch::Token(secs(100)), Fetch::Fail]);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    status(&service).await;
    time::sleep(secs(80)).await;
    status(&service).await;
    settle().await;
    assert_eq!(issuer.fetches(), 2);
    api.accept_from(2);
    assert_eq!(status(&service).await, 401);
    assert_eq!(issuer.fetches(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_new_tokens_are_rejected_is_not_asked_for_each_request() {
    let issuer = Issuer::new(ENDLESS);
    let api = Api::accepting(u32::MAX);
    let service = over(&usual(&issuer), &api);
    for _ in 0..100 {
        assert_eq!(status(&service).await, 401);
        time::advance(ms(1)).await;
    }
    assert_eq!(issuer.fetches(), 2);
    time::advance(secs(2)).await;
    assert_eq!(status(&service).await, 401);
    assert_eq!(issuer.fetches(), 3);
    time::advance(secs(2)).await;
    assert_eq!(status(&service).await, 401);
    assert_eq!(issuer.fetches(), 3, "the pause grows");
    time::advance(secs(6)).await;
    api.accept_from(4);
    assert_eq!(status(&service).await, 200);
}

/// An API one of whose endpoints rejects every token, or those below a number.
fn with_bad_endpoint(least: u32) -> Scripted {
    let answer = move |call: &Call| {
        let bad = call.uri.path() == "/bad" || carried(call) < least;
        let mut response = Response::new(Body::empty());
        if bad {
            *response.status_mut() = StatusCode::UNAUTHORIZED;
        }
        response
    };
    Scripted::new([Step::answer(answer)])
}

/// How many tokens are fetched in a minute in which each second ten requests go to a good
/// endpoint and as many to one that always rejects; by whether they can be sent again.
async fn fetches_beside_a_bad_endpoint(replay: bool) -> u32 {
    let issuer = Issuer::new(ENDLESS);
    let service = layer(usual(&issuer))
        .replay(replay)
        .layer(with_bad_endpoint(1));
    for _ in 0..60 {
        for _ in 0..10 {
            assert_eq!(send(&service, get()).await.unwrap().status(), 200);
            let bad = http::Request::get("https://api.example.com/bad");
            let bad = bad.body(Body::empty()).unwrap();
            assert_eq!(send(&service, bad).await.unwrap().status(), 401);
            time::advance(ms(100)).await;
        }
    }
    issuer.fetches() - 1
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_always_rejects_does_not_cost_a_fetch_for_each_request() {
    let replayed = fetches_beside_a_bad_endpoint(true).await;
    assert!((2..=6).contains(&replayed), "{replayed}");
    let unreplayed = fetches_beside_a_bad_endpoint(false).await;
    assert!((2..=10).contains(&unreplayed), "{unreplayed}");
}

#[tokio::test(start_paused = true)]
async fn tokens_that_are_revoked_one_after_the_other_are_each_replaced_at_once() {
    let issuer = Issuer::new(ENDLESS);
    let api = Api::accepting(1);
    let service = over(&usual(&issuer), &api);
    for least in 1..=4 {
        api.accept_from(least);
        assert_eq!(status(&service).await, 200);
        assert_eq!(issuer.fetches(), least);
    }
    // A row of them is suspicious, until it has been quiet.
    api.accept_from(5);
    assert_eq!(status(&service).await, 401);
    time::advance(secs(60)).await;
    for least in 5..=7 {
        api.accept_from(least);
        assert_eq!(status(&service).await, 200);
        assert_eq!(issuer.fetches(), least);
    }
}

fn challenging(status: u16, challenge: &'static str) -> Scripted {
    let answer = move |call: &Call| {
        let mut response = Response::new(Body::empty());
        if carried(call) < 2 {
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            let challenge = http::HeaderValue::from_static(challenge);
            response.headers_mut().insert("www-authenticate", challenge);
        }
        response
    };
    Scripted::new([Step::answer(answer)])
}

/// The status of a request, and how many fetches it took.
async fn challenged(
    status: u16,
    challenge: &'static str,
    change: impl FnOnce(AuthLayer) -> AuthLayer,
) -> (u16, u32) {
    let issuer = Issuer::new(ENDLESS);
    let layer = change(layer(usual(&issuer)));
    let service: Auth<_> = layer.layer(challenging(status, challenge));
    (self::status(&service).await, issuer.fetches())
}

#[tokio::test(start_paused = true)]
async fn a_challenge_decides_whether_another_token_may_help() {
    let usual = |layer| layer;
    for (challenge, end) in [
        ("Bearer realm=\"a\"", (200, 2)),
        ("Bearer error=\"invalid_token\"", (200, 2)),
        (
            "Bearer error=\"insufficient_scope\", scope=\"admin\"",
            (401, 1),
        ),
        (
            "Bearer error=invalid_token, DPoP error=insufficient_scope",
            (200, 2),
        ),
        ("Bearer realm=\", error=insufficient_scope", (200, 2)),
    ] {
        assert_eq!(challenged(401, challenge, usual).await, end, "{challenge}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_403_is_an_answer_unless_set_otherwise_and_a_407_always() {
    let on = |layer: AuthLayer| layer.forbidden(true);
    let scope = "Bearer error=\"insufficient_scope\"";
    assert_eq!(challenged(403, "Bearer", |layer| layer).await, (403, 1));
    assert_eq!(challenged(403, "Bearer", on).await, (200, 2));
    assert_eq!(challenged(403, scope, on).await, (403, 1));
    assert_eq!(challenged(407, "Bearer", on).await, (407, 1));
}

#[tokio::test(start_paused = true)]
async fn a_rejected_credential_that_stays_as_it_is_is_the_answer() {
    let api = Api::accepting(1);
    let key = buttress_auth::Credential::api_key("x-api-key", "k").unwrap();
    let service = layer(key).layer(api.server.clone());
    assert_eq!(status(&service).await, 401);
    assert_eq!(api.server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_for_one_request_is_replaced_for_its_replay() {
    let issuer = Issuer::new(ENDLESS);
    let tokens = tokens(&issuer).each_request().build().unwrap();
    let api = Api::accepting(2);
    let service = over(&tokens, &api);
    assert_eq!(status(&service).await, 200);
    assert_eq!(api.carried(), [1, 2]);
}
