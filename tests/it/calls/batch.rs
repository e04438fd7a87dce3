//! Many calls at once.

use std::time::Duration;

use buttress::{Client, Endpoint, NoContent};
use buttress_testkit::{Scripted, Step};
use futures_util::StreamExt;
use http::{Method, Request, Response};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};
use tower::service_fn;

use super::{Number, Word, scripted};

const SECOND: Duration = Duration::from_secs(1);

/// A client whose server answers with what it was asked for: number n after n seconds, 500 for a number from
/// 100 on.
fn echo() -> Client {
    let server = service_fn(|request: Request<buttress::Body>| async move {
        let path = request.uri().path().to_owned();
        let last = path.rsplit('/').next().unwrap();
        let number = last.parse::<u32>().ok();
        sleep(SECOND * number.unwrap_or(1)).await;
        let status = if number.is_some_and(|n| n >= 100) {
            500
        } else {
            200
        };
        let body = number.map_or("\"word\"".to_owned(), |n| n.to_string());
        let response = Response::builder()
            .status(status)
            .body(buttress::Body::from(body));
        Ok::<_, buttress::BoxError>(response.unwrap())
    });
    let builder = Client::builder()
        .base_uri("http://api.example/v1")
        .retry(None);
    builder.timeout(None).build_over(server).unwrap()
}

/// The same on a server that counts.
fn counted(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    let (client, server) = scripted(steps);
    (client, server)
}

#[tokio::test(start_paused = true)]
async fn ic69_a_tuple_keeps_order_and_types_and_starts_all_at_once() {
    let client = echo();
    let start = Instant::now();
    let raw = client.get("/raw");
    let (slow, word, fast, raw) = client.batch((Number(9), Word, Number(2), raw)).all().await;
    assert_eq!(start.elapsed(), 9 * SECOND);
    let (slow, fast): (u64, u64) = (*slow.unwrap().body(), *fast.unwrap().body());
    let word: String = word.unwrap().into_body();
    assert_eq!((slow, word.as_str(), fast), (9, "word", 2));
    assert_eq!(raw.unwrap().text().await.unwrap(), "\"word\"");
}

#[tokio::test(start_paused = true)]
async fn ic69_w18_an_element_fails_alone() {
    let client = echo();
    let (one, failed, word) = client.batch((Number(1), Number(100), Word)).all().await;
    assert_eq!(*one.unwrap().body(), 1);
    assert!(failed.unwrap_err().is_server());
    assert_eq!(word.unwrap().body(), "word");

    // One that cannot even be built is no different.
    let (refused, one) = client
        .batch((client.get("/{missing}"), Number(1)))
        .all()
        .await;
    assert!(refused.unwrap_err().is_request());
    assert_eq!(*one.unwrap().body(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_tuple_of_which_one_fails_can_end_at_once() {
    let (client, server) = counted([Step::hang(), Step::status(404).after(SECOND), Step::hang()]);
    let start = Instant::now();
    let end = client.batch((Number(1), Number(2), Word)).try_all().await;
    assert!(end.unwrap_err().is_not_found());
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!((server.dropped(), server.in_flight()), (2, 0));

    let both = echo().batch((Number(2), Word)).try_all().await.unwrap();
    assert_eq!((*both.0.body(), both.1.body().as_str()), (2, "word"));
}

#[tokio::test(start_paused = true)]
async fn eight_is_the_most_and_one_is_enough() {
    let client = echo();
    let (only,) = client.batch((Number(1),)).all().await;
    assert_eq!(*only.unwrap().body(), 1);
    let n = Number;
    let eight = client.batch((n(1), n(2), n(3), n(4), n(5), n(6), n(7), n(8)));
    let eight = eight.try_all().await.unwrap();
    assert_eq!((*eight.0.body(), *eight.7.body()), (1, 8));
}

#[tokio::test(start_paused = true)]
async fn ic69_an_iterator_keeps_its_order_whoever_ends_first() {
    let ends = echo().batch_of([5, 1, 100, 3].map(Number)).all().await;
    let ends: Vec<_> = ends
        .into_iter()
        .map(|end| end.ok().map(|r| *r.body()))
        .collect();
    assert_eq!(ends, [Some(5), Some(1), None, Some(3)]);
    assert!(echo().batch_of(Vec::<Number>::new()).all().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn ic69_no_more_calls_are_under_way_than_allowed() {
    for (concurrency, seconds) in [
        (Some(0), 8),
        (Some(1), 8),
        (Some(2), 4),
        (Some(3), 3),
        (Some(8), 1),
        (None, 1),
    ] {
        let client = echo();
        let batch = client.batch_of([1; 8].map(Number));
        let batch = match concurrency {
            Some(calls) => batch.concurrency(calls),
            None => batch,
        };
        let start = Instant::now();
        batch.all().await;
        assert_eq!(start.elapsed(), seconds * SECOND, "{concurrency:?}");
    }
    let start = Instant::now();
    echo()
        .batch_of([1; 17].map(Number))
        .try_all()
        .await
        .unwrap();
    assert_eq!(start.elapsed(), 2 * SECOND, "16 unless set");
}

#[tokio::test(start_paused = true)]
async fn an_iterator_is_asked_when_there_is_room() {
    let client = echo();
    let asked = std::cell::Cell::new(0);
    let numbers = (1..=100)
        .inspect(|_| asked.set(asked.get() + 1))
        .map(Number);
    let mut stream = client.batch_of(numbers).concurrency(2).stream();
    assert_eq!(asked.get(), 0, "nothing happens before it is polled");
    assert_eq!(*stream.next().await.unwrap().unwrap().body(), 1);
    assert_eq!(asked.get(), 2);
    assert_eq!(*stream.next().await.unwrap().unwrap().body(), 2);
    assert_eq!(asked.get(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_first_failure_can_end_an_iterator_before_those_ahead_of_it() {
    let (client, server) = counted([Step::hang(), Step::status(404).after(SECOND), Step::ok()]);
    let start = Instant::now();
    let end = client
        .batch_of((1..9).map(Number))
        .concurrency(2)
        .try_all()
        .await;
    assert!(end.unwrap_err().is_not_found());
    assert_eq!(start.elapsed(), SECOND);
    assert_eq!(
        (server.calls().len(), server.in_flight()),
        (2, 0),
        "and no other was begun"
    );

    let values = echo()
        .batch_of([3, 1, 2].map(Number))
        .try_all()
        .await
        .unwrap();
    let values: Vec<_> = values.iter().map(|value| *value.body()).collect();
    assert_eq!(values, [3, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_batch_cancels_all_its_calls() {
    let (client, server) = counted([Step::hang()]);
    timeout(SECOND, client.batch((Number(1), Word)).all())
        .await
        .unwrap_err();
    timeout(SECOND, client.batch((Number(1), Word)).try_all())
        .await
        .unwrap_err();
    let many = || client.batch_of((0..9).map(Number)).concurrency(3);
    timeout(SECOND, many().all()).await.unwrap_err();
    timeout(SECOND, many().try_all()).await.unwrap_err();
    assert_eq!((server.dropped(), server.in_flight()), (10, 0));
}

#[tokio::test(start_paused = true)]
async fn ic69_bq18_a_call_with_something_changed_can_be_batched() {
    let (client, server) = counted([Step::ok().body("1")]);
    let marked = |n: u64| {
        let call = client.endpoint(&Number(n));
        call.with(|request| request.header("x-once", "1"))
    };
    client
        .batch((marked(1), Number(2)))
        .try_all()
        .await
        .unwrap();
    client.batch_of((3..5).map(marked)).all().await;
    let calls = server.calls();
    let marks: Vec<_> = calls
        .iter()
        .filter_map(|call| call.header("x-once"))
        .collect();
    assert_eq!((calls.len(), marks.len()), (4, 3));
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_borrows_can_be_batched() {
    struct Named<'a>(&'a str);
    impl Endpoint for Named<'_> {
        const METHOD: Method = Method::GET;
        const PATH: &'static str = "/{name}";
        type Ok = u64;
        type Err = NoContent;

        fn path(&self) -> impl Serialize {
            [("name", self.0)]
        }
    }
    let names = [String::from("1"), String::from("2")];
    let ends = echo()
        .batch_of(names.iter().map(|name| Named(name)))
        .all()
        .await;
    let numbers: Vec<_> = ends
        .into_iter()
        .map(|end| end.unwrap().into_body())
        .collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_batch_over_what_its_task_owns_can_be_spawned() {
    let client = echo();
    let task = tokio::spawn(async move {
        let ids = [1_u64, 2];
        let requests = || ids.iter().map(|id| client.get("/{id}").path("id", *id));
        let all = client.batch_of(requests()).all().await.len();
        let tried = client.batch_of(requests()).try_all().await.unwrap().len();
        let streamed = client.batch_of(requests()).stream().count().await;
        let tuple = client.batch((Number(1), client.get("/1"))).all().await;
        (all, tried, streamed, tuple.0.is_ok())
    });
    assert_eq!(task.await.unwrap(), (2, 2, 2, true));
}

#[tokio::test(start_paused = true)]
async fn an_iterator_that_has_ended_is_not_asked_again() {
    let paused = || {
        let mut asked = 0;
        std::iter::from_fn(move || {
            asked += 1;
            (asked != 3).then_some(Number(1))
        })
    };
    let client = echo();
    assert_eq!(client.batch_of(paused()).all().await.len(), 2);
    let tried = client.batch_of(paused()).try_all().await.unwrap();
    assert_eq!(tried.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn requests_of_any_kind_can_be_batched() {
    let (client, server) = counted([Step::status(404), Step::ok()]);
    let requests = [client.post("/a").text("x"), client.delete("/b")];
    let ends = client
        .batch_of(requests)
        .concurrency(1)
        .try_all()
        .await
        .unwrap();
    let statuses: Vec<_> = ends.iter().map(|end| end.status().as_u16()).collect();
    assert_eq!(
        statuses,
        [404, 200],
        "a response of any status is a response"
    );
    assert_eq!(server.calls()[1].method, Method::DELETE);
}
