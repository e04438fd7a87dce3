//! What errors tell.

use std::time::Duration;

use buttress::envelope::tagged::Tagged;
use buttress::{ApiError, Error, Sent};
use buttress_testkit::{Step, channel};
use futures_util::TryStreamExt;
use serde::Deserialize;
use tokio::time::Instant;

use super::scripted;

async fn refused(step: Step) -> Error {
    let (client, _) = scripted([step]);
    let request = client.get("/a?token=s3cret").no_retry();
    request
        .send()
        .await
        .unwrap()
        .json::<u8>()
        .await
        .unwrap_err()
}

#[tokio::test]
async fn ic62_an_error_names_the_call_the_status_and_what_to_do() {
    let error = refused(Step::status(401)).await;
    assert_eq!(
        error.to_string(),
        "GET http://api.example/v1/a: the server answered 401 Unauthorized; check the credentials, or send some"
    );
    assert_eq!(
        (error.code(), error.sent(), error.attempts()),
        ("unauthorized", Sent::Yes, 1)
    );
    assert_eq!(error.level(), tracing::Level::INFO);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_error_says_when_to_come_back() {
    let error = refused(Step::status(429).header("retry-after", "7")).await;
    assert!(error.is_throttled() && !error.is_rate_limited());
    assert_eq!(
        error.retry_at(),
        Some(Instant::now().into_std() + Duration::from_secs(7))
    );
    assert!(
        error.to_string().ends_with("it asks for a pause of 7s"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_error_counts_the_attempts() {
    let (client, _) = scripted([Step::status(503)]);
    let error = client
        .get("/")
        .send()
        .await
        .unwrap()
        .json::<u8>()
        .await
        .unwrap_err();
    assert_eq!(error.attempts(), 3);
    assert!(error.is_server());
}

/// A server that answers well the second time, with this body.
async fn at_the_second_try(answer: Step) -> buttress::Response {
    let (client, _) = scripted([Step::status(503), answer]);
    client.get("/").send().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_fails_behind_the_head_tells_of_the_head_all_the_same() {
    let garbage = || Step::ok().body("no json");
    let breaks = || {
        Step::ok().body_with(|| {
            let (frames, body) = channel();
            frames.data("{");
            frames.error("foreign");
            body
        })
    };
    let unread = at_the_second_try(garbage()).await.json::<u8>().await;
    let large = at_the_second_try(garbage()).await.limit(1).bytes().await;
    let unknown = garbage().header("content-type", "text/plain; charset=klingon");
    let text = at_the_second_try(unknown).await.text().await;
    let broken = at_the_second_try(breaks()).await.bytes().await;
    let mut pieces = at_the_second_try(breaks()).await;
    pieces.chunk().await.unwrap();
    let piece = pieces.chunk().await;
    let stream = at_the_second_try(breaks()).await.into_stream();
    let stream = stream.try_collect::<Vec<_>>().await;
    for error in [
        unread.unwrap_err(),
        large.unwrap_err(),
        text.unwrap_err(),
        broken.unwrap_err(),
        piece.unwrap_err(),
        stream.unwrap_err(),
    ] {
        assert_eq!(error.attempts(), 2, "{error}");
        assert_eq!(error.status(), Some(http::StatusCode::OK), "{error}");
        assert_eq!(error.sent(), Sent::Yes, "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_that_an_api_tells_with_a_200_counts_the_attempts() {
    let document = r#"{"t":"error","error":{"title":"gone","status":404}}"#;
    let response = at_the_second_try(Step::ok().body(document)).await;
    let error = response.open::<u8>(&Tagged).await.unwrap_err();
    assert!(error.is_not_found() && error.api().is_some(), "{error}");
    assert_eq!((error.attempts(), error.sent()), (2, Sent::Yes));
    assert!(error.failure().find::<ApiError>().is_some());
}

#[tokio::test]
async fn ic62_an_error_has_the_method_and_the_uri_of_its_call() {
    let (client, _) = scripted([Step::status(404)]);
    let error = client.delete("/a?token=s3cret").send().await.unwrap();
    let error = error.error_for_status().await.unwrap_err();
    assert_eq!(error.method(), Some(&http::Method::DELETE));
    assert_eq!(error.uri().unwrap(), "http://api.example/v1/a");
    let unfilled = client.put("/{id}").send().await.unwrap_err();
    assert_eq!(unfilled.method(), Some(&http::Method::PUT));
    assert_eq!(unfilled.uri(), None);
}

#[tokio::test]
async fn a_broken_body_says_what_broke_it() {
    let (client, _) = scripted([Step::ok().body_with(|| {
        let (frames, body) = channel();
        frames.error("reset by peer");
        body
    })]);
    let error = client
        .get("/a")
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap_err();
    let expected = "GET http://api.example/v1/a: the body of the 200 response did not come to its end: reset by peer";
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_errors_json_is_read_behind_a_byte_order_mark() {
    let marked = |text: &str| [b"\xEF\xBB\xBF", text.as_bytes()].concat();
    let error = refused(Step::status(400).body(marked("7"))).await;
    assert_eq!(error.json::<u8>(), Some(7));
    let problem = Step::status(403).header("content-type", "application/problem+json");
    let error = refused(problem.body(marked(r#"{"detail":"d"}"#))).await;
    assert_eq!(error.problem().unwrap().detail.as_deref(), Some("d"));
}

#[tokio::test(start_paused = true)]
async fn w13_our_own_failures_never_look_like_a_servers() {
    let (client, _) = scripted([Step::hang()]);
    let request = client.get("/").timeout(Duration::from_secs(1)).no_retry();
    let timeout = request.send().await.unwrap_err();
    assert!(timeout.is_timeout() && timeout.status().is_none());
    assert!(!refused(Step::status(408)).await.is_timeout());
    let invalid = client.get("/{id}").send().await.unwrap_err();
    assert!(invalid.is_request() && !invalid.is_validation() && invalid.status().is_none());
}

#[tokio::test]
async fn ic50_the_body_of_an_error_can_be_read_as_json() {
    #[derive(Deserialize)]
    struct Fields {
        errors: std::collections::BTreeMap<String, Vec<String>>,
    }
    let error = refused(Step::status(422).body(r#"{"errors":{"name":["too short"]}}"#)).await;
    assert_eq!(
        error.json::<Fields>().unwrap().errors["name"],
        ["too short"]
    );
    assert!(error.json::<u8>().is_none());
}

#[tokio::test]
async fn rfc9457_problem_details_are_read_and_nothing_else_is_taken_for_them() {
    let body = r#"{"type":"https://example.com/out-of-credit","title":"No credit","detail":"30 of 50",
        "instance":"/a/1","status":403,"balance":30}"#;
    let problem =
        || Step::status(403).header("content-type", "application/problem+json; charset=utf-8");
    let told = refused(problem().body(body)).await.problem().unwrap();
    assert_eq!(told.kind, "https://example.com/out-of-credit");
    assert_eq!(told.title.as_deref(), Some("No credit"));
    assert_eq!(told.detail.as_deref(), Some("30 of 50"));
    assert_eq!(told.instance.as_deref(), Some("/a/1"));
    assert_eq!(told.status, Some(403));
    assert_eq!(told.extensions["balance"], 30);

    let wrong = refused(problem().body(r#"{"title":7,"status":"x","detail":null}"#)).await;
    let wrong = wrong.problem().unwrap();
    assert_eq!(
        (&*wrong.kind, wrong.status, wrong.detail),
        ("about:blank", None, None)
    );
    assert_eq!(wrong.title.as_deref(), Some("Forbidden"));
    // The status is the title of a problem that says no more, and of no other.
    let told = refused(problem().body(r#"{"type":"https://example.com/out-of-credit"}"#)).await;
    assert_eq!(told.problem().unwrap().title, None);

    assert!(refused(problem().body("[]")).await.problem().is_none());
    let plain = Step::status(403)
        .header("content-type", "application/json")
        .body(body);
    assert!(refused(plain).await.problem().is_none());
}
