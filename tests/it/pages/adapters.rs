//! What each adapter sends, and what it makes of what comes.

use buttress::pages::{self, Page};
use buttress::{Error, Paginator, Pointer};
use buttress_testkit::Step;
use serde_json::{Value, json};

use super::{asked, scripted};

/// A page that says whether there is a next one.
async fn first(body: &Value, paginator: impl Paginator) -> Result<Page<Value>, Error> {
    let (client, _) = scripted([Step::ok().body(body.to_string())]);
    let page = client.get("/list").paginate(paginator).first().await?;
    if page.next_position().is_none() {
        page.next().await?;
    }
    Ok(page)
}

fn at(text: &'static str) -> Pointer {
    text.parse().unwrap()
}

#[tokio::test]
async fn ic66_page_and_limit_are_sent_and_meta_is_read() {
    let page = |page: u8, data: &[u8]| {
        let meta = json!({"page": page, "limit": 2, "total": 3, "totalPages": 2});
        Step::ok().body(json!({"data": data, "meta": meta}).to_string())
    };
    let (client, server) = scripted([page(1, &[1, 2]), page(2, &[3])]);
    let request = client.get("/list").query(&[("q", "a b"), ("page", "9")]);
    let mut items = request.paginate(pages::Number::new().size(2)).items::<u8>();
    let mut all = Vec::new();
    items.collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(items.total(), Some(3));
    assert_eq!(
        asked(&server),
        [
            "/v1/list?q=a%20b&page=1&limit=2",
            "/v1/list?q=a%20b&limit=2&page=2"
        ]
    );
}

#[tokio::test]
async fn ic66_every_name_and_place_can_be_set() {
    let step = |body: Value| Step::ok().body(body.to_string());
    let (client, server) = scripted([
        step(json!({"results": [1], "info": {"n": 0, "per": 1, "all": 2, "of": 2}})),
        step(json!({"results": [2], "info": {"n": 1, "per": 1, "all": 2, "of": 2}})),
    ]);
    let paginator = pages::Number::new()
        .first_page(0)
        .page_name("p")
        .size_name("per_page")
        .size(1)
        .items(at("/results"))
        .page_at(at("/info/n"))
        .size_at(at("/info/per"))
        .total_at(at("/info/all"))
        .pages_at(at("/info/of"));
    let mut all = Vec::new();
    let list = client.get("/list").paginate(paginator);
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2]);
    assert_eq!(
        asked(&server),
        ["/v1/list?p=0&per_page=1", "/v1/list?per_page=1&p=1"]
    );
}

#[tokio::test]
async fn w05_a_page_that_says_it_is_another_is_an_error() {
    let body = json!({"data": [1], "meta": {"page": 3}});
    let error = first(&body, pages::Number::new()).await.unwrap_err();
    assert!(error.is_decode());
    assert_eq!(error.decode_error().unwrap().status(), 200);
    let page = first(&body, pages::Number::new().page_at(None))
        .await
        .unwrap();
    assert_eq!(page.items(), [1]);
}

#[tokio::test]
async fn hostile_page_counts_are_bounded_or_told() {
    for (meta, goes_on) in [
        (json!({"totalPages": u64::MAX}), Some(true)),
        (json!({"total": u64::MAX, "limit": 1}), Some(true)),
        (json!({"total": 5, "limit": 0}), Some(true)),
        (json!({"total": 0}), Some(false)),
        (json!({"totalPages": 0}), Some(false)),
        (json!({"total": 1}), Some(false)),
        (json!({"limit": 2}), Some(false)),
        (json!({"totalPages": 1e300}), None),
        (json!({"totalPages": -1}), None),
        (json!({"total": "3"}), None),
    ] {
        let body = json!({"data": [1], "meta": meta});
        let end = first(&body, pages::Number::new()).await;
        match (end, goes_on) {
            (Ok(page), Some(goes_on)) => {
                assert_eq!(page.next_position().is_some(), goes_on, "{body}");
            }
            (Err(error), None) => assert!(error.is_decode(), "{body}: {error}"),
            (end, _) => panic!("{body}: {end:?}"),
        }
    }
    // A page may be empty, because of a filter, and others follow: guards bound how many.
    let empty = json!({"data": [], "meta": {"totalPages": u64::MAX}});
    let page = first(&empty, pages::Number::new()).await.unwrap();
    assert!(page.next_position().is_some());
    let last = pages::Number::new().first_page(u64::MAX);
    let body = json!({"data": [1], "meta": {"totalPages": u64::MAX}});
    assert_eq!(first(&body, last).await.unwrap().next_position(), None);
}

#[tokio::test]
async fn w37_sp23_offset_sends_skip_from_zero_and_a_limit_only_when_asked() {
    let step = |body: Value| Step::ok().body(body.to_string());
    let (client, server) = scripted([step(json!([1, 2])), step(json!([3])), step(json!([]))]);
    let mut all = Vec::new();
    let list = client.get("/list").paginate(pages::Offset::new());
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(
        asked(&server),
        ["/v1/list?skip=0", "/v1/list?skip=2", "/v1/list?skip=3"]
    );
}

#[tokio::test]
async fn sp23_the_names_of_skip_and_limit_can_be_set() {
    let (client, server) = scripted([
        Step::ok().body(r#"{"rows":[1],"count":2}"#),
        Step::ok().body(r#"{"rows":[2],"count":2}"#),
    ]);
    let paginator = pages::Offset::new()
        .skip_name("offset")
        .size_name("count")
        .size(1)
        .items(at("/rows"))
        .total_at(at("/count"));
    let mut items = client.get("/list").paginate(paginator).items::<u8>();
    let mut all = Vec::new();
    items.collect_into(&mut all).await.unwrap();
    assert_eq!(
        (all.as_slice(), items.total()),
        ([1, 2].as_slice(), Some(2))
    );
    assert_eq!(
        asked(&server),
        ["/v1/list?offset=0&count=1", "/v1/list?count=1&offset=1"]
    );
}

#[tokio::test]
async fn w36_a_total_of_zero_is_a_value() {
    let page = first(&json!({"data": [], "total": 0}), pages::Cursor::new())
        .await
        .unwrap();
    assert_eq!(page.total(), Some(0));
}

#[tokio::test]
async fn backwards_by_offset_a_page_with_a_gap_behind_it_is_an_error() {
    let step = |body: Value| Step::ok().body(body.to_string());
    let (client, _) = scripted([step(json!([3, 4])), step(json!([1]))]);
    let start = pages::Position::query(&[("skip", 2)]).unwrap();
    let list = client.get("/list").paginate(pages::Offset::new().size(2));
    let mut items = list.start_at(start).backwards().items::<u8>();
    let mut all = Vec::new();
    let error = items.collect_into(&mut all).await.unwrap_err();
    assert_eq!(all, [4, 3]);
    assert!(error.is_decode());
    assert_eq!(error.page().unwrap().number(), 2);
}

#[tokio::test]
async fn sp24_a_token_is_sent_as_page_token_and_read_from_its_place() {
    let step = |body: Value| Step::ok().body(body.to_string());
    let (client, server) = scripted([
        step(json!({"items": [1], "nextPageToken": "a/b&c=d é\n", "total": 3})),
        step(json!({"items": [2], "nextPageToken": 7})),
        step(json!({"items": [3], "nextPageToken": ""})),
    ]);
    let mut items = client
        .get("/list")
        .paginate(pages::Cursor::token())
        .items::<u8>();
    let mut all = Vec::new();
    items.collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(items.total(), Some(3), "the latest page that tells");
    assert_eq!(
        asked(&server),
        [
            "/v1/list",
            "/v1/list?pageToken=a%2Fb%26c%3Dd%20%C3%A9%0A",
            "/v1/list?pageToken=7",
        ]
    );
}

#[tokio::test]
async fn sp03_a_page_has_its_items_its_total_and_both_tokens_or_is_an_error() {
    let both = json!({"items": [0], "nextPageToken": "n", "previousPageToken": "p", "total": 0});
    let page = first(&both, pages::Cursor::token()).await.unwrap();
    assert_eq!(
        (page.items(), page.total()),
        ([json!(0)].as_slice(), Some(0))
    );
    assert_eq!(page.next_position().unwrap().to_string(), "?pageToken=n");
    assert_eq!(page.prev_position().unwrap().to_string(), "?pageToken=p");
    let none = json!({"items": []});
    let page = first(&none, pages::Cursor::token()).await.unwrap();
    assert_eq!((page.items().len(), page.total()), (0, None));
    assert_eq!((page.next_position(), page.prev_position()), (None, None));
    let error = first(&json!({}), pages::Cursor::token()).await.unwrap_err();
    assert!(error.is_decode(), "no list is no empty list");
}

#[tokio::test]
async fn sp24_names_and_places_of_tokens_can_be_set() {
    let body = json!({"rows": [1], "page": {"after": "x", "before": "y"}, "n": 9});
    let paginator = pages::Cursor::token()
        .name("after")
        .prev_name("before")
        .size_name("first")
        .size(1)
        .items(at("/rows"))
        .next_at(at("/page/after"))
        .prev_at(at("/page/before"))
        .total_at(at("/n"));
    let page = first(&body, paginator).await.unwrap();
    assert_eq!(page.next_position().unwrap().to_string(), "?after=x#before");
    assert_eq!(page.prev_position().unwrap().to_string(), "?before=y#after");
    assert_eq!(page.total(), Some(9));
}

#[tokio::test]
async fn ic67_w22_has_more_does_not_decide_alone() {
    let cursor = pages::Cursor::new;
    for (body, next) in [
        (
            json!({"data": [1], "nextCursor": "a", "hasMore": true}),
            Some("?cursor=a"),
        ),
        (json!({"data": [1], "nextCursor": "a"}), Some("?cursor=a")),
        (
            json!({"data": [1], "nextCursor": "a", "hasMore": false}),
            None,
        ),
        (json!({"data": [1], "nextCursor": null}), None),
        (json!({"data": [1], "nextCursor": ""}), None),
        (json!({"data": [1]}), None),
    ] {
        let page = first(&body, cursor()).await.unwrap();
        let position = page.next_position().map(ToString::to_string);
        assert_eq!(position.as_deref(), next, "{body}");
    }
    for body in [
        json!({"data": [1], "hasMore": true}),
        json!({"data": [1], "nextCursor": {"a": 1}}),
        json!({"data": [1], "hasMore": "yes"}),
    ] {
        assert!(
            first(&body, cursor()).await.unwrap_err().is_decode(),
            "{body}"
        );
    }
    let unread = cursor().more_at(None);
    let body = json!({"data": [1], "hasMore": true});
    assert_eq!(first(&body, unread).await.unwrap().next_position(), None);
}

#[tokio::test]
async fn a_list_in_the_wrong_place_is_told_and_null_is_an_empty_one() {
    let error = first(&json!({"items": []}), pages::Cursor::new())
        .await
        .unwrap_err();
    assert!(error.is_decode());
    let error = first(&json!({"data": {"a": 1}}), pages::Cursor::new())
        .await
        .unwrap_err();
    assert_eq!(error.decode_error().unwrap().path(), Some("data"));
    let page = first(&json!({"data": null}), pages::Cursor::new())
        .await
        .unwrap();
    assert_eq!(page.items().len(), 0);
}
