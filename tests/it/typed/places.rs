//! What becomes of each value: a place in the path, a parameter, the body, or an error. Never two of them.

use buttress::{
    ArrayStyle, InvalidTemplate, MissingParameters, RequestBuilder, Template, UnknownParameters,
};
use buttress_testkit::Step;
use http::Method;
use serde::{Serialize, Serializer};
use serde_json::json;

use super::scripted;

fn uri(request: RequestBuilder) -> String {
    let uri = request.build().unwrap().uri().to_string();
    uri.replace("http://api.example/v1", "")
}

fn missing(request: RequestBuilder) -> Vec<String> {
    let error = request.build().unwrap_err();
    let missing = error.failure().find::<MissingParameters>().unwrap();
    missing.names().map(str::to_owned).collect()
}

#[tokio::test]
async fn sp01_a_call_is_a_reference_and_whatever_is_set_on_it() {
    let (client, server) = scripted([Step::ok()]);
    for request in [
        client.get("/users/7?page=2"),
        client.get("/users/{id}?page=2").path("id", 7),
        client.get("/users/7").query(&[("page", 2)]),
        client
            .get("/users/{id}{?page}")
            .paths(&json!({"id": 7, "page": 2})),
        client
            .request(Method::GET, "/users/{id}")
            .query(&[("page", 2)])
            .path("id", 7),
    ] {
        request.send().await.unwrap();
        let call = server.calls().pop().unwrap();
        assert_eq!(call.uri, "http://api.example/v1/users/7?page=2");
        assert_eq!(call.body, "");
    }
}

#[test]
fn sp05_places_stand_in_the_path_and_in_values_of_the_query() {
    let (client, _) = scripted([Step::ok()]);
    let near = client.get("/shops/{shop}/items?near={lat},{lon}&sort=price{&page}");
    let near = near
        .path("shop", "a/b")
        .path("lat", 52.5)
        .path("lon", -13.4);
    assert_eq!(uri(near), "/shops/a%2Fb/items?near=52.5,-13.4&sort=price");
    let list = client.get("/items?at={at}").path("at", "1,2&x=3");
    assert_eq!(uri(list), "/items?at=1%2C2%26x%3D3");
}

#[test]
fn sp06_what_is_left_over_is_the_query_when_asked_and_lists_repeat_their_name() {
    #[derive(Serialize)]
    struct More<'a> {
        tag: [&'a str; 2],
        since: Option<u8>,
    }
    let (client, _) = scripted([Step::ok()]);
    let request = || client.get("/users/{id}").path("id", 7).path("role", "a b");
    let refused = request().build().unwrap_err();
    assert!(refused.failure().find::<UnknownParameters>().is_some());
    let more = More {
        tag: ["x", "y"],
        since: None,
    };
    let open = request().open().query(&more);
    assert_eq!(uri(open), "/users/7?role=a%20b&tag=x&tag=y");
}

#[test]
fn sp07_a_parameter_without_a_value_is_left_out_and_an_empty_one_is_sent() {
    let (client, _) = scripted([Step::ok()]);
    let request = || client.get("/users{?q,page}");
    assert_eq!(uri(request()), "/users");
    assert_eq!(uri(request().path("q", "")), "/users?q=");
    let query = [("q", None), ("page", Some(""))];
    assert_eq!(uri(client.get("/users").query(&query)), "/users?page=");
}

#[test]
fn sp08_one_value_can_be_encoded_twice_by_its_own_serializer() {
    fn twice<S: Serializer>(path: &str, to: S) -> Result<S::Ok, S::Error> {
        let once = "{path}".parse::<Template>().unwrap();
        to.serialize_str(&once.expand([("path", path)]))
    }
    #[derive(Serialize)]
    struct File<'a> {
        #[serde(serialize_with = "twice")]
        path: &'a str,
        name: &'a str,
    }
    let (client, _) = scripted([Step::ok()]);
    let file = File {
        path: "a/b",
        name: "a/b",
    };
    let request = client.get("/files/{path}/{name}").paths(&file);
    assert_eq!(uri(request), "/files/a%252Fb/a%2Fb");
}

#[tokio::test]
async fn sp10_what_is_left_over_is_never_the_body() {
    let (client, server) = scripted([Step::ok()]);
    let request = || client.post("/users/{id}").path("id", 7).path("name", "Ada");
    let error = request().send().await.unwrap_err();
    let unknown = error.failure().find::<UnknownParameters>().unwrap();
    assert_eq!(unknown.names().collect::<Vec<_>>(), ["name"]);
    assert!(server.calls().is_empty());
    request().open().send().await.unwrap();
    let call = server.calls().pop().unwrap();
    assert_eq!(call.uri.query(), Some("name=Ada"));
    assert_eq!((call.body.len(), call.header("content-type")), (0, None));
}

#[tokio::test]
async fn ic22_the_body_of_a_get_stays_a_body_and_nothing_is_skipped_from_it() {
    let (client, server) = scripted([Step::ok()]);
    let filter = json!({"name": "a", "role": null});
    let request = client.get("/users?page=1").json(&filter);
    request.send().await.unwrap();
    let call = server.calls().pop().unwrap();
    assert_eq!(call.uri.query(), Some("page=1"));
    assert_eq!(call.body, r#"{"name":"a","role":null}"#);
    // As a query it is a query, without what is null; what is set later goes before it.
    let request = client.get("/users").query(&filter).query(&[("name", "b")]);
    assert_eq!(uri(request), "/users?name=b");
}

#[test]
fn bq04_names_have_letters_digits_dots_and_underscores_and_are_checked_first() {
    let named = |name: &str| format!("/a/{{{name}}}").parse::<Template>();
    for name in ["id", "ID2", "user.id", "user_id", "2nd", "%C3%A9"] {
        let template = named(name).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(template.names().collect::<Vec<_>>(), [name]);
    }
    for name in ["", "user-id", "ids*", "a b", "a.", ".", "id:3", "{id}"] {
        let _: InvalidTemplate = named(name).expect_err(name);
    }
    let (client, _) = scripted([Step::ok()]);
    let error = client
        .get("/a/{user-id}")
        .path("user-id", 1)
        .build()
        .unwrap_err();
    assert!(
        error.failure().find::<InvalidTemplate>().is_some(),
        "{error}"
    );
}

#[test]
fn bq05_each_place_is_a_parameter_and_required_unless_it_is_of_the_query() {
    let (client, _) = scripted([Step::ok()]);
    let request = || client.get("/teams/{team}/users/{id}{?page,size}");
    assert_eq!(missing(request()), ["team", "id"]);
    assert_eq!(missing(request().path("page", 1).path("id", 7)), ["team"]);
    let filled = request().path("team", "a").path("id", 7);
    assert_eq!(uri(filled.path("size", 5)), "/teams/a/users/7?size=5");
}

#[test]
fn d08_bq13_w54_a_place_is_in_braces_and_without_a_value_it_is_an_error() {
    let (client, _) = scripted([Step::ok()]);
    assert_eq!(missing(client.get("/users/{id}")), ["id"]);
    assert_eq!(missing(client.get("/users?id={id}")), ["id"]);
    assert_eq!(
        missing(client.get("/users/{id}").paths(&[("id", None::<u8>)])),
        ["id"]
    );
    // A colon is a colon, and names nothing that it is only the beginning of.
    let colon = client.get("/users/:id/:idx").path("id", 7);
    let error = colon.build().unwrap_err();
    assert!(error.failure().find::<UnknownParameters>().is_some());
    assert_eq!(uri(client.get("/users/:id")), "/users/:id");
}

#[tokio::test]
async fn bq14_a_field_of_the_body_fills_no_place() {
    let (client, server) = scripted([Step::ok()]);
    let user = json!({"id": 7, "name": "Ada"});
    let request = || client.put("/users/{id}").json(&user);
    assert_eq!(missing(request()), ["id"]);
    request().path("id", 8).send().await.unwrap();
    let call = server.calls().pop().unwrap();
    assert_eq!(call.uri.path(), "/v1/users/8");
    assert_eq!(call.body, r#"{"id":7,"name":"Ada"}"#);
}

#[test]
fn bq11_one_name_can_be_in_the_path_and_in_the_query() {
    let (client, _) = scripted([Step::ok()]);
    let request = client
        .get("/users/{id}")
        .path("id", "a")
        .query(&[("id", "b")]);
    assert_eq!(uri(request), "/users/a?id=b");
    // What is for the query alone leaves the place empty, and what is for a place alone has to have one.
    assert_eq!(
        missing(client.get("/users/{id}").query(&[("id", "b")])),
        ["id"]
    );
    let request = client.get("/users").path("id", "a").query(&[("id", "b")]);
    assert!(
        request
            .build()
            .unwrap_err()
            .failure()
            .find::<UnknownParameters>()
            .is_some()
    );
}

#[test]
fn bq03_w57_a_reference_is_refused_or_sent_as_it_is_and_never_tidied_up() {
    let (client, _) = scripted([Step::ok()]);
    for refused in [
        "//articles",
        "/a/../../b",
        "/a\\..\\b",
        "/a\\b",
        "http:///a",
    ] {
        let error = client.get(refused).build().unwrap_err();
        assert!(error.is_request(), "{refused}");
    }
    for (given, sent) in [("articles", "/articles"), ("/a//b", "/a//b"), ("", "")] {
        assert_eq!(
            uri(client.get(given)).trim_end_matches('/'),
            sent,
            "{given}"
        );
    }
}

#[test]
fn d10_a_list_of_one_is_still_a_list() {
    let (client, _) = scripted([Step::ok()]);
    let query = |style| uri(client.get("/").query_with(&[("a", [1])], style));
    assert_eq!(query(ArrayStyle::Bracket), "/?a%5B%5D=1");
    assert_eq!(query(ArrayStyle::Indexed), "/?a%5B0%5D=1");
}
