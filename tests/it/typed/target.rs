//! Where a request goes: places in the path, and the query.

use std::collections::HashMap;

use buttress::{
    ArrayStyle, InvalidParameter, MissingParameters, Sent, Template, UnknownParameters, Unwritable,
};
use buttress_testkit::Step;
use serde::Serialize;

use super::scripted;

#[tokio::test]
async fn ic17_values_fill_the_path_and_the_query() {
    #[derive(Serialize)]
    struct Page<'a> {
        page: u32,
        limit: Option<u32>,
        sort: &'a str,
        tags: [&'a str; 2],
    }
    let page = Page {
        page: 0,
        limit: None,
        sort: "+name",
        tags: ["a", "b&c"],
    };
    let (client, server) = scripted([Step::ok()]);
    let request = client.get("/users/{id}/posts").path("id", "a/b");
    request.query(&page).send().await.unwrap();
    assert_eq!(
        server.calls()[0].uri,
        "http://api.example/v1/users/a%2Fb/posts?page=0&sort=%2Bname&tags=a&tags=b%26c"
    );
}

#[tokio::test]
async fn bq08_w54_three_errors_are_told_apart_before_anything_is_sent() {
    let (client, server) = scripted([Step::ok()]);
    let get = || client.get("/a/{b}/{c}");

    let error = get().path("b", 1).send().await.unwrap_err();
    let missing = error.failure().find::<MissingParameters>().unwrap();
    assert_eq!(missing.names().collect::<Vec<_>>(), ["c"]);
    assert!(error.is_request() && error.sent() == Sent::No);
    assert!(error.to_string().starts_with("GET /a/{b}/{c}: "), "{error}");

    let request = get().path("b", 1).path("c", 2).path("d", 3);
    let error = request.send().await.unwrap_err();
    let unknown = error.failure().find::<UnknownParameters>().unwrap();
    assert_eq!(unknown.names().collect::<Vec<_>>(), ["d"]);

    let request = get().path("b", "..").path("c", "s3cret/..");
    let error = request.send().await.unwrap_err();
    let invalid = error.failure().find::<InvalidParameter>().unwrap();
    assert_eq!(invalid.names().collect::<Vec<_>>(), ["b"]);
    assert!(!format!("{error} {error:?}").contains("s3cret"));
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn bq07_d09_an_open_request_sends_what_has_no_place_as_the_query() {
    let (client, server) = scripted([Step::ok()]);
    let more = HashMap::from([("q", "a b")]);
    let request = client.get("/a/{b}?q=1").path("b", 1).paths(&more).open();
    request.send().await.unwrap();
    client.get("/a").path("x", 1).open().send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/a/1?q=a%20b");
    assert_eq!(server.calls()[1].uri, "http://api.example/v1/a?x=1");
    assert!(
        client
            .get("/a")
            .path("x", 1)
            .send()
            .await
            .unwrap_err()
            .is_request()
    );
}

#[tokio::test]
async fn bq10_w20_a_query_given_again_replaces_what_was_there() {
    let (client, server) = scripted([Step::ok()]);
    let request = client.get("/a?page=1&x=2").query(&[("page", "3")]);
    request.query(&[("page", "4")]).send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/a?x=2&page=4");
}

#[tokio::test]
async fn d10_bq12_each_request_chooses_how_lists_are_written() {
    let (client, server) = scripted([Step::ok()]);
    let ids = [("id", vec![1, 2])];
    let request = client.get("/a").query_with(&ids, ArrayStyle::Comma);
    request.send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/a?id=1,2");
}

#[tokio::test]
async fn w55_w37_what_is_encoded_is_encoded_once_whichever_way_it_comes() {
    let (client, server) = scripted([Step::ok()]);
    let value = "%20 /?#&=";
    let once = "%2520%20%2F%3F%23%26%3D";
    let request = client.get("/{a}{?b}").path("a", value).path("b", value);
    request.query(&[("c", value)]).send().await.unwrap();
    let uri = &server.calls()[0].uri;
    assert_eq!(uri.path(), format!("/v1/{once}"));
    assert_eq!(uri.query().unwrap(), format!("b={once}&c={once}"));
}

#[tokio::test]
async fn a_query_that_cannot_be_written_is_told_before_anything_is_sent() {
    let (client, server) = scripted([Step::ok()]);
    let error = client.get("/a").query(&1).send().await.unwrap_err();
    assert!(error.is_request() && error.failure().find::<Unwritable>().is_some());
    assert!(server.calls().is_empty());
}

#[tokio::test]
async fn ic02_an_absolute_template_fills_its_path_and_never_its_host() {
    let (client, server) = scripted([Step::ok()]);
    let other = client.get("https://other.example/{a}").path("a", "x/y");
    other.send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "https://other.example/x%2Fy");
    let error = client
        .get("https://{a}/x")
        .path("a", "evil")
        .send()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("not for values to choose"),
        "{error}"
    );
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_template_of_the_path_does_not_show_its_query_in_errors() {
    let (client, _) = scripted([Step::ok()]);
    let error = client.get("/a/{b}{?c}").send().await.unwrap_err();
    assert!(error.to_string().starts_with("GET /a/{b}{?c}"), "{error}");
    let error = client.get("/a/{b}?token=s3cret").send().await.unwrap_err();
    assert!(error.to_string().starts_with("GET /a/{b}: "), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

#[tokio::test]
async fn a_template_is_given_as_it_is() {
    const USER: Template = Template::from_static("/users/{id}");
    let (client, server) = scripted([Step::ok()]);
    client.get(USER).path("id", 7).send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/users/7");
}

#[tokio::test]
async fn a_fragment_is_never_sent() {
    let (client, server) = scripted([Step::ok()]);
    let request = client.get("/a{#part}").path("part", "x?y/../z");
    request.query(&[("b", 1)]).send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/a?b=1");
}
