//! Lists that do not end as they should.

use buttress::ErrorKind;
use buttress::pages::{self, Pages};
use buttress_testkit::Step;
use serde_json::{Value, json};

use super::{asked, number, scripted, served};

/// How many pages come, and the error behind them.
async fn end(mut pages: Pages<u8>) -> (usize, buttress::Error) {
    let mut count = 0;
    loop {
        match pages.next().await.expect("it ends without an error") {
            Ok(_) => count += 1,
            Err(error) => {
                assert!(pages.next().await.is_none(), "it goes on after an error");
                assert_eq!(pages.position(), None);
                return (count, error);
            }
        }
    }
}

#[tokio::test]
async fn w22_a_cursor_that_comes_back_ends_the_list_with_an_error() {
    let page = |data: u8, next: &str| {
        Step::ok().body(json!({"data": [data], "nextCursor": next}).to_string())
    };
    let (client, server) = scripted([page(1, "a"), page(2, "b"), page(3, "a")]);
    let (count, error) = end(client.get("/l").paginate(pages::Cursor::new()).pages()).await;
    assert_eq!(
        (count, error.kind(), error.code()),
        (3, ErrorKind::Astray, "astray")
    );
    assert!(error.is_astray());
    assert_eq!(error.page().unwrap().number(), 4);
    assert_eq!(error.page().unwrap().position().to_string(), "?cursor=a");
    assert_eq!(
        error.to_string(),
        "page 4: GET http://api.example/v1/l: the server names a page as the next that was read already"
    );
    assert_eq!(server.calls().len(), 3);
}

#[tokio::test]
async fn w05_a_server_that_knows_no_page_parameter_is_found_out() {
    let (client, server) = served(|_| (vec![], "[1,2]".to_owned()));
    let numbered = || pages::Number::new().items("".parse().unwrap());
    let list = client.get("/l").paginate(numbered());
    let (count, error) = end(list.pages()).await;
    assert_eq!((count, server.calls().len()), (1, 2));
    assert!(error.is_astray() && error.to_string().contains("allow_equal_pages"));
    assert_eq!(error.page().unwrap().number(), 2);
    let list = client.get("/l").paginate(numbered()).allow_equal_pages();
    let (count, _) = end(list.max_pages(4).pages()).await;
    assert_eq!(count, 4);
}

#[tokio::test]
async fn ic68_empty_pages_without_end_are_given_up() {
    let answer = |call: &buttress_testkit::Call| {
        let next = number(call, "cursor").unwrap_or(0) + 1;
        (vec![], json!({"data": [], "nextCursor": next}).to_string())
    };
    let (client, server) = served(answer);
    let list = || client.get("/l").paginate(pages::Cursor::new());
    let (count, error) = end(list().pages()).await;
    assert_eq!((count, server.calls().len()), (100, 100));
    assert!(error.is_astray() && error.to_string().contains("100 pages"));
    let (count, _) = end(list().max_empty_pages(3).pages()).await;
    assert_eq!(count, 3);
}

#[tokio::test]
async fn w22_more_pages_than_allowed_are_an_error_to_go_on_from() {
    let answer = |call: &buttress_testkit::Call| {
        let at = number(call, "cursor").unwrap_or(0);
        (
            vec![],
            json!({"data": [at % 200], "nextCursor": at + 1}).to_string(),
        )
    };
    let (client, server) = served(answer);
    let list = || client.get("/l").paginate(pages::Cursor::new());
    let (count, error) = end(list().max_pages(20).pages()).await;
    assert_eq!((count, server.calls().len()), (20, 20));
    assert!(error.to_string().contains("`max_pages`"), "{error}");
    let position = error.page().unwrap().position().to_string();
    assert_eq!(position, "?cursor=20");
    let list = list().start_at(position.parse().unwrap()).max_pages(2);
    let (count, _) = end(list.pages()).await;
    assert_eq!(count, 2);
    assert_eq!(asked(&server).last().unwrap(), "/v1/l?cursor=21");
}

#[tokio::test]
async fn a_cursor_too_long_for_a_request_is_told_before_it_is_sent() {
    for length in [9_000, 70_000] {
        let body = json!({"data": [1], "nextCursor": "x".repeat(length)}).to_string();
        let (client, server) = scripted([Step::ok().body(body)]);
        let (count, error) = end(client.get("/l").paginate(pages::Cursor::new()).pages()).await;
        assert_eq!((count, server.calls().len()), (1, 1));
        assert!(
            error.is_astray() && error.to_string().contains("bytes"),
            "{error}"
        );
        assert!(error.sent().is_provably_unsent());
    }
}

#[tokio::test]
async fn a_page_too_deep_or_too_large_is_an_error() {
    let deep = format!(
        "{{\"data\":[{}{}]}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (client, _) = scripted([Step::ok().body(deep)]);
    let list = client.get("/l").paginate(pages::Cursor::new());
    let error = list.first::<Value>().await.unwrap_err();
    assert!(error.is_decode());
    let (client, _) = scripted([Step::ok().body("[1,2,3]")]);
    let list = client.get("/l").paginate(pages::Link::new()).limit(6);
    let error = list.first::<u8>().await.unwrap_err();
    assert!(error.is_too_large());
    assert_eq!(error.page().unwrap().number(), 1);
}

#[tokio::test]
async fn backwards_without_a_known_end_is_told() {
    let (client, _) = scripted([Step::ok().body(r#"{"data":[1],"nextCursor":"a"}"#)]);
    let list = client.get("/l").paginate(pages::Cursor::new()).backwards();
    let (count, error) = end(list.pages()).await;
    assert_eq!(count, 0);
    assert!(
        error.is_astray() && error.to_string().contains("`start_at`"),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_built_or_repeated_is_told_once_and_not_sent() {
    let (client, server) = scripted([Step::ok()]);
    let list = client
        .get("/l")
        .header("a", "\n")
        .paginate(pages::Link::new());
    let (_, error) = end(list.pages()).await;
    assert!(error.is_request());
    let body = buttress::Body::stream(http_body_util::Full::from("x"));
    let list = client.post("/l").body(body).paginate(pages::Link::new());
    let error = list.first::<u8>().await.unwrap_err();
    assert!(
        error.is_request() && error.to_string().contains("send bytes"),
        "{error}"
    );
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test]
async fn settings_that_let_no_page_through_are_refused_before_anything_is_sent() {
    let (client, server) = served(|_| (vec![], "[]".to_owned()));
    let list = |paginator: pages::Number| client.get("/l").paginate(paginator);
    let numbered = || pages::Number::new().items(buttress::Pointer::ROOT);
    for (paging, why) in [
        (list(numbered().size(0)), "`size` of a page is 0"),
        (
            client.get("/l").paginate(pages::Offset::new().size(0)),
            "`size` of a page is 0",
        ),
        (
            client.get("/l").paginate(pages::Cursor::new().size(0)),
            "`size` of a page is 0",
        ),
        (
            client.get("/l").paginate(pages::Link::new().size(0)),
            "`size` of a page is 0",
        ),
        (
            list(numbered().page_name("limit").size(1)),
            "two things as `limit`",
        ),
        (list(numbered().page_name("")), "has no name"),
        (list(numbered()).max_pages(0), "`max_pages` is 0"),
        (list(numbered()).limit(0), "`limit` of a page is 0 bytes"),
    ] {
        let mut items = paging.items::<u8>();
        let error = items.next().await.unwrap().unwrap_err();
        assert!(error.is_request(), "{error}");
        assert!(error.to_string().contains(why), "{error}");
        assert!(items.next().await.is_none());
    }
    let first = list(numbered().size(0)).first::<u8>().await;
    assert!(first.unwrap_err().is_request());
    assert!(server.calls().is_empty());
    // Without a size the names may be what they like.
    let list = list(numbered().page_name("limit"));
    assert!(list.items::<u8>().next().await.is_none());
    assert_eq!(server.calls().len(), 1);
}
