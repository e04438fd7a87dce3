//! What a client that signs in must do, in one place.

use buttress_auth::Reason;
use buttress_kernel::{Failure, Sent};

use crate::support::*;

const CROWD: usize = 100;

/// N requests whose token the API has come to reject.
fn crowd(
    service: &buttress_auth::Auth<buttress_testkit::Scripted>,
) -> Vec<tokio::task::JoinHandle<End>> {
    (0..CROWD).map(|_| spawn(service)).collect()
}

#[tokio::test(start_paused = true)]
async fn section11_1_many_401s_cause_one_refresh_and_one_replay_each() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(ms(50))]);
    let api = Api::slow(1, ms(10));
    let tokens = usual(&issuer);
    let service = over(&tokens, &api);
    assert_eq!(status(&service).await, 200);
    api.accept_from(2);
    for call in crowd(&service) {
        let response = call.await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        let attempt: &buttress_kernel::Attempt = response.extensions().get().unwrap();
        assert_eq!(attempt.number().get(), 2);
    }
    assert_eq!(issuer.fetches(), 2, "one to begin with, one refresh");
    let carried = api.carried();
    assert_eq!(
        carried[..=CROWD],
        [1; CROWD + 1],
        "each was sent with the old token"
    );
    assert_eq!(
        carried[CROWD + 1..],
        [2; CROWD],
        "each was replayed once, with the new one"
    );
}

#[tokio::test(start_paused = true)]
async fn section11_1_a_401_of_a_stale_generation_does_not_discard_a_fresh_token() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::slow(1, secs(1));
    let tokens = usual(&issuer);
    let service = over(&tokens, &api);
    let late = crowd(&service);
    settle().await;
    tokens.handle().refresh().await.unwrap();
    api.accept_from(2);
    for call in late {
        assert_eq!(call.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(
        (issuer.fetches(), tokens.handle().status().generation()),
        (2, 2)
    );
    assert_eq!(status(&service).await, 200);
    assert_eq!(issuer.fetches(), 2, "the fresh token stays");
}

#[tokio::test(start_paused = true)]
async fn section11_1_a_failed_refresh_reaches_all_who_wait_once() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Fail.after(ms(50)), Fetch::Endless]);
    let api = Api::slow(1, ms(10));
    let service = over(&usual(&issuer), &api);
    assert_eq!(status(&service).await, 200);
    api.accept_from(2);
    for call in crowd(&service) {
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(unauthenticated(&error).reason(), Reason::Failed);
        assert_eq!(Failure::of(&*error).sent(), Sent::Yes);
    }
    assert_eq!(issuer.fetches(), 2, "one refresh failed for all");
    assert_eq!(
        api.carried(),
        [1; CROWD + 1],
        "nothing is sent with a token that is none"
    );
    tokio::time::sleep(secs(1)).await;
    assert_eq!(status(&service).await, 200, "the failure is not kept");
    assert_eq!(issuer.fetches(), 3);
}
