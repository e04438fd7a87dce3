//! What a client tells about its calls.

use buttress_testkit::Step;

use super::{scripted, scripted_with};
use crate::support::events::capture;

#[tokio::test(start_paused = true)]
async fn ic06_ic70_a_call_is_told_at_its_start_and_at_its_end() {
    let (events, _guard) = capture();
    let (client, _) = scripted([Step::status(503), Step::ok()]);
    client
        .get("/a?token=s3cret")
        .label("find")
        .send()
        .await
        .unwrap();
    let told = events.text();
    assert!(
        told.contains("DEBUG") && told.contains("request started"),
        "{told}"
    );
    let success = told
        .lines()
        .find(|line| line.contains("request succeeded"))
        .unwrap();
    for field in [
        "INFO",
        "method=GET",
        "url=http://api.example/v1/a",
        "label=\"find\"",
        "status=200",
        "attempts=2",
        "duration_ms=",
    ] {
        assert!(success.contains(field), "{field} is not in {success}");
    }
}

#[tokio::test(start_paused = true)]
async fn ic06_a_failure_is_told_with_its_kind() {
    let (events, _guard) = capture();
    let (client, _) = scripted_with([Step::hang()], |b| b.retry(None));
    client.get("/a").send().await.unwrap_err();
    let told = events.text();
    let failure = told
        .lines()
        .find(|line| line.contains("request failed"))
        .unwrap();
    for field in ["ERROR", "kind=\"timeout\"", "sent=Maybe", "attempts=1"] {
        assert!(failure.contains(field), "{field} is not in {failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn ic71_no_event_of_any_layer_holds_a_query_or_a_credential() {
    let (events, _guard) = capture();
    let throttled = Step::status(429)
        .header("retry-after", "1")
        .header("set-cookie", "s3cret");
    let broken = Step::error(|| std::io::Error::other("broken"));
    let (client, _) = scripted_with([throttled, broken, Step::hang()], |b| {
        b.header("authorization", "Bearer s3cret")
            .cookie("session", "s3cret")
    });
    client
        .get("http://user:s3cret@api.example/v1/a?token=s3cret")
        .send()
        .await
        .unwrap_err();
    let told = events.text();
    assert!(told.lines().count() > 4, "{told}");
    assert!(!told.contains("s3cret"), "{told}");
}

#[tokio::test]
async fn ic01_a_built_client_is_told_once() {
    let (events, _guard) = capture();
    let _ = scripted([Step::ok()]);
    let told = events.text();
    assert_eq!(told.matches("client built").count(), 1, "{told}");
    assert!(told.contains("base_uri=http://api.example/v1"), "{told}");
}
