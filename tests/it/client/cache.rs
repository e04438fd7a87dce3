//! The cache in a client's stack.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress::{Body, CacheLayer, Client, Explain, Partition};
use buttress_testkit::Step;
use http::{HeaderValue, Method, Request};
use http_body_util::BodyExt;
use tower::ServiceExt;

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
async fn d11_without_a_cache_nothing_is_stored() {
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

/// Tells what was asked for and how many times the server has been.
fn telling() -> Step {
    let count = AtomicU32::new(0);
    Step::answer(move |call| {
        let count = count.fetch_add(1, Ordering::Relaxed) + 1;
        let language = call.header("accept-language").unwrap_or("-");
        let body = format!("{} {} {language} {count}", call.method, call.uri);
        let mut response = http::Response::new(body.into());
        let headers = response.headers_mut();
        headers.insert("cache-control", "max-age=60".parse().unwrap());
        headers.insert("vary", "accept-language".parse().unwrap());
        response
    })
}

#[tokio::test(start_paused = true)]
async fn d12_w05_the_key_is_method_uri_partition_and_what_varies() {
    let (client, server) = scripted_with([telling()], |b| b.cache(CacheLayer::private()));
    let ada = || Partition::named("ada");
    let requests = || {
        [
            client.get("/l?page=1"),
            client.get("/l?page=2"),
            client.get("/l/7"),
            client.get("/l?page=1").header("accept-language", "de"),
            client.get("/l?page=1").partition(ada()),
            client.get("http://other.example/v1/l?page=1"),
        ]
    };
    let mut told = Vec::new();
    for request in requests() {
        told.push(text(request).await);
    }
    let all = requests().len();
    assert_eq!(server.calls().len(), all);
    for (request, told) in requests().into_iter().zip(told) {
        assert_eq!(text(request).await, told);
    }
    assert_eq!(server.calls().len(), all, "each is found under its own key");
}

#[tokio::test(start_paused = true)]
async fn d13_identical_calls_in_flight_are_one_and_none_is_dropped() {
    let slow = || telling().after(Duration::from_secs(1));
    let (client, server) = scripted_with([slow()], |b| b.cache(CacheLayer::private()));
    let get = || text(client.get("/a"));
    let (a, b, c) = tokio::join!(get(), get(), get());
    assert!(a == b && b == c && a.ends_with(" 1"), "{a}, {b}, {c}");
    assert_eq!(server.calls().len(), 1);
    let post = || text(client.post("/a").body("x"));
    let (a, b) = tokio::join!(post(), post());
    assert_ne!(a, b, "an unsafe method is never joined");
    assert_eq!(server.calls().len(), 3);
    // Without a cache each call is its own.
    let (client, server) = scripted([slow()]);
    let get = || text(client.get("/a"));
    let (a, b) = tokio::join!(get(), get());
    assert_ne!(a, b);
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn d19_only_safe_methods_are_answered_from_a_store() {
    let (client, server) = scripted_with([telling()], |b| b.cache(CacheLayer::private()));
    let minute = Duration::from_secs(60);
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        let before = server.calls().len();
        for _ in 0..2 {
            let request = client.request(method.clone(), "/a").fresh_for(minute);
            assert!(text(request).await.starts_with(method.as_str()));
        }
        assert_eq!(server.calls().len(), before + 2, "{method}");
        let got = text(client.get("/a")).await;
        assert!(got.starts_with("GET"), "{method} answered a GET: {got}");
    }
    let before = server.calls().len();
    text(client.get("/a")).await;
    assert_eq!(server.calls().len(), before);
}

#[tokio::test(start_paused = true)]
async fn ic80_an_overlay_is_a_client_over_the_client_and_its_cache_is_cleared_by_its_handle() {
    let cache = CacheLayer::private();
    let handle = cache.handle();
    let (client, server) = scripted_with([telling()], |b| b.cache(cache));
    let of = |tenant: &'static str| {
        let marked = move |mut request: Request<Body>| {
            let name = HeaderValue::from_static(tenant);
            request.headers_mut().insert("x-tenant", name);
            request.extensions_mut().insert(Partition::named(tenant));
            request
        };
        Client::from_service(client.clone().map_request(marked))
    };
    let uri = "http://api.example/v1/a";
    let (a, b) = (of("a"), of("b"));
    let first = text(a.get(uri)).await;
    assert_eq!(text(a.get(uri)).await, first);
    assert_ne!(text(b.get(uri)).await, first);
    text(client.get(uri)).await;
    let calls = server.calls();
    let tenants: Vec<_> = calls.iter().map(|call| call.header("x-tenant")).collect();
    assert_eq!(tenants, [Some("a"), Some("b"), None]);
    assert_eq!(handle.clear().await, 3);
    assert_ne!(text(a.get(uri)).await, first);
    assert_eq!(server.calls().len(), 4);
}
