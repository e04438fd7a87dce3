//! Pages of the tagged envelope.

use buttress::envelope::tagged::{CollectionParams, FilterEncoding, Include, Sort};
use buttress::pages::{self, UnexpectedShape};
use buttress_testkit::Step;
use serde_json::{Value, json};

use super::{asked, scripted};

fn page(data: &[u8], pg: &Value) -> Step {
    let body = json!({"t": "collection", "data": data, "meta": {"pg": pg}});
    Step::ok().body(body.to_string())
}

#[tokio::test]
async fn ap19_ap20_ap21_w25_cursor_size_and_sort_come_from_the_page_and_the_rest_stays() {
    let (client, server) = scripted([
        page(
            &[1, 2],
            &json!({"size": 2, "nextCursor": "bnVtOjI=", "prevCursor": null, "sort": "name"}),
        ),
        page(
            &[3],
            &json!({"size": 2, "nextCursor": null, "prevCursor": "bnVtOjE="}),
        ),
    ]);
    let parameters = CollectionParams::new()
        .size(50)
        .sort(Sort::new().descending("age"))
        .include(Include::new().path("pets"))
        .filter(json!({"age": 7}), FilterEncoding::Json);
    let request = client.get("/users").query(&parameters);
    let mut all = Vec::<u8>::new();
    let list = request.paginate(pages::Pg::new());
    list.items::<u8>().collect_into(&mut all).await.unwrap();
    assert_eq!(all, [1, 2, 3]);
    assert_eq!(
        asked(&server),
        [
            "/v1/users?pg%5Bsize%5D=50&sort=-age&include=pets&filter=%7B%22age%22%3A7%7D",
            "/v1/users?include=pets&filter=%7B%22age%22%3A7%7D&pg%5Bcursor%5D=bnVtOjI%3D&pg%5Bsize%5D=2&sort=name",
        ]
    );
}

#[tokio::test]
async fn ap21_next_and_prev_lead_both_ways() {
    let first = json!({"size": 1, "nextCursor": "b", "prevCursor": null});
    let second = json!({"size": 1, "nextCursor": null, "prevCursor": "a"});
    let (client, _) = scripted([page(&[1], &first), page(&[2], &second), page(&[1], &first)]);
    let list = client.get("/users").paginate(pages::Pg::new());
    let one = list.first::<u8>().await.unwrap();
    let two = one.next().await.unwrap().unwrap();
    assert!(two.next().await.unwrap().is_none());
    assert_eq!(two.prev().await.unwrap().unwrap().items(), [1]);
}

#[tokio::test]
async fn ap22_what_is_no_collection_is_an_error_naming_the_call_and_the_shape() {
    for shape in ["single", "null", "nonsense"] {
        let body = json!({"t": shape, "data": [1]}).to_string();
        let (client, _) = scripted([Step::ok().body(body)]);
        let list = client.get("/users/7").paginate(pages::Pg::new());
        let error = list.first::<u8>().await.unwrap_err();
        assert!(error.is_decode());
        assert!(
            error
                .to_string()
                .contains("GET http://api.example/v1/users/7"),
            "{error}"
        );
        let found = error.failure().find::<UnexpectedShape>().unwrap();
        assert_eq!(found.shape(), shape);
        let told = found.to_string();
        assert_eq!(told.contains(shape), shape != "nonsense", "{told}");
    }
}

#[tokio::test]
async fn ap26_an_error_is_one_whatever_the_status() {
    let body = json!({"t": "error", "error": {"title": "Gone", "status": 404, "detail": "d"}});
    for status in [200, 404] {
        let (client, _) = scripted([Step::status(status).body(body.to_string())]);
        let list = client.get("/users").paginate(pages::Pg::new());
        let error = list.first::<u8>().await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
        assert_eq!(error.api().unwrap().title(), Some("Gone"));
    }
}

#[tokio::test]
async fn ap06_a_collection_without_pg_is_an_error() {
    for meta in [
        json!({}),
        json!({"pg": {"size": 1}}),
        json!({"pg": {"size": 1, "nextCursor": null}}),
    ] {
        let body = json!({"t": "collection", "data": [1], "meta": meta}).to_string();
        let (client, _) = scripted([Step::ok().body(body)]);
        let list = client.get("/users").paginate(pages::Pg::new());
        let page = list.first::<u8>().await.unwrap();
        assert_eq!(page.items(), [1]);
        assert!(page.next().await.unwrap_err().is_decode(), "{meta}");
    }
}
