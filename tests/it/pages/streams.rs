//! Streams: order, cancellation, the page ahead, errors and what comes after them.

use std::time::Duration;

use buttress::pages;
use buttress_testkit::{Call, Scripted, Step};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use serde_json::json;

use super::{asked, number, scripted, served};

fn page(data: &[u8], next: Option<&str>) -> Step {
    Step::ok().body(json!({"data": data, "nextCursor": next}).to_string())
}

fn list(client: &buttress::Client) -> pages::Paging {
    client.get("/l").paginate(pages::Cursor::new())
}

#[tokio::test]
async fn d15_items_and_pages_are_streams_of_futures() {
    let (client, _) = scripted([page(&[1, 2], Some("a")), page(&[3], None)]);
    let all: Vec<u8> = list(&client).items::<u8>().try_collect().await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    let (client, _) = scripted([page(&[1, 2], Some("a")), page(&[3], None)]);
    let lengths: Vec<_> = list(&client)
        .pages::<u8>()
        .map(|page| page.unwrap().items().len())
        .collect()
        .await;
    assert_eq!(lengths, [2, 1]);
}

#[tokio::test]
async fn sp25_what_came_before_an_error_is_kept_and_the_list_goes_on_from_there() {
    let (client, server) = scripted([
        page(&[1, 2], Some("a")),
        Step::status(503),
        page(&[3], Some("b")),
        page(&[4], None),
    ]);
    let mut items = list(&client).items::<u8>();
    let mut all = Vec::new();
    let error = items.collect_into(&mut all).await.unwrap_err();
    assert_eq!(all, [1, 2]);
    assert!(error.is_server());
    assert_eq!(
        error.to_string(),
        "page 2: GET http://api.example/v1/l: the server answered 503 Service Unavailable"
    );
    assert!(items.next().await.is_none());
    let position = error.page().unwrap().position().clone();
    list(&client)
        .start_at(position)
        .items::<u8>()
        .collect_into(&mut all)
        .await
        .unwrap();
    assert_eq!(all, [1, 2, 3, 4]);
    assert_eq!(asked(&server)[1..3], ["/v1/l?cursor=a", "/v1/l?cursor=a"]);
}

#[tokio::test]
async fn nothing_is_asked_for_before_it_is_wanted() {
    let (client, server) = scripted([page(&[1], Some("a")), page(&[2], None)]);
    let mut items = list(&client).items::<u8>();
    assert_eq!(server.calls().len(), 0);
    items.next().await.unwrap().unwrap();
    assert_eq!(server.calls().len(), 1);
    assert_eq!(items.position().unwrap().to_string(), "?");
    items.next().await.unwrap().unwrap();
    assert_eq!(server.calls().len(), 2);
    assert_eq!(items.position().unwrap().to_string(), "?cursor=a");
}

#[tokio::test]
async fn one_page_is_asked_for_ahead_and_no_more() {
    let (client, server) = scripted([
        page(&[1, 2], Some("a")),
        page(&[3], Some("b")),
        page(&[4], None),
    ]);
    let mut items = list(&client).prefetch().items::<u8>();
    for (item, calls) in [(1, 2), (2, 2), (3, 3), (4, 3)] {
        assert_eq!(items.next().await.unwrap().unwrap(), item);
        assert_eq!(server.calls().len(), calls, "{item}");
    }
    assert!(items.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_page_ahead_comes_while_items_are_worked_on() {
    let slow = |step: Step| step.after(Duration::from_secs(3));
    let (client, _) = scripted([slow(page(&[1], Some("a"))), slow(page(&[2], None))]);
    let begin = tokio::time::Instant::now();
    let mut items = list(&client).prefetch().items::<u8>();
    while let Some(item) = items.next().await {
        item.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    assert_eq!(begin.elapsed(), Duration::from_secs(3 + 3 + 2));
}

#[tokio::test]
async fn an_error_ahead_is_told_in_its_turn() {
    let (client, server) = scripted([page(&[1, 2], Some("a")), Step::status(500)]);
    let mut items = list(&client).prefetch().items::<u8>();
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(server.calls().len(), 2);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert!(items.next().await.unwrap().unwrap_err().is_server());
    let (client, _) = scripted([page(&[1], Some("a")), page(&[2], Some("a"))]);
    let mut items = list(&client).prefetch().items::<u8>();
    assert_eq!(items.next().await.unwrap().unwrap(), 1);
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert!(items.next().await.unwrap().unwrap_err().is_astray());
    assert!(items.next().await.is_none());
}

#[tokio::test]
async fn a_dropped_stream_cancels_the_request_in_flight_and_the_one_ahead() {
    for prefetch in [false, true] {
        let server = Scripted::new([page(&[1], Some("a")), Step::hang()]);
        let builder = buttress::Client::builder().base_uri("http://h");
        let client = builder.build_over(server.clone()).unwrap();
        let list = list(&client);
        let mut items = if prefetch { list.prefetch() } else { list }.items::<u8>();
        items.next().await.unwrap().unwrap();
        if !prefetch {
            assert!(items.next().now_or_never().is_none());
        }
        assert_eq!((server.calls().len(), server.in_flight()), (2, 1));
        drop(items);
        assert_eq!(server.in_flight(), 0, "prefetch: {prefetch}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_item_is_lost_when_the_future_of_next_is_dropped() {
    let slow = page(&[2], None).after(Duration::from_secs(5));
    let (client, server) = scripted([page(&[1], Some("a")), slow]);
    let mut items = list(&client).items::<u8>();
    items.next().await.unwrap().unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(1), items.next()).await;
    assert!(waited.is_err());
    assert_eq!(items.next().await.unwrap().unwrap(), 2);
    assert_eq!(server.calls().len(), 2, "it is not asked for twice");
}

fn numbered(call: &Call) -> (Vec<(&'static str, String)>, String) {
    let page = number(call, "page").unwrap();
    let meta = json!({"page": page, "totalPages": 3});
    (
        vec![("x-page", page.to_string())],
        json!({"data": [page], "meta": meta}).to_string(),
    )
}

#[tokio::test]
async fn ap21_w29_a_page_leads_to_its_neighbours_and_stays_as_it_is() {
    let (client, server) = served(numbered);
    let request = client
        .get("/l")
        .query(&[("q", "x")])
        .header("x-tenant", "7");
    let first = request
        .paginate(pages::Number::new())
        .first::<u8>()
        .await
        .unwrap();
    assert!(first.prev().await.unwrap().is_none());
    let second = first.next().await.unwrap().unwrap();
    let again = first.next().await.unwrap().unwrap();
    assert_eq!(
        (second.items(), again.items()),
        ([2].as_slice(), [2].as_slice())
    );
    let third = second.next().await.unwrap().unwrap();
    assert!(third.next().await.unwrap().is_none());
    assert_eq!(third.prev().await.unwrap().unwrap().items(), [2]);
    assert_eq!(third.headers().unwrap()["x-page"], "3");
    assert_eq!(third.status(), 200);
    let pages = third.find::<u8>(&"/meta/totalPages".parse().unwrap());
    assert_eq!(pages.unwrap(), Some(3));
    let wrong = third
        .find::<bool>(&"/meta/page".parse().unwrap())
        .unwrap_err();
    assert!(wrong.is_decode());
    for call in server.calls() {
        assert!(
            call.uri.query().unwrap().starts_with("q=x&"),
            "{}",
            call.uri
        );
        assert_eq!(call.header("x-tenant"), Some("7"));
    }
}

#[tokio::test]
async fn a_body_is_sent_with_every_page() {
    let (client, server) = scripted([page(&[1], Some("a")), page(&[2], None)]);
    let request = client.post("/search").json(&json!({"q": "x"}));
    let mut all = Vec::new();
    request
        .paginate(pages::Cursor::new())
        .items::<u8>()
        .collect_into(&mut all)
        .await
        .unwrap();
    for call in server.calls() {
        assert_eq!(call.body, r#"{"q":"x"}"#);
        assert_eq!(call.header("content-type"), Some("application/json"));
    }
    assert_eq!(asked(&server), ["/v1/search", "/v1/search?cursor=a"]);
}

#[tokio::test]
async fn ic71_neither_errors_nor_debug_show_cursors_or_items() {
    let (client, _) = scripted([page(&[1], Some("s3cret")), Step::status(500).body("s3cret")]);
    let mut read = list(&client).pages::<u8>();
    let page = read.next().await.unwrap().unwrap();
    let error = read.next().await.unwrap().unwrap_err();
    for text in [format!("{page:?} {read:?} {error:?}"), error.to_string()] {
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn streams_can_be_sent_between_threads() {
    fn is_send<T: Send + Unpin>() {}
    is_send::<pages::Items<std::cell::Cell<u8>>>();
    is_send::<pages::Pages<u8>>();
    is_send::<pages::Page<u8>>();
}
