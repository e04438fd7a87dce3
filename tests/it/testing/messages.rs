//! What a mock says when something is wrong, and what it keeps to itself.

use std::panic::{AssertUnwindSafe, catch_unwind};

use buttress::Client;
use buttress::testing::{Expect, Mock, Redaction, Reply};

use super::{complaint, complaint_about, mocked, over};

#[tokio::test(start_paused = true)]
async fn an_unexpected_request_says_what_was_expected_and_what_came() {
    let (client, mut mock) = mocked();
    mock.expect(Expect::post("/users").times(2));
    mock.expect(Expect::get("/users/{id}").path("id", 1).query("page", 2));
    client.post("/users").send().await.unwrap();
    let error = client
        .get("/users/7?page=3&size=9")
        .send()
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET http://api.example/v1/users/7: the request cannot be sent: \
         nobody expected GET http://api.example/v1/users/7?page=3&size=9; expected:\n  \
         GET /users/{id} (expected once, called never)\n    \
         - `page` in the query is \"3\", not \"2\"\n    \
         - `size` in the query is \"9\", and not expected\n    \
         - `id` in the path is \"7\", not \"1\"\n  \
         POST /users (expected 2 times, called once)"
    );
    let unmet = mock.check().unwrap_err().to_string();
    assert_eq!(
        unmet.lines().take(8).collect::<Vec<_>>(),
        [
            "these expectations were not met:",
            "  POST /users (expected 2 times, called once)",
            "  GET /users/{id} (expected once, called never)",
            "    - what came nearest is GET http://api.example/v1/users/7?page=3&size=9",
            "    - `page` in the query is \"3\", not \"2\"",
            "    - `size` in the query is \"9\", and not expected",
            "    - `id` in the path is \"7\", not \"1\"",
            "nobody expected GET http://api.example/v1/users/7?page=3&size=9; expected:",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn each_difference_has_its_words() {
    let expect = || Expect::get("/a");
    for (expect, words) in [
        (
            expect().query("b", 1),
            "`b` is not in the query, and should be \"1\"",
        ),
        (expect().header("x-b", "1"), "there is no header `x-b`"),
        (expect().has_header("x-b"), "there is no header `x-b`"),
        (expect().json(&1), "the body is no JSON"),
        (expect().body("x"), "the body is empty, not \"x\""),
        (
            expect().when("the moon is full", |_| false),
            "it is not true: the moon is full",
        ),
        (
            Expect::get("/a?c=1"),
            "`c` is not in the query, and should be \"1\"",
        ),
        (expect().times(0), "it has had all its calls"),
    ] {
        let told = complaint(expect).await;
        assert!(told.contains(words), "{told}");
    }
    let sent = |client: &Client| client.post("/a").header("x-b", "2").text("x=1&y=2");
    for (expect, words) in [
        (
            Expect::post("/a").header("x-b", "1"),
            "the header `x-b` is \"2\", not \"1\"",
        ),
        (
            Expect::post("/a").without_header("x-b"),
            "there is a header `x-b`",
        ),
        (
            Expect::post("/a").form(&[("x", 2)]),
            "the form is x=1&y=2, not x=2",
        ),
        (
            Expect::post("/a").body("z"),
            "the body is \"x=1&y=2\", not \"z\"",
        ),
    ] {
        let told = complaint_about(expect, sent).await;
        assert!(told.contains(words), "{told}");
    }
}

#[tokio::test(start_paused = true)]
async fn json_is_compared_by_what_it_means() {
    let sent = |client: &Client| {
        client
            .post("/a")
            .text(r#"{ "b": [1, {"c": 2}], "a/b": "x" }"#)
    };
    for wanted in [
        Expect::post("/a").json(&serde_json::json!({"a/b": "x", "b": [1, {"c": 2}]})),
        Expect::post("/a").json_part(&serde_json::json!({"a/b": "x"})),
        Expect::post("/a").json_part(&serde_json::json!({})),
    ] {
        let (client, mock) = mocked();
        mock.expect(wanted);
        sent(&client).send().await.unwrap();
        mock.verify();
    }
    for (wanted, words) in [
        (
            serde_json::json!({"a/b": "x"}),
            "`/b` in the body is [1,{\"c\":2}], not absent",
        ),
        (
            serde_json::json!({"a/b": "y", "b": 1}),
            "`/a~1b` in the body is \"x\", not \"y\"",
        ),
        (serde_json::json!([]), "the body is {"),
        (
            serde_json::json!({"a/b": "x", "b": [1, {"c": 2}], "d": null}),
            "`/d` in the body is absent, not null",
        ),
    ] {
        let told = complaint_about(Expect::post("/a").json(&wanted), sent).await;
        assert!(told.contains(words), "{told}");
    }
    let told = complaint_about(
        Expect::post("/a").json_part(&serde_json::json!({"b": [1]})),
        sent,
    );
    assert!(
        told.await
            .contains("`/b` in the body is [1,{\"c\":2}], not [1]")
    );
}

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_a_message() {
    let mock = Mock::new()
        .base_uri(super::API)
        .redaction(Redaction::new().header("x-own").field("pin"));
    let client = over(&mock, |b| b.header("authorization", "Bearer s3cret"));
    mock.expect(
        Expect::post("/a")
            .header("authorization", "Bearer s3cret1")
            .header("x-own", "s3cret2")
            .header("x-marked", "s3cret3")
            .query("token", "s3cret4")
            .json(&serde_json::json!({"pin": "s3cret5", "a": 1})),
    );
    let mut marked = http::HeaderValue::from_static("s3cret6");
    marked.set_sensitive(true);
    let request = client
        .post("http://u:s3cret@api.example/v1/a?token=s3cret7&api_key=s3cret8")
        .header("x-own", "s3cret9")
        .header("x-marked", marked)
        .json(&serde_json::json!({"pin": "s3cret", "a": 2}));
    let error = request.send().await.unwrap_err();
    let mut mock = mock;
    let unmet = mock.check().unwrap_err();
    for told in [
        error.to_string(),
        format!("{error:?}"),
        unmet.to_string(),
        format!("{unmet:?}"),
        format!("{:?}", mock.calls()),
    ] {
        assert!(!told.contains("s3cret"), "{told}");
        assert!(told.contains("api.example"), "{told}");
    }
    assert!(
        error.to_string().contains("`/a` in the body is 2, not 1"),
        "{error}"
    );

    let only_secret = serde_json::json!({"pin": "s3cret"});
    let told = complaint_about(
        Expect::post("/a").json(&serde_json::json!({"password": 1})),
        |client| client.post("/a").json(&serde_json::json!({"password": 2})),
    );
    assert!(told.await.contains("differs in a secret"), "{only_secret}");
}

#[tokio::test(start_paused = true)]
async fn what_came_nearest_is_told_even_where_something_else_has_answered_it() {
    let mut mock = Mock::new()
        .base_uri(super::API)
        .otherwise(buttress_testkit::Scripted::new([
            buttress_testkit::Step::ok(),
        ]));
    let client = over(&mock, |b| b);
    mock.expect(Expect::get("/a").query("b", 1));
    for path in ["/a?b=3&c=4", "/a?b=2", "/c"] {
        client.get(path).send().await.unwrap();
    }
    let unmet = mock.check().unwrap_err().to_string();
    assert!(
        unmet.contains(
            "GET /a (expected once, called never)\n    \
             - what came nearest is GET http://api.example/v1/a?b=2\n    \
             - `b` in the query is \"2\", not \"1\"\n"
        ),
        "{unmet}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_secrets_of_a_path_are_in_no_message() {
    let (client, mut mock) = mocked();
    mock.expect(Expect::get("/reset/{token}").path("token", "s3cret-1"));
    mock.expect(Expect::get("/reset/{id}").path("id", "s3cret-2"));
    let error = client.get("/reset/s3cret%2F3").send().await.unwrap_err();
    let wanted = "`token` in the path is \"REDACTED\", not \"REDACTED\"";
    assert!(error.to_string().contains(wanted), "{error}");
    let unmet = mock.check().unwrap_err();
    // The second name is none that is known to be secret, so what was wanted of it may be told.
    for told in [unmet.to_string(), format!("{:?}", mock.calls())] {
        assert!(told.contains("reset/REDACTED"), "{told}");
        assert!(
            !told.contains("s3cret-1") && !told.contains("s3cret%2F3"),
            "{told}"
        );
    }
    assert!(!unmet.to_string().contains("s3cret/3"), "{unmet}");
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_searched_for_secrets_is_not_shown() {
    let told = complaint_about(Expect::post("/a").body("x"), |client| {
        client
            .post("/a")
            .header("content-type", "text/html")
            .body("<input name=token value=s3cret>")
    });
    let told = told.await;
    assert!(
        told.contains("the body is 31 bytes that are not shown (text/html"),
        "{told}"
    );
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_mock_fails_the_test_that_forgot_a_call() {
    let panic_of = |mock: Mock| {
        let panic = catch_unwind(AssertUnwindSafe(|| drop(mock))).unwrap_err();
        panic.downcast_ref::<String>().unwrap().clone()
    };
    let (client, mock) = mocked();
    mock.expect(Expect::get("/a").reply(Reply::ok()).times(1..=2));
    let told = panic_of(mock);
    assert_eq!(
        told,
        "these expectations were not met:\n  \
         GET /a (expected 1 to 2 times, called never)\nno call came"
    );
    drop(client);

    let (client, mock) = mocked();
    client.get("/b").send().await.unwrap_err();
    assert!(panic_of(mock).contains("nobody expected GET http://api.example/v1/b"));

    let (client, mock) = mocked();
    mock.expect(Expect::get("/a"));
    client.get("/a").send().await.unwrap();
    drop(mock);
}

#[test]
#[should_panic(expected = "GET /a (expected once, called never)")]
fn verifying_a_mock_does_so_too() {
    let mock = Mock::new();
    mock.expect(Expect::get("/a"));
    mock.verify();
}
