//! Counts of what goes and comes.

use std::task::Poll;
use std::time::Duration;

use buttress::progress::{self, Counts, Progress};
use buttress::redirect::Policy;
use buttress_testkit::{Step, channel};
use futures_util::{FutureExt, StreamExt};

use super::{scripted, scripted_with};

fn numbers(progress: Progress) -> (u64, Option<u64>) {
    (progress.done(), progress.total())
}

/// What there is to read now.
fn now(counts: &mut Counts) -> Poll<Option<(u64, Option<u64>)>> {
    let now = counts.next().now_or_never();
    now.map_or(Poll::Pending, |count| Poll::Ready(count.map(numbers)))
}

#[tokio::test]
async fn ic84_bq30_a_download_is_counted_as_it_is_read() {
    let step = Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.data("one ");
        frames.data("two");
        body
    });
    let (client, _) = scripted([step]);
    let (meter, mut counts) = progress::meter();
    let mut response = client.get("/").send().await.unwrap().progress(meter);
    assert_eq!(now(&mut counts), Poll::Ready(Some((0, None))));
    assert_eq!(now(&mut counts), Poll::Pending, "nothing new");
    response.chunk().await.unwrap();
    assert_eq!(now(&mut counts), Poll::Ready(Some((4, None))));
    response.chunk().await.unwrap();
    assert_eq!(numbers(counts.latest()), (7, None));
    drop(response);
    assert_eq!(
        now(&mut counts),
        Poll::Ready(Some((7, None))),
        "the last count is never missed"
    );
    assert_eq!(now(&mut counts), Poll::Ready(None));
}

#[tokio::test(start_paused = true)]
async fn w17_an_upload_is_counted_anew_for_each_attempt_and_ends_with_the_call() {
    let (client, server) = scripted([Step::status(503), Step::ok()]);
    let (meter, mut counts) = progress::meter();
    let all = tokio::spawn(async move {
        let mut all = Vec::new();
        while let Some(count) = counts.next().await {
            all.push(numbers(count));
        }
        all
    });
    let request = client.put("/").bytes(vec![0; 100_000]).progress(meter);
    request.send().await.unwrap();
    let all = all.await.unwrap();
    assert_eq!(server.calls().len(), 2);
    assert_eq!(all.last(), Some(&(100_000, Some(100_000))), "{all:?}");
    assert!(all.iter().all(|(_, total)| *total == Some(100_000)));
    let calls = server.calls();
    assert!(calls.iter().all(|call| call.body.len() == 100_000));
    assert_eq!(
        calls[1].size_hint.exact(),
        Some(100_000),
        "its length is still known"
    );
}

#[tokio::test]
async fn a_redirect_without_the_body_leaves_the_last_count() {
    let moved = Step::status(303).header("location", "/y");
    let (client, _) = scripted_with([moved, Step::ok()], |b| b.redirects(Policy::limited(5)));
    let (meter, counts) = progress::meter();
    let request = client.post("/").text("0123456789").progress(meter);
    request.send().await.unwrap();
    assert_eq!(numbers(counts.latest()), (10, Some(10)));
}

#[tokio::test]
async fn a_body_in_memory_is_given_in_pieces_that_can_be_counted() {
    let (client, _) = scripted([Step::ok().body(vec![7; 200_000])]);
    let (meter, mut counts) = progress::meter();
    let response = client.get("/").send().await.unwrap();
    let mut stream = response.progress(meter).into_stream();
    assert_eq!(now(&mut counts), Poll::Ready(Some((0, Some(200_000)))));
    let mut done = 0;
    while let Some(piece) = stream.next().await {
        done += piece.unwrap().len() as u64;
        assert_eq!(now(&mut counts), Poll::Ready(Some((done, Some(200_000)))));
    }
    assert_eq!(done, 200_000);
}

#[tokio::test(start_paused = true)]
async fn a_reader_is_woken_by_counts_and_by_the_end() {
    let (meter, mut counts) = progress::meter();
    let (client, _) = scripted([Step::ok().body("x").after(Duration::from_secs(1))]);
    let reader = tokio::spawn(async move { counts.next().await });
    let response = client.get("/").send().await.unwrap();
    drop(response.progress(meter));
    assert_eq!(reader.await.unwrap().map(numbers), Some((0, Some(1))));
    let (meter, mut counts) = progress::meter();
    let reader = tokio::spawn(async move { counts.next().await });
    tokio::task::yield_now().await;
    drop(meter);
    assert_eq!(reader.await.unwrap(), None);
}
