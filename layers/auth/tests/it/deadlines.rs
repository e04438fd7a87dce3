use buttress_auth::Reason;
use buttress_kernel::{Body, Deadline, Failure, Kind, Sent};
use http::Request;
use tokio::time::Instant;

use crate::support::*;

fn within(limit: std::time::Duration) -> Request<Body> {
    let mut request = get();
    let deadline = Deadline::after(Instant::now().into_std(), limit).unwrap();
    request.extensions_mut().insert(deadline);
    request
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_beyond_its_deadline() {
    let issuer = Issuer::new([Fetch::Endless.after(secs(5))]);
    let service = over(&usual(&issuer), &Api::accepting(1));
    let start = Instant::now();
    let error = send(&service, within(secs(2))).await.unwrap_err();
    assert_eq!(start.elapsed(), secs(2));
    assert_eq!(unauthenticated(&error).reason(), Reason::Deadline);
    let failure = Failure::of(&*error);
    assert_eq!((failure.kind(), failure.sent()), (Kind::Timeout, Sent::No));
    // The fetch goes on for others, and whose deadline is later gets its token.
    assert_eq!(send(&service, within(secs(4))).await.unwrap().status(), 200);
    assert_eq!(start.elapsed(), secs(5));
    assert_eq!(issuer.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_passes_after_a_rejection_is_told_as_such() {
    let issuer = Issuer::new([Fetch::Endless, Fetch::Endless.after(secs(5))]);
    let service = over(&usual(&issuer), &Api::accepting(2));
    let error = send(&service, within(secs(2))).await.unwrap_err();
    assert_eq!(unauthenticated(&error).reason(), Reason::Deadline);
    assert_eq!(Failure::of(&*error).sent(), Sent::Yes);
}

#[tokio::test(start_paused = true)]
async fn a_rejection_that_comes_after_the_deadline_is_the_answer() {
    let issuer = Issuer::new([Fetch::Endless]);
    let api = Api::slow(2, secs(3));
    let service = over(&usual(&issuer), &api);
    let response = send(&service, within(secs(2))).await.unwrap();
    assert_eq!(response.status(), 401);
    settle().await;
    assert_eq!(issuer.fetches(), 2, "the token is replaced all the same");
    assert_eq!(api.carried(), [1]);
}
