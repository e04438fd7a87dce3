//! Cursors that the caller set by hand, and cursors that travel in the request's body.

use buttress::{Pointer, RequestBuilder, pages};
use buttress_testkit::{Call, Step};
use serde_json::{Value, json};

use super::{asked, scripted, served};

const ID: Pointer = Pointer::from_static("/id");
const START: Pointer = Pointer::from_static("/page/start_cursor");

fn body(document: &Value) -> Step {
    Step::ok().body(document.to_string())
}

async fn all(list: pages::Paging) -> Vec<u64> {
    let mut all = Vec::<Value>::new();
    list.items::<Value>().collect_into(&mut all).await.unwrap();
    let id = |item: &Value| item.get("id").unwrap_or(item).as_u64();
    all.iter().filter_map(id).collect()
}

#[tokio::test]
async fn w25_a_cursor_set_by_hand_gives_way_to_one_that_leads_the_other_way() {
    let items = |ids: &[u8], more: bool| {
        let items: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
        body(&json!({"data": items, "has_more": more}))
    };
    // Items 1 to 5; the caller begins with those before 3, and there is nothing before them.
    let (client, server) = scripted([
        items(&[1, 2], false),
        items(&[3, 4], true),
        items(&[5], false),
    ]);
    let request = client
        .get("/l")
        .query(&[("ending_before", "3"), ("q", "x")]);
    let list = request.paginate(pages::Cursor::last_item(ID));
    assert_eq!(all(list).await, [1, 2, 3, 4, 5]);
    assert_eq!(
        asked(&server),
        [
            "/v1/l?ending_before=3&q=x",
            "/v1/l?q=x&starting_after=2",
            "/v1/l?q=x&starting_after=4"
        ]
    );
    // And the other way round.
    let (client, server) = scripted([items(&[4, 5], false), items(&[1, 2, 3], false)]);
    let request = client.get("/l?starting_after=3");
    let list = request.paginate(pages::Cursor::last_item(ID).size(3));
    let list = list.backwards().start_at(pages::Position::default());
    assert_eq!(all(list).await, [5, 4, 3, 2, 1]);
    assert_eq!(
        asked(&server),
        [
            "/v1/l?starting_after=3&limit=3",
            "/v1/l?limit=3&ending_before=4"
        ]
    );
}

/// A search that is asked for by POST: pages of two numbers, and what the body says of the next.
fn search() -> (buttress::Client, buttress_testkit::Scripted) {
    served(|call: &Call| {
        let asked: Value = serde_json::from_slice(&call.body).unwrap();
        let start = START.find::<u64>(&call.body).unwrap().unwrap_or(1);
        assert_eq!(asked["query"], "towers");
        let next = (start < 5).then_some(start + 2);
        let document = json!({"data": [start, start + 1], "nextCursor": next});
        (vec![], document.to_string())
    })
}

fn asking(client: &buttress::Client) -> RequestBuilder {
    client
        .post("/search?scope=all")
        .json(&json!({"query": "towers"}))
}

#[tokio::test]
async fn ic67_a_cursor_goes_into_the_body_of_a_search() {
    let (client, server) = search();
    let by = || pages::Cursor::new().sent_at(START);
    let request = asking(&client).header("content-length", "18");
    assert_eq!(all(request.paginate(by())).await, [1, 2, 3, 4, 5, 6]);
    let calls = server.calls();
    let bodies: Vec<_> = calls.iter().map(|call| call.body.as_ref()).collect();
    assert_eq!(
        bodies,
        [
            br#"{"query":"towers"}"#.as_slice(),
            br#"{"page":{"start_cursor":3},"query":"towers"}"#,
            br#"{"page":{"start_cursor":5},"query":"towers"}"#,
        ]
    );
    for call in &calls[1..] {
        assert_eq!(call.uri.query(), Some("scope=all"));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert_eq!(
            call.header("content-length"),
            None,
            "it was the first one's"
        );
    }
    // Written down, it is where to go on.
    let first = asking(&client).paginate(by()).first::<u64>().await.unwrap();
    let next = first.next_position().unwrap().to_string();
    assert_eq!(next, r#"{"/page/start_cursor":3}"#);
    let list = asking(&client)
        .paginate(by())
        .start_at(next.parse().unwrap());
    assert_eq!(all(list).await, [3, 4, 5, 6]);
    let second = first.next().await.unwrap().unwrap();
    assert_eq!(second.items(), [3, 4]);
}

#[tokio::test]
async fn ic67_a_cursor_in_a_body_may_be_a_list_and_goes_one_way_from_items() {
    let hit = |id: u8| json!({"id": id, "sort": [1.5, "x", id]});
    let (client, server) = scripted([
        body(&json!({"data": [hit(1), hit(2)], "has_more": true})),
        body(&json!({"data": [hit(3)], "has_more": false})),
    ]);
    let sort = Pointer::from_static("/sort");
    let by = pages::Cursor::last_item(sort).sent_at(Pointer::from_static("/search_after"));
    let request = client.post("/_search").json(&json!({"size": 2}));
    let list = request.paginate(by);
    let first = list.first::<Value>().await.unwrap();
    assert_eq!(first.prev_position(), None);
    let second = first.next().await.unwrap().unwrap();
    assert_eq!((second.items().len(), second.next_position()), (1, None));
    assert_eq!(
        server.calls()[1].body,
        r#"{"search_after":[1.5,"x",2],"size":2}"#
    );
}

#[tokio::test]
async fn w22_a_circle_of_cursors_in_bodies_is_noticed() {
    let page = |next: &str, data: u8| body(&json!({"data": [data], "nextCursor": next}));
    let (client, server) = scripted([page("a", 1), page("b", 2), page("a", 3), page("b", 4)]);
    let request = client.post("/search").json(&json!({}));
    let list = request.paginate(pages::Cursor::new().sent_at(START));
    let mut all = Vec::<u8>::new();
    let error = list.items::<u8>().collect_into(&mut all).await.unwrap_err();
    assert!(error.is_astray(), "{error}");
    assert_eq!((all, server.calls().len()), (vec![1, 2, 3], 3));
}

#[tokio::test]
async fn a_body_that_has_no_room_for_a_cursor_is_told_before_it_is_sent() {
    for sent in ["s3cret", "[1]", ""] {
        let (client, server) = scripted([body(&json!({"data": [1], "nextCursor": "a"}))]);
        let request = client.post("/search").text(sent);
        let list = request.paginate(pages::Cursor::new().sent_at(START));
        let mut all = Vec::<u8>::new();
        let error = list.items::<u8>().collect_into(&mut all).await.unwrap_err();
        assert!(error.is_request(), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
        assert_eq!(error.page().unwrap().number(), 2);
        assert_eq!(server.calls().len(), 1);
    }
}
