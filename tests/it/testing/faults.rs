//! What goes wrong with servers and networks, on purpose.

use std::time::Duration;

use buttress::testing::{Expect, Reply};
use buttress::{Error, Sent};
use http_body_util::BodyExt;
use tokio::time::Instant;

use super::{mocked, mocked_with};

async fn fault(reply: Reply) -> Error {
    let (client, mock) = mocked_with(|b| b.retry(None).timeout(Duration::from_secs(5)));
    mock.expect(Expect::get("/a").reply(reply));
    let end = client.get("/a").send().await;
    mock.verify();
    end.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_fault_is_what_a_transport_would_make_of_it() {
    let error = fault(Reply::connect_error()).await;
    assert!(error.is_connect() && error.sent() == Sent::No, "{error:?}");
    let error = fault(Reply::reset()).await;
    assert!(
        error.is_transport() && error.sent() == Sent::Maybe,
        "{error:?}"
    );
    let error = fault(Reply::malformed()).await;
    assert!(
        error.is_transport() && error.sent() == Sent::Yes,
        "{error:?}"
    );
    let start = Instant::now();
    let error = fault(Reply::hang()).await;
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_fault_can_be_late() {
    let start = Instant::now();
    let error = fault(Reply::connect_error().delay(Duration::from_secs(1))).await;
    assert!(error.is_connect());
    assert_eq!(start.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_body_can_break_off_in_the_middle() {
    let (client, mock) = mocked();
    let pieces = Reply::ok()
        .pieces(["first", "second"], Duration::ZERO)
        .reset_after(7);
    mock.expect(Expect::get("/a").reply(pieces));
    let mut answer = client.get("/a").send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "first");
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "se");
    let error = answer.chunk().await.unwrap_err();
    assert!(
        error.is_transport() && error.sent() == Sent::Yes,
        "{error:?}"
    );
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn a_body_can_stand_still() {
    let (client, mock) = mocked_with(|b| b.body_idle(Duration::from_secs(2)));
    mock.expect(Expect::get("/a").reply(Reply::ok().text("half of it").stall_after(4)));
    let mut answer = client.get("/a").send().await.unwrap();
    assert_eq!(answer.chunk().await.unwrap().unwrap(), "half");
    let start = Instant::now();
    assert!(answer.chunk().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn a_body_can_come_slowly() {
    let (client, mock) = mocked();
    let slow = Reply::ok().pieces(["a", "b", "c"], Duration::from_secs(1));
    mock.expect(Expect::get("/a").reply(slow));
    let start = Instant::now();
    let answer = client.get("/a").send().await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(
        answer.into_body().collect().await.unwrap().to_bytes(),
        "abc"
    );
    assert_eq!(start.elapsed(), Duration::from_secs(2));
    mock.verify();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_while_it_waits_leaves_the_mock_well() {
    let (client, mock) = mocked();
    let asked = mock.expect(Expect::get("/a").reply(Reply::hang()).reply(Reply::ok()));
    let limit = Duration::from_secs(1);
    tokio::time::timeout(limit, client.get("/a").send())
        .await
        .unwrap_err();
    client.get("/a").send().await.unwrap();
    assert_eq!(asked.calls().len(), 2);
    mock.verify();
}
