//! The cache in a client's stack.

use std::time::Duration;

use buttress::{CacheLayer, Explain, Partition};
use buttress_testkit::Step;
use http_body_util::BodyExt;

use super::{scripted, scripted_with};

fn numbered() -> [Step; 3] {
    ["first", "second", "third"].map(|body| Step::ok().body(body))
}

async fn text(request: buttress::RequestBuilder) -> String {
    let body = request.send().await.unwrap().into_body();
    String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_hit_makes_no_attempt() {
    let step = Step::ok()
        .header("cache-control", "max-age=60")
        .body("kept");
    let (client, server) = scripted_with([step], |b| b.cache(CacheLayer::private()));
    assert_eq!(text(client.get("/")).await, "kept");
    let explain = Explain::new();
    assert_eq!(text(client.get("/").explain(&explain)).await, "kept");
    assert_eq!(server.calls().len(), 1);
    let trail = explain.trail().summary();
    assert!(trail.contains("hit") && !trail.contains("retry"), "{trail}");
}

#[tokio::test(start_paused = true)]
async fn a_request_says_how_long_its_response_is_fresh() {
    let (client, server) = scripted_with(numbered(), |b| b.cache(CacheLayer::private()));
    let minute = Duration::from_secs(60);
    assert_eq!(text(client.get("/").fresh_for(minute)).await, "first");
    assert_eq!(text(client.get("/").fresh_for(minute)).await, "first");
    let other = Partition::named("other");
    let other = client.get("/").fresh_for(minute).partition(other);
    assert_eq!(text(other).await, "second");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn wishes_of_one_request_add_up() {
    let (client, _) = scripted_with(numbered(), |b| b.cache(CacheLayer::private()));
    let wish = || buttress::cache::Override::new().key("named");
    let fresh = Duration::from_secs(60);
    assert_eq!(
        text(client.get("/a").cache(wish()).fresh_for(fresh)).await,
        "first"
    );
    assert_eq!(
        text(client.get("/b").cache(wish()).fresh_for(fresh)).await,
        "first"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_cache_nothing_is_stored() {
    let (client, server) = scripted(numbered());
    for body in ["first", "second"] {
        let request = client.get("/").fresh_for(Duration::from_secs(60));
        assert_eq!(text(request).await, body);
    }
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_get_with_content_is_answered_for_that_content_alone() {
    let fresh = |body| Step::ok().header("cache-control", "max-age=60").body(body);
    let steps = ["first", "second", "third"].map(fresh);
    let (client, server) = scripted_with(steps, |b| b.cache(CacheLayer::private()));
    let search = |content: &'static str| text(client.get("/_search").body(content));
    assert_eq!(search("{\"q\":1}").await, "first");
    assert_eq!(search("{\"q\":2}").await, "second");
    assert_eq!(text(client.get("/_search")).await, "third");
    assert_eq!(server.calls().len(), 3);
}
