//! Foreign shapes, by JSON pointers and by a type of one's own.

use buttress::envelope::{Enveloped, Pointers};
use buttress::{ApiError, BoxError, Endpoint, Envelope, ErrorKind, NoContent};
use bytes::Bytes;
use http::response::Parts;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{answered, kind, opened};

fn shape() -> Pointers {
    let at = |text: &str| text.parse().unwrap();
    Pointers::new()
        .content(at("/data"))
        .error(at("/error"))
        .code(at("/error/code"))
        .title(at("/error/title"))
        .message(at("/error/message"))
        .status(at("/error/status"))
}

#[tokio::test]
async fn sp22_content_is_the_document_or_where_the_pointer_says() {
    let body = json!({"data": [1, 2]});
    assert_eq!(
        opened::<Vec<u8>>(&shape(), 200, &body).await.unwrap(),
        [1, 2]
    );
    let none = Pointers::new();
    assert_eq!(opened::<Value>(&none, 200, &body).await.unwrap(), body);
    for body in [
        json!({}),
        json!({"data": {"a": 1}}),
        json!([]),
        json!(7),
        json!({"data": null}),
    ] {
        let end = opened::<Vec<u8>>(&shape(), 200, &body).await;
        assert_eq!(kind(end), ErrorKind::Decode, "{body}");
    }
}

#[tokio::test]
async fn sp21_an_error_at_its_place_wins_over_a_success() {
    let body =
        json!({"data": [1], "error": {"code": 17, "title": "t", "message": "m", "more": [1]}});
    let error = opened::<Vec<u8>>(&shape(), 200, &body).await.unwrap_err();
    assert!(error.is_api());
    assert_eq!((error.kind(), error.code()), (ErrorKind::Api, "api"));
    assert_eq!(error.status(), None);
    let told = error.api().unwrap();
    assert_eq!((told.code(), told.title()), (Some("17"), Some("t")));
    assert_eq!((told.message(), told.status()), (Some("m"), None));
    assert_eq!(told.details::<Value>().unwrap()["more"], json!([1]));
    assert_eq!(told.details::<u8>(), None);
    assert_eq!(error.sent(), buttress::Sent::Yes);
}

#[tokio::test]
async fn sp21_the_status_in_an_error_decides_of_its_kind() {
    for (status, expected) in [
        (json!(404), ErrorKind::NotFound),
        (json!("409"), ErrorKind::Conflict),
        (json!(500), ErrorKind::Server),
        (json!(200), ErrorKind::Api),
        (json!(7), ErrorKind::Api),
        (json!(null), ErrorKind::Api),
    ] {
        let body = json!({"error": {"status": status}});
        let end = opened::<Value>(&shape(), 200, &body).await;
        assert_eq!(kind(end), expected, "{status}");
    }
}

#[tokio::test]
async fn sp22_what_says_that_there_is_no_error_is_none() {
    for none in [
        json!(null),
        json!(false),
        json!(0),
        json!(0.0),
        json!(""),
        json!([]),
        json!({}),
    ] {
        let body = json!({"data": 1, "error": none});
        assert_eq!(
            opened::<u8>(&shape(), 200, &body).await.unwrap(),
            1,
            "{body}"
        );
    }
    for some in [
        json!(true),
        json!(1),
        json!("x"),
        json!([0]),
        json!({"a": 0}),
    ] {
        let body = json!({"data": 1, "error": some});
        assert_eq!(
            kind(opened::<u8>(&shape(), 200, &body).await),
            ErrorKind::Api,
            "{body}"
        );
    }
}

#[tokio::test]
async fn ic65_a_flag_and_an_error_that_is_a_text_are_understood() {
    let at = |text: &str| text.parse().unwrap();
    let slack = Pointers::new().flag(at("/ok")).error(at("/error"));
    let body = json!({"ok": false, "error": "channel_not_found"});
    let error = opened::<Value>(&slack, 200, &body).await.unwrap_err();
    assert_eq!(error.api().unwrap().message(), Some("channel_not_found"));
    let error = opened::<Value>(&slack, 200, &json!({"ok": false}))
        .await
        .unwrap_err();
    assert_eq!(error.api().unwrap().message(), None);
    for fine in [json!({"ok": true}), json!({}), json!({"ok": 0})] {
        assert_eq!(opened::<Value>(&slack, 200, &fine).await.unwrap(), fine);
    }
}

#[tokio::test]
async fn w35_sp20_the_status_decides_first_and_speaks_where_the_body_does_not() {
    for body in [json!({"data": [1]}), json!("nonsense")] {
        let error = opened::<Vec<u8>>(&shape(), 500, &body).await.unwrap_err();
        assert!(error.is_server() && error.api().is_none());
        let told = "GET http://api.example/a: the server answered 500 Internal Server Error";
        assert_eq!(error.to_string(), told);
    }
    let body = json!({"error": {"status": 404, "message": "m"}});
    let error = opened::<Vec<u8>>(&shape(), 400, &body).await.unwrap_err();
    assert!(error.is_validation(), "400, whatever the body says");
    assert_eq!(error.status(), Some(StatusCode::BAD_REQUEST));
    assert_eq!(error.api().unwrap().message(), Some("m"));
}

#[tokio::test]
async fn ic71_neither_display_nor_debug_shows_what_the_server_said() {
    let body =
        json!({"error": {"code": "s3cret", "title": "s3cret", "message": "s3cret", "status": 409}});
    let error = opened::<Value>(&shape(), 200, &body).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "GET http://api.example/a: the server reports an error in the body of its answer, of status \
         409; `Error::api` has its words"
    );
    assert!(!format!("{error:?}").contains("s3cret"));
}

#[tokio::test]
async fn a_body_that_is_no_json_or_deep_is_a_decode_error() {
    let deep = format!("{{\"error\":{}{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for body in ["<html>", "", "{", &deep] {
        let client = answered(200, body);
        let response = client.get("/a").send().await.unwrap();
        let error = response.open::<Vec<u8>>(&shape()).await.unwrap_err();
        assert!(error.is_decode(), "{error}");
    }
}

/// `{"payload":…}`, or `{"fault":"…"}`.
#[derive(Default)]
struct Own;

impl Envelope for Own {
    fn error(&self, _: &Parts, body: &Bytes) -> Option<ApiError> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let fault = body.get("fault")?.as_str()?;
        let status = StatusCode::CONFLICT;
        Some(
            ApiError::new()
                .with_message(fault)
                .with_status(status)
                .with_code("c")
                .with_title("t"),
        )
    }

    fn content<T: DeserializeOwned>(&self, _: &Parts, body: &Bytes) -> Result<T, BoxError> {
        let mut body: Value = serde_json::from_slice(body)?;
        Ok(serde_json::from_value(body["payload"].take())?)
    }
}

struct Numbers;

impl Endpoint for Numbers {
    const METHOD: Method = Method::GET;
    const PATH: &'static str = "/numbers";
    type Ok = Enveloped<Vec<u8>, Own>;
    type Err = NoContent;
}

#[tokio::test]
async fn ic65_an_endpoint_opens_its_envelope_by_itself() {
    let client = answered(200, r#"{"payload":[1,2]}"#);
    let numbers = client.call(Numbers).await.unwrap().into_body();
    assert_eq!(numbers.len(), 2);
    assert_eq!(numbers.into_inner(), [1, 2]);
    for status in [200, 503] {
        let error = answered(status, r#"{"fault":"busy"}"#)
            .call(Numbers)
            .await
            .unwrap_err();
        assert_eq!(error.is_conflict(), status == 200);
        assert_eq!(error.is_server(), status == 503);
        assert_eq!(error.api().unwrap().message(), Some("busy"));
        assert_eq!(error.body::<NoContent>().is_some(), status == 503);
    }
    let error = answered(200, "{}").call(Numbers).await.unwrap_err();
    assert!(error.is_decode());
}

#[tokio::test]
async fn bq39_an_error_of_a_shape_of_its_own_is_recognised() {
    let client = answered(200, r#"{"fault":"busy"}"#);
    let response = client.get("/a").send().await.unwrap();
    let error = response.decode::<Enveloped<u8, Own>>().await.unwrap_err();
    let told = error.api().unwrap();
    assert_eq!((told.code(), told.title()), (Some("c"), Some("t")));
}
