//! Endpoints known only at run time.

use buttress::registry::{Definition, DuplicateEndpoint, Parameter, Registry, UnknownEndpoint};
use buttress::{
    ArrayStyle, Error, InvalidParameter, MissingParameters, Options, Sent, UnknownParameters,
};
use buttress_testkit::Step;
use http::Method;
use serde::Serialize;

use super::scripted;

fn list() -> Definition {
    let size = Parameter::new("size")
        .default("20")
        .check(|size| match size.parse() {
            Ok(1..=100_u8) => Ok(()),
            _ => Err("is not between 1 and 100".into()),
        });
    Definition::new(Method::GET, "/teams/{team}/users{?page}")
        .unwrap()
        .parameter(size)
        .parameter(Parameter::new("since").required())
        .parameter(Parameter::new("tag"))
}

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.add("users.list", list()).unwrap();
    registry
}

/// The error of a call, which was not sent.
async fn refused(name: &str, values: &[(&str, &str)]) -> Error {
    let (client, server) = scripted([Step::ok()]);
    let error = registry()
        .request(&client, name, values)
        .send()
        .await
        .unwrap_err();
    assert!(error.is_request() && error.sent() == Sent::No);
    assert!(server.calls().is_empty());
    error
}

#[tokio::test]
async fn bq15_bq19_an_endpoint_is_called_by_its_name() {
    let (client, server) = scripted([Step::ok()]);
    let values = [("since", "a&b"), ("team", "r/d"), ("page", "2")];
    registry()
        .request(&client, "users.list", &values)
        .send()
        .await
        .unwrap();
    let call = &server.calls()[0];
    assert_eq!(call.method, Method::GET);
    assert_eq!(
        call.uri,
        "http://api.example/v1/teams/r%2Fd/users?page=2&size=20&since=a%26b"
    );
}

#[tokio::test]
async fn ic54_bq15_bq16_names_are_unique_and_can_be_taken_out() {
    let mut registry = registry();
    let again = registry.add("users.list", list()).unwrap_err();
    assert_eq!(again.name(), "users.list");
    assert_eq!(registry.names().collect::<Vec<_>>(), ["users.list"]);
    assert_eq!(registry.get("users.list").unwrap().method(), Method::GET);
    let taken = registry.remove("users.list").unwrap();
    assert_eq!(taken.template().as_str(), "/teams/{team}/users{?page}");
    assert!(registry.remove("users.list").is_none());
    registry.add("users.list", taken).unwrap();
    registry.clear();
    assert_eq!(registry.names().count(), 0);
    let _: Result<(), DuplicateEndpoint> = registry.add("users.list", list());
    assert!(Definition::new(Method::GET, "/{").is_err());

    let error = refused("users.lost", &[]).await;
    assert_eq!(
        error.failure().find::<UnknownEndpoint>().unwrap().name(),
        "users.lost"
    );
    assert!(
        error
            .to_string()
            .contains("no endpoint is called `users.lost`"),
        "{error}"
    );
}

#[tokio::test]
async fn bq08_what_is_missing_unknown_or_invalid_is_named_and_nothing_is_sent() {
    let error = refused("users.list", &[("size", "5")]).await;
    let missing = error.failure().find::<MissingParameters>().unwrap();
    assert_eq!(missing.names().collect::<Vec<_>>(), ["team", "since"]);

    let values = [
        ("team", "red"),
        ("since", "may"),
        ("sizee", "5"),
        ("Tag", "x"),
    ];
    let error = refused("users.list", &values).await;
    let unknown = error.failure().find::<UnknownParameters>().unwrap();
    assert_eq!(unknown.names().collect::<Vec<_>>(), ["sizee", "Tag"]);

    let values = [("team", "red"), ("since", "may"), ("size", "s3cret")];
    let error = refused("users.list", &values).await;
    let invalid = error.failure().find::<InvalidParameter>().unwrap();
    assert_eq!(invalid.names().collect::<Vec<_>>(), ["size"]);
    assert!(
        error
            .to_string()
            .ends_with("the value of `size` is not between 1 and 100"),
        "{error}"
    );
    assert!(!format!("{error:?}").contains("s3cret"));

    let values = [("team", ".."), ("since", "may")];
    let error = refused("users.list", &values).await;
    assert!(
        error.failure().find::<InvalidParameter>().is_some(),
        "a path stays a path"
    );
}

#[tokio::test]
async fn bq06_bq09_a_default_comes_before_the_demand_and_is_checked_too() {
    let (client, server) = scripted([Step::ok()]);
    let mut registry = Registry::new();
    let required = Parameter::new("a").required().default("1");
    let place = Parameter::new("id").default("7");
    let definition = Definition::new(Method::GET, "/x/{id}").unwrap();
    let definition = definition.parameter(required).parameter(place);
    registry.add("a", definition.clone()).unwrap();
    registry.request(&client, "a", &()).send().await.unwrap();
    assert_eq!(server.calls()[0].uri, "http://api.example/v1/x/7?a=1");

    let wrong = Parameter::new("a")
        .default("1")
        .check(|_| Err("is never right".into()));
    registry.add("b", definition.parameter(wrong)).unwrap();
    let error = registry
        .request(&client, "b", &())
        .send()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("`a` is never right"), "{error}");
}

#[tokio::test]
async fn bq12_d10_lists_are_written_as_the_options_say() {
    #[derive(Serialize)]
    struct Values<'a> {
        id: u8,
        tag: &'a [&'a str],
    }
    let list = |style| {
        let tag = Parameter::new("tag").required().check(|tag| match tag {
            "bad" => Err("is bad".into()),
            _ => Ok(()),
        });
        let options = Options::new().arrays(style);
        let definition = Definition::new(Method::GET, "/x/{id}").unwrap();
        let definition = definition.options(options).parameter(tag);
        let mut registry = Registry::new();
        registry.add("x", definition).unwrap();
        registry
    };
    let (client, _) = scripted([Step::ok()]);
    let uri = |style, tag: &[&str]| {
        let request = list(style).request(&client, "x", &Values { id: 7, tag });
        request.build().map(|request| request.uri().to_string())
    };
    for (style, one, two) in [
        (ArrayStyle::Repeat, "tag=a%26b", "tag=a%26b&tag=c"),
        (
            ArrayStyle::Bracket,
            "tag%5B%5D=a%26b",
            "tag%5B%5D=a%26b&tag%5B%5D=c",
        ),
        (ArrayStyle::Comma, "tag=a%26b", "tag=a%26b,c"),
        (
            ArrayStyle::Indexed,
            "tag%5B0%5D=a%26b",
            "tag%5B0%5D=a%26b&tag%5B1%5D=c",
        ),
    ] {
        let of = |query| format!("http://api.example/v1/x/7?{query}");
        assert_eq!(uri(style, &["a&b"]).unwrap(), of(one));
        assert_eq!(uri(style, &["a&b", "c"]).unwrap(), of(two));
        let error = uri(style, &["a", "bad"]).unwrap_err();
        assert!(
            error.to_string().ends_with("the value of `tag` is bad"),
            "{error}"
        );
        let error = uri(style, &[]).unwrap_err();
        assert!(
            error.failure().find::<MissingParameters>().is_some(),
            "{error}"
        );

        let values = serde_json::json!({"id": [7], "tag": "a"});
        let error = list(style)
            .request(&client, "x", &values)
            .build()
            .unwrap_err();
        let invalid = error.failure().find::<InvalidParameter>().unwrap();
        assert_eq!(invalid.names().collect::<Vec<_>>(), ["id"]);
    }
}

#[tokio::test]
async fn bq12_a_name_with_brackets_of_its_own_is_a_name() {
    let (client, _) = scripted([Step::ok()]);
    let definition = Definition::new(Method::GET, "/x").unwrap();
    let definition = definition.parameter(Parameter::new("tag[]"));
    let nested = Options::new().arrays(ArrayStyle::Indexed);
    let lines = Definition::new(Method::GET, "/y").unwrap().options(nested);
    let lines = lines.parameter(Parameter::new("line[sku]"));
    let mut registry = Registry::new();
    registry.add("x", definition).unwrap();
    registry.add("y", lines).unwrap();
    let request = registry.request(&client, "x", &[("tag[]", "1"), ("tag[]", "2")]);
    let query = "tag%5B%5D=1&tag%5B%5D=2";
    assert_eq!(request.build().unwrap().uri().query(), Some(query));
    let values = serde_json::json!({"line": [{"sku": "a"}, {"sku": "b"}]});
    let request = registry.request(&client, "y", &values);
    let query = "line%5B0%5D%5Bsku%5D=a&line%5B1%5D%5Bsku%5D=b";
    assert_eq!(request.build().unwrap().uri().query(), Some(query));
}

#[tokio::test]
async fn w53_its_options_are_honoured() {
    let (client, server) = scripted([
        Step::status(503),
        Step::status(404),
        Step::ok().body("\"long\""),
    ]);
    let mut registry = Registry::new();
    let options = Options::new().retry(1).open().optional().limit(3);
    let options = options.arrays(ArrayStyle::Comma);
    let definition = Definition::new(Method::GET, "/x").unwrap().options(options);
    registry.add("x", definition).unwrap();
    let ask = || registry.request(&client, "x", &[("any", "1")]).send();
    assert_eq!(ask().await.unwrap().status(), 503);
    assert_eq!(server.calls().len(), 1);
    assert_eq!(server.calls()[0].uri.query(), Some("any=1"));
    assert_eq!(
        ask().await.unwrap().json::<Option<u8>>().await.unwrap(),
        None
    );
    assert!(
        ask()
            .await
            .unwrap()
            .json::<String>()
            .await
            .unwrap_err()
            .is_too_large()
    );
}
