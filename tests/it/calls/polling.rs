//! One call, again and again.

use std::time::Duration;

use buttress::polling::Polling;
use buttress::{CacheLayer, Client, Error, Response};
use buttress_testkit::{Scripted, Step};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout};

use super::{Number, scripted, scripted_with};

const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn number(n: u64) -> Step {
    Step::ok().body(n.to_string())
}

fn value(end: Option<Result<Response<u64>, Error>>) -> u64 {
    *end.unwrap().unwrap().body()
}

/// Polled on each beat of ten seconds, without jitter.
fn polling(client: &Client) -> Polling<u64> {
    client.poll(Number(1)).every(secs(10)).jitter(0.0)
}

/// When the server was asked, in seconds from the first time.
fn beats(server: &Scripted) -> Vec<u64> {
    let calls = server.calls();
    calls
        .iter()
        .map(|call| (call.at - calls[0].at).as_secs())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn ic76_a_poll_asks_at_once_and_then_on_every_beat() {
    let (client, server) = scripted((1..5).map(number));
    let mut polling = polling(&client);
    assert_eq!(
        server.calls().len(),
        0,
        "nothing is sent before it is polled"
    );
    for wanted in 1..5 {
        assert_eq!(value(polling.next().await), wanted);
    }
    assert_eq!(beats(&server), [0, 10, 20, 30]);
}

#[tokio::test(start_paused = true)]
async fn ic76_a_slow_answer_leaves_out_the_beats_that_it_missed() {
    let slow = number(1).after(secs(25));
    let (client, server) = scripted([slow, number(2)]);
    polling(&client).take(3).count().await;
    assert_eq!(beats(&server), [0, 30, 40]);
}

#[tokio::test(start_paused = true)]
async fn ic76_a_slow_reader_leaves_out_the_beats_that_it_missed() {
    let (client, server) = scripted([number(1)]);
    let mut polling = polling(&client);
    polling.next().await;
    tokio::time::sleep(secs(35)).await;
    polling.next().await;
    polling.next().await;
    assert_eq!(beats(&server), [0, 35, 40]);
}

#[tokio::test(start_paused = true)]
async fn ic76_a_reader_who_comes_just_before_a_beat_is_not_called_for_twice() {
    let (client, server) = scripted([number(1)]);
    let mut polling = polling(&client);
    polling.next().await;
    tokio::time::sleep(Duration::from_millis(19_990)).await;
    polling.next().await;
    polling.next().await;
    assert_eq!(beats(&server), [0, 19, 30]);
}

#[tokio::test(start_paused = true)]
async fn the_interval_is_five_seconds_unless_set_with_a_little_jitter() {
    let (client, server) = scripted([number(1)]);
    client.poll(Number(1)).seed(1).take(20).count().await;
    let calls = server.calls();
    for (n, call) in calls.iter().enumerate() {
        let beat = calls[0].at + secs(5) * u32::try_from(n).unwrap();
        // A difference of instants is never below nothing, so both sides are looked at.
        let is_near = (beat..=beat + Duration::from_millis(501)).contains(&call.at);
        assert!(is_near, "{:?}", beats(&server));
    }
    let distinct: std::collections::BTreeSet<_> =
        calls.windows(2).map(|two| two[1].at - two[0].at).collect();
    assert!(distinct.len() > 10, "each pause is drawn anew");
}

#[tokio::test(start_paused = true)]
async fn failures_are_items_and_double_the_pause() {
    let down = || Step::status(500);
    let (client, server) = scripted_with([down(), down(), down(), number(1), number(2)], |b| {
        b.retry(None)
    });
    let ends: Vec<_> = polling(&client)
        .max_backoff(secs(50))
        .take(5)
        .collect()
        .await;
    let failed: Vec<_> = ends.iter().map(Result::is_err).collect();
    assert_eq!(failed, [true, true, true, false, false]);
    assert_eq!(beats(&server), [0, 20, 60, 110, 120]);
}

#[tokio::test(start_paused = true)]
async fn a_servers_wish_for_a_pause_is_waited_for() {
    let busy = Step::status(503).header("retry-after", "45");
    let (client, server) = scripted_with([busy, number(1)], |b| b.retry(None).retry_after(None));
    polling(&client).take(2).count().await;
    assert_eq!(beats(&server), [0, 45]);
}

#[tokio::test(start_paused = true)]
async fn the_item_that_is_waited_for_is_the_last() {
    let (client, server) = scripted((1..9).map(number));
    let until = |end: &Result<Response<u64>, Error>| end.as_ref().is_ok_and(|r| *r.body() == 3);
    let values: Vec<_> = polling(&client)
        .until(until)
        .map(|end| value(Some(end)))
        .collect()
        .await;
    assert_eq!(values, [1, 2, 3]);
    assert_eq!(server.calls().len(), 3);

    // A failure can be, too.
    let (client, server) = scripted_with([number(1), Step::status(404)], |b| b.retry(None));
    let ends: Vec<_> = polling(&client).until(Result::is_err).collect().await;
    assert_eq!((ends.len(), server.calls().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn only_changes_come_where_the_server_tags_its_answers() {
    let tagged = |tag: &str, n: u64| number(n).header("etag", tag);
    let steps = [
        tagged("\"a\"", 1),
        tagged("\"a\"", 1),
        tagged("\"b\"", 2),
        number(3),
        number(3),
        tagged("\"b\"", 2),
    ];
    let all = |changes: bool| {
        let (client, _) = scripted(steps.clone());
        async move {
            let polling = polling(&client);
            let polling = if changes { polling.changes() } else { polling };
            let values = polling.map(|end| value(Some(end)));
            values.take(5).collect::<Vec<_>>().await
        }
    };
    assert_eq!(all(false).await, [1, 1, 2, 3, 3]);
    assert_eq!(
        all(true).await,
        [1, 2, 3, 3, 2],
        "what has no tag is always a change"
    );

    let (client, server) = scripted([tagged("\"a\"", 1)]);
    let mut asked = 0;
    let third = move |_: &Result<_, _>| {
        asked += 1;
        asked == 3
    };
    let ends = polling(&client).changes().until(third).count().await;
    assert_eq!(
        (ends, server.calls().len()),
        (2, 3),
        "the last is not left out"
    );
}

#[tokio::test(start_paused = true)]
async fn over_a_cache_unchanged_answers_are_asked_for_by_their_tag() {
    let first = number(1)
        .header("etag", "\"a\"")
        .header("cache-control", "no-cache");
    let same = || Step::status(304).header("etag", "\"a\"");
    let other = number(2)
        .header("etag", "\"b\"")
        .header("cache-control", "max-age=25");
    let (client, server) = scripted_with([first, same(), same(), other], |b| {
        b.cache(CacheLayer::private())
    });
    let mut polling = polling(&client).changes();
    assert_eq!(value(polling.next().await), 1);
    assert_eq!(value(polling.next().await), 2);
    assert_eq!(beats(&server), [0, 10, 20, 30]);
    for call in &server.calls()[1..] {
        assert_eq!(call.header("if-none-match"), Some("\"a\""));
    }
    timeout(secs(22), polling.next()).await.unwrap_err();
    assert_eq!(server.calls().len(), 4, "what is fresh is not asked for");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_poll_asks_no_more_and_ends_its_call() {
    let (client, server) = scripted([number(1), Step::hang()]);
    let mut polling = polling(&client);
    polling.next().await;
    timeout(secs(15), polling.next()).await.unwrap_err();
    assert_eq!(
        server.in_flight(),
        1,
        "the call goes on while there is a stream"
    );
    drop(polling);
    assert_eq!((server.in_flight(), server.dropped()), (0, 1));
    tokio::time::sleep(secs(100)).await;
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_closure_can_be_polled() {
    let (client, _) = scripted((1..9).map(number));
    let start = Instant::now();
    let mut n = 0;
    let polling = Polling::new(move || {
        n += 1;
        let request = client.get(format!("/{n}"));
        Box::pin(async move { request.send().await?.decode::<u64>().await })
    });
    let values: Vec<_> = polling
        .every(secs(1))
        .jitter(0.0)
        .take(3)
        .map(|end| value(Some(end)))
        .collect()
        .await;
    assert_eq!(values, [1, 2, 3]);
    assert_eq!(start.elapsed(), secs(2));
}
