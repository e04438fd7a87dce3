//! What has arrived is given out, and what nobody needs does no harm.

use buttress::pages::{self, Arrived, Neighbours, Paginator, Position};
use buttress::{BoxError, Pointer, Sent};
use buttress_testkit::Step;
use http::HeaderValue;
use serde_json::{Value, json};

use super::{asked, scripted, whole};

const ITEMS: Pointer = Pointer::from_static("/items");

fn body(document: &Value) -> Step {
    Step::ok().body(document.to_string())
}

/// All that comes, and the error behind it.
async fn all(list: pages::Paging) -> (Vec<u8>, Option<buttress::Error>) {
    let mut all = Vec::new();
    let end = list.items::<u8>().collect_into(&mut all).await;
    (all, end.err())
}

#[tokio::test]
async fn sp25_the_items_of_a_page_come_before_the_error_of_what_it_says_of_the_next() {
    let steps = || {
        [
            body(&json!({"data": [1, 2], "nextCursor": "a"})),
            body(&json!({"data": [3, 4], "hasMore": true})),
        ]
    };
    let (client, _) = scripted(steps());
    let list = || client.get("/l").paginate(pages::Cursor::new());
    let (items, error) = all(list()).await;
    assert_eq!(items, [1, 2, 3, 4]);
    let error = error.unwrap();
    assert!(error.is_decode() && error.sent() == Sent::Yes, "{error}");
    let page = error.page().unwrap();
    assert_eq!(
        (page.number(), page.position().to_string().as_str()),
        (2, "?cursor=a")
    );
    // The last step repeats.
    let (items, error) = all(list().start_at(page.position().clone())).await;
    assert_eq!(
        (items.as_slice(), error.is_some()),
        ([3, 4].as_slice(), true)
    );

    for prefetch in [false, true] {
        let (client, server) = scripted(steps());
        let list = client.get("/l").paginate(pages::Cursor::new());
        let list = if prefetch { list.prefetch() } else { list };
        let mut pages = list.pages::<u8>();
        pages.next().await.unwrap().unwrap();
        let second = pages.next().await.unwrap().unwrap();
        assert_eq!(
            (second.items(), second.next_position()),
            ([3, 4].as_slice(), None)
        );
        assert_eq!(pages.position(), Some(second.position()));
        for _ in 0..2 {
            assert!(second.next().await.unwrap_err().is_decode());
            assert!(second.prev().await.unwrap_err().is_decode());
        }
        assert!(pages.next().await.unwrap().unwrap_err().is_decode());
        assert!(pages.next().await.is_none());
        assert_eq!(server.calls().len(), 2, "prefetch: {prefetch}");
    }
}

#[tokio::test]
async fn what_a_paginator_says_is_found_in_the_error_behind_the_items() {
    #[derive(Debug)]
    struct Odd;
    impl std::fmt::Display for Odd {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("odd")
        }
    }
    impl std::error::Error for Odd {}
    struct Own;
    impl Paginator for Own {
        fn neighbours(&self, _: &Arrived<'_>) -> Result<Neighbours, BoxError> {
            Err(Odd.into())
        }
    }
    let (client, _) = scripted([body(&json!([1]))]);
    let (items, error) = all(client.get("/l").paginate(Own)).await;
    assert_eq!(items, [1]);
    assert!(error.unwrap().failure().find::<Odd>().is_some());
    // What does not lead to the end is not read as if it were the end.
    let (items, error) = all(client.get("/l").paginate(Own).backwards()).await;
    assert_eq!((items.len(), error.is_some()), (0, true));
}

#[tokio::test]
async fn w36_a_total_and_a_way_back_that_cannot_be_read_stop_nobody() {
    let cursor = |name: &str, value: &Value| {
        let mut document = json!({"data": [1], "nextCursor": "a"});
        document[name] = value.clone();
        body(&document)
    };
    for first in [
        cursor("total", &json!(-1)),
        cursor("total", &json!("120")),
        cursor("prevCursor", &json!({"odd": true})),
        cursor("prevCursor", &json!(1.5)),
    ] {
        let (client, _) = scripted([first, body(&json!({"data": [2]}))]);
        let mut pages = client
            .get("/l")
            .paginate(pages::Cursor::new())
            .pages::<u8>();
        let first = pages.next().await.unwrap().unwrap();
        assert_eq!((first.total(), first.prev_position()), (None, None));
        assert_eq!(pages.next().await.unwrap().unwrap().items(), [2]);
    }
    for hint in ["<ftp://x/y>; rel=prev", "<ftp://x/y>; rel=last"] {
        let link = format!("</l?2>; rel=next, {hint}");
        let (client, _) = scripted([
            Step::ok().header("link", &link).body("[1]"),
            Step::ok().body("[2]"),
        ]);
        let (items, error) = all(client.get("/l").paginate(pages::Link::new())).await;
        assert_eq!((items, error.is_none()), (vec![1, 2], true), "{hint}");
    }
    let meta = json!({"totalPages": 2, "total": -1, "limit": "many"});
    let numbered = |item: u8| body(&json!({"data": [item], "meta": meta}));
    let (client, _) = scripted([numbered(1), numbered(2)]);
    let (items, error) = all(client.get("/l").paginate(pages::Number::new())).await;
    assert_eq!((items, error.is_none()), (vec![1, 2], true));
    let part = |items: &[u8]| body(&json!({"items": items, "total": -1}));
    let (client, _) = scripted([part(&[1, 2]), part(&[3]), part(&[])]);
    let (items, error) = all(client.get("/l").paginate(pages::Offset::new().items(ITEMS))).await;
    assert_eq!((items, error.is_none()), (vec![1, 2, 3], true));
}

#[tokio::test]
async fn backwards_the_way_forwards_is_the_hint() {
    let (client, _) = scripted([
        body(&json!({"data": [2], "nextCursor": 1.5, "prevCursor": "a"})),
        body(&json!({"data": [1], "prevCursor": {}})),
    ]);
    let list = client.get("/l?cursor=b").paginate(pages::Cursor::new());
    let list = list.start_at(Position::default()).backwards();
    let (items, error) = all(list).await;
    assert_eq!(items, [2, 1]);
    assert_eq!(error.unwrap().page().unwrap().number(), 2);
}

#[tokio::test]
async fn sp23_an_empty_page_before_the_total_is_no_end_unless_that_is_said() {
    let part = |items: &[u8]| body(&json!({"items": items, "total": 6}));
    let by = || pages::Offset::new().size(2).items(ITEMS);
    let (client, _) = scripted([part(&[1, 2]), part(&[])]);
    let (items, error) = all(client.get("/l").paginate(by())).await;
    assert_eq!(items, [1, 2]);
    let error = error.unwrap();
    let told = whole(&error);
    assert!(
        error.is_decode() && told.contains("4 items should follow"),
        "{told}"
    );
    // Nor is it one that the list could be read backwards from.
    let (items, error) = all(client.get("/l").paginate(by()).backwards()).await;
    assert_eq!((items.len(), error.is_some()), (0, true));
    let (client, _) = scripted([part(&[1, 2]), part(&[])]);
    let (items, error) = all(client.get("/l").paginate(by().total_at(None))).await;
    assert_eq!((items, error.is_none()), (vec![1, 2], true));
}

#[tokio::test]
async fn ic66_an_empty_first_page_of_a_list_that_has_items_is_no_end_unless_that_is_said() {
    let empty = body(&json!({"data": [], "meta": {"total": 6}}));
    let (client, _) = scripted([empty]);
    let list = |by| client.get("/l").paginate(by);
    let error = all(list(pages::Number::new())).await.1.unwrap();
    let told = whole(&error);
    assert!(error.is_decode() && told.contains("6 items"), "{told}");
    let (items, error) = all(list(pages::Number::new().total_at(None))).await;
    assert_eq!((items.len(), error.is_none()), (0, true));
}

/// Begins as it is told, and has one page.
struct Begins(Position);

impl Paginator for Begins {
    fn first(&self) -> Position {
        self.0.clone()
    }

    fn neighbours(&self, _: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        Ok(Neighbours::none())
    }
}

#[tokio::test]
async fn what_a_paginator_asks_for_first_may_be_in_the_body() {
    let size = || Begins(Position::body(&Pointer::from_static("/page_size"), 2));
    let (client, server) = scripted([body(&json!([1]))]);
    let search = client.post("/s").json(&json!({"q": 1}));
    let (items, error) = all(search.header("content-length", "7").paginate(size())).await;
    assert_eq!((items, error.is_none()), (vec![1], true));
    let call = &server.calls()[0];
    assert_eq!(call.body, r#"{"page_size":2,"q":1}"#);
    assert_eq!(call.header("content-length"), None);
    let (_, error) = all(client.get("/s").paginate(size())).await;
    assert!(error.unwrap().is_request(), "there is no body");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_first_page_elsewhere_is_guarded_like_any_other() {
    let away = || Begins(Position::uri("http://evil.example/x".parse().unwrap()));
    let (client, server) = scripted([body(&json!([1]))]);
    let request = || client.get("/s").header("authorization", "Bearer s3cret");
    let (_, error) = all(request().paginate(away())).await;
    let error = error.unwrap();
    assert!(error.is_astray() && error.sent() == Sent::No, "{error}");
    assert_eq!(server.calls().len(), 0);
    let (items, _) = all(request().paginate(away()).any_origin()).await;
    assert_eq!(items, [1]);
    let call = &server.calls()[0];
    assert_eq!(call.uri, "http://evil.example/x");
    assert_eq!(call.header("authorization"), None);
    let home = Begins(Position::uri("/elsewhere?a".parse().unwrap()));
    all(request().paginate(home)).await;
    let call = &server.calls()[1];
    assert_eq!(call.uri, "http://api.example/elsewhere?a");
    assert!(call.header("authorization").is_some());
}

#[tokio::test]
async fn an_empty_page_in_between_makes_two_equal_ones_others() {
    let linked = |to: &str, items: &str| {
        let link = format!("<{to}>; rel=next");
        Step::ok().header("link", &link).body(items.to_owned())
    };
    let (client, _) = scripted([
        linked("/l?2", "[1]"),
        linked("/l?3", "[]"),
        Step::ok().body("[1]"),
    ]);
    let (items, error) = all(client.get("/l").paginate(pages::Link::new())).await;
    assert_eq!((items, error.is_none()), (vec![1, 1], true));
}

#[tokio::test]
async fn what_was_known_or_wanted_of_the_first_page_is_not_said_of_the_next() {
    let (client, server) = scripted([
        body(&json!({"data": [1], "nextCursor": "a"})),
        body(&json!({"data": [2]})),
    ]);
    let headers = [
        ("if-none-match", "\"e\""),
        ("if-modified-since", "Sat, 01 Jan 2000 00:00:00 GMT"),
        ("range", "items=0-1"),
    ];
    let mut request = client.get("/l").header("x-tenant", "7");
    for (name, value) in headers {
        request = request.header(name, value);
    }
    all(request.paginate(pages::Cursor::new())).await;
    let calls = server.calls();
    for (name, value) in headers {
        assert_eq!(calls[0].header(name), Some(value));
        assert_eq!(calls[1].header(name), None, "{name}");
    }
    assert_eq!(calls[1].header("x-tenant"), Some("7"));
}

#[tokio::test]
async fn a_link_is_written_as_uris_are() {
    for (target, sent) in [
        ("/l?a=ä".as_bytes(), "/l?a=%C3%A4"),
        (b"/l?a=\xE4", "/l?a=%E4"),
        (b"/l?a=b c", "/l?a=b%20c"),
    ] {
        let link = [b"<", target, b">; rel=next"].concat();
        let link = HeaderValue::from_bytes(&link).unwrap();
        let first = Step::answer(move |_| {
            let mut response = http::Response::new("[1]".into());
            response.headers_mut().insert("link", link.clone());
            response
        });
        let (client, server) = scripted([first, Step::ok().body("[2]")]);
        let (items, _) = all(client.get("/l").paginate(pages::Link::new())).await;
        assert_eq!(items, [1, 2], "{sent}");
        assert_eq!(asked(&server)[1], sent);
    }
}

#[tokio::test]
async fn ap21_the_first_page_by_its_last_item_has_none_before_it() {
    let by = pages::Cursor::last_item(Pointer::from_static("/id"));
    let page = body(&json!({"data": [{"id": "1"}], "has_more": true}));
    let (client, _) = scripted([page]);
    let list = client.get("/l").paginate(by);
    let first = list.first::<Value>().await.unwrap();
    assert!(first.prev_position().is_none());
    let second = first.next().await.unwrap().unwrap();
    assert!(second.prev_position().is_some());
}
