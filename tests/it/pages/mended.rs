//! What a list must not do quietly: end early, go round, or carry along what was meant for one page.

use std::time::{Duration, UNIX_EPOCH};

use buttress::cache::{self, CacheLayer};
use buttress::envelope::{Pointers, tagged::Tagged};
use buttress::{Pointer, RetryLayer, pages};
use buttress_testkit::{ManualWallClock, Step};
use serde_json::{Value, json};

use super::{asked, number, parameter, scripted, served, served_with, whole};

const ID: Pointer = Pointer::from_static("/id");

fn body(document: &Value) -> Step {
    Step::ok().body(document.to_string())
}

/// A page that says whether there is a next one.
async fn first(document: &Value, by: impl pages::Paginator) -> Result<pages::Page<Value>, String> {
    let (client, _) = scripted([body(document)]);
    let page = client.get("/l").paginate(by).first::<Value>().await;
    let page = page.map_err(|error| whole(&error))?;
    if page.next_position().is_none() {
        page.next().await.map_err(|error| whole(&error))?;
    }
    Ok(page)
}

#[tokio::test]
async fn ic67_an_item_without_its_cursor_is_an_error_unless_the_list_ends_there() {
    let by_id = || pages::Cursor::last_item(ID);
    let item = |more: Value| json!({"data": [{"uid": 1}], "has_more": more});
    let error = first(&item(json!(true)), by_id()).await.unwrap_err();
    assert!(error.contains("has no cursor at `/data/…/id`"), "{error}");
    first(&item(Value::Null), by_id()).await.unwrap_err();
    let last = first(&item(json!(false)), by_id()).await.unwrap();
    assert_eq!(last.next_position(), None);
    // The items are elsewhere than where the paginator looks for the last one's cursor.
    let (client, _) = scripted([body(&json!({"rows": [{"id": 1}], "has_more": true}))]);
    let envelope = Pointers::new().content("/rows".parse().unwrap());
    let list = client.get("/l").paginate(by_id()).envelope(envelope);
    let page = list.first::<Value>().await.unwrap();
    assert!(page.next().await.unwrap_err().is_decode());
}

#[tokio::test]
async fn ap18_a_cursor_is_sent_back_as_it_came_or_not_at_all() {
    let with = |cursor: &str| format!(r#"{{"data":[1],"nextCursor":{cursor}}}"#).parse::<Value>();
    for (cursor, sent) in [
        ("18446744073709551615", Some("?cursor=18446744073709551615")),
        ("-9", Some("?cursor=-9")),
        ("18446744073709551616", None),
        ("1.5", None),
    ] {
        let page = first(&with(cursor).unwrap(), pages::Cursor::new()).await;
        let next = page.map(|page| page.next_position().unwrap().to_string());
        assert_eq!(next.ok().as_deref(), sent, "{cursor}");
    }
}

#[tokio::test]
async fn ic66_empty_pages_in_the_middle_end_nothing_and_short_ones_are_told() {
    let (client, server) = served(|call| {
        let data = match number(call, "page").unwrap() {
            2 => vec![],
            page => vec![page],
        };
        let meta = json!({"totalPages": 3});
        (vec![], json!({"data": data, "meta": meta}).to_string())
    });
    let mut all = Vec::new();
    let list = client.get("/l").paginate(pages::Number::new());
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!((all, server.calls().len()), (vec![1, 3], 3));
    // It says 200 a page, and gives one.
    let short = json!({"data": [1], "meta": {"total": 250, "limit": 200}});
    let error = first(&short, pages::Number::new()).await.unwrap_err();
    assert!(error.contains("fewer items"), "{error}");
    let unsized_list = pages::Number::new().size_at(None);
    let page = first(&short, unsized_list).await.unwrap();
    assert!(page.next_position().is_some());
}

#[tokio::test]
async fn sp23_backwards_by_offset_reads_all_where_the_server_gives_fewer() {
    let (client, _) = served(|call| {
        let skip = number(call, "skip").unwrap();
        let items: Vec<_> = (skip..3).take(1).collect();
        (vec![], json!({"items": items, "total": 3}).to_string())
    });
    let by = pages::Offset::new()
        .size(2)
        .items("/items".parse().unwrap());
    let mut all = Vec::new();
    let list = client.get("/l").paginate(by).backwards();
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!(all, [2, 1, 0]);
}

#[tokio::test]
async fn w22_the_first_page_is_known_by_its_other_names() {
    let linked = |to: &str, data: &str| {
        Step::ok()
            .header("link", &format!("<{to}>; rel=next"))
            .body(data.to_owned())
    };
    let (client, server) = scripted([linked("/v1/l?page=2", "[1]"), linked("/v1/l", "[2]")]);
    let mut all = Vec::<u8>::new();
    let list = client.get("/l").paginate(pages::Link::new());
    let error = list.items::<u8>().collect_into(&mut all).await.unwrap_err();
    assert!(error.is_astray());
    assert_eq!((all, server.calls().len()), (vec![1, 2], 2));
}

#[tokio::test]
async fn ap21_one_page_at_a_time_is_counted_and_does_not_stand_still() {
    let cursor = |cursor: &str| body(&json!({"data": [1], "nextCursor": cursor}));
    let (client, server) = scripted([cursor("a"), cursor("a"), cursor(&"x".repeat(9_000))]);
    let list = client.get("/l").paginate(pages::Cursor::new());
    let first = list.first::<u8>().await.unwrap();
    let second = first.next().await.unwrap().unwrap();
    let error = second.next().await.unwrap_err();
    assert!(error.is_astray());
    assert_eq!(error.page().unwrap().number(), 3);
    let third = first.next().await.unwrap().unwrap();
    let error = third.next().await.unwrap_err();
    assert!(error.to_string().contains("9007 bytes"), "{error}");
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn neither_a_body_nor_https_is_left_behind_for_another_origin() {
    let leads_to = |to: &str| {
        Step::ok()
            .header("link", &format!("<{to}>; rel=next"))
            .body("[1]")
    };
    let (client, server) = scripted([
        leads_to("http://other.example/l"),
        leads_to("http://secure.example/l"),
    ]);
    let anywhere = |request: buttress::RequestBuilder| {
        let list = request.paginate(pages::Link::new()).any_origin();
        list.items::<u8>()
    };
    let search = client.post("/search").json(&json!({"secret": 1}));
    let secure = client.get("https://secure.example/l?page=1");
    for mut items in [anywhere(search), anywhere(secure)] {
        assert_eq!(items.next().await.unwrap().unwrap(), 1);
        assert!(items.next().await.unwrap().unwrap_err().is_astray());
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn ic68_every_page_has_its_cache_entry_and_its_attempts() {
    let answer = |call: &buttress_testkit::Call| {
        let page = parameter(call, "cursor").map_or(1, |page| page.parse().unwrap());
        let next = (page < 3).then(|| (page + 1).to_string());
        let document = json!({"data": [page], "nextCursor": next, "hasMore": next.is_some()});
        (vec![], document.to_string())
    };
    let (client, server) = served_with(answer, |builder| {
        let retry = RetryLayer::builder().max_attempts(2).build().unwrap();
        let clock = ManualWallClock::ticking(UNIX_EPOCH + Duration::from_secs(1_700_000_000));
        let cache = CacheLayer::private().wall_clock(clock);
        builder.cache(cache).retry(retry)
    });
    let wishes = cache::Override::new()
        .key("users")
        .fresh_for(Duration::from_secs(15));
    let all = async || {
        let request = client.get("/users").cache(wishes.clone());
        let list = request.paginate(pages::Cursor::new().size(50));
        let mut all = Vec::<u8>::new();
        list.items::<u8>().collect_into(&mut all).await.unwrap();
        all
    };
    assert_eq!(all().await, [1, 2, 3]);
    let first = [
        "/v1/users?limit=50",
        "/v1/users?limit=50&cursor=2",
        "/v1/users?limit=50&cursor=3",
    ];
    assert_eq!(asked(&server), first);
    assert_eq!(all().await, [1, 2, 3]);
    assert_eq!(server.calls().len(), 3, "fifteen seconds long");
    tokio::time::advance(Duration::from_secs(16)).await;
    assert_eq!(all().await, [1, 2, 3]);
    assert_eq!(server.calls().len(), 6);
}

#[tokio::test]
async fn a_key_of_the_first_request_is_not_the_next_ones() {
    let (client, server) = scripted([
        body(&json!({"data": [1], "nextCursor": "a"})),
        body(&json!({"data": [2]})),
    ]);
    let search = client.post("/search").header("idempotency-key", "k");
    let mut all = Vec::<u8>::new();
    let list = search.paginate(pages::Cursor::new());
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    let calls = server.calls();
    assert_eq!(calls[0].header("idempotency-key"), Some("k"));
    assert_ne!(calls[1].header("idempotency-key"), Some("k"));
}

#[tokio::test]
async fn a_page_that_was_refused_ahead_is_still_to_come() {
    let (client, _) = served(|call| {
        let page = number(call, "cursor").unwrap_or(1);
        (
            vec![],
            json!({"data": [page], "nextCursor": page + 1}).to_string(),
        )
    });
    let list = client.get("/l").paginate(pages::Cursor::new());
    let mut pages = list.prefetch().max_pages(1).pages::<u8>();
    pages.next().await.unwrap().unwrap();
    assert_eq!(pages.position().unwrap().to_string(), "?cursor=2");
    pages.next().await.unwrap().unwrap_err();
    assert_eq!(pages.position(), None);
}

#[tokio::test]
async fn ap05_ap26_an_error_is_one_however_it_is_written() {
    for document in [
        r#"{"t":"error","error":{"title":"x","status":"404","detail":null},"data":null}"#,
        r#"{"t":"error","error":{"code":42,"status":404}}"#,
        r#"{"t":"error"}"#,
    ] {
        let (client, _) = scripted([Step::ok().body(document)]);
        let response = client.get("/l").send().await.unwrap();
        let error = response.open::<Option<u8>>(&Tagged).await.unwrap_err();
        let told = error.api().unwrap_or_else(|| panic!("{document}: {error}"));
        assert_eq!(error.is_not_found(), document.contains("404"));
        assert_eq!(told.code(), document.contains("42").then_some("42"));
    }
    for document in [r#"{"data":1}"#, r#"{"t":"list","data":1}"#] {
        let (client, _) = scripted([Step::ok().body(document)]);
        let response = client.get("/l").send().await.unwrap();
        assert!(response.open::<u8>(&Tagged).await.unwrap_err().is_decode());
    }
}
