//! Responses to POST that say themselves that they are what GET would have got (RFC 9110 §9.3.3).

use buttress_cache::{CacheLayer, Mode, Override};
use buttress_kernel::Body;
use buttress_testkit::Step;
use http::{Method, Request};

use crate::support::*;

fn post(mut request: Request<Body>) -> Request<Body> {
    *request.method_mut() = Method::POST;
    request
}

fn posted(body: &'static str) -> Step {
    fresh(body).header("content-location", "/a")
}

#[tokio::test(start_paused = true)]
async fn a_response_to_post_that_says_what_it_is_answers_a_later_get() {
    let step = fresh("posted").header("content-location", "http://api.example/a");
    let (service, server) = over(&private(), [step, fresh("got")]);
    assert_eq!(send(&service, post(get("/a"))).await.body, "posted");
    assert_eq!(send(&service, get("/a")).await.body, "posted");
    assert_eq!(server.calls().len(), 1);
}

/// Whether the response to a POST with this field answers a later GET without it.
async fn is_kept(layer: &CacheLayer, control: &str, name: &'static str, value: &str) -> bool {
    let step = Step::ok().header("cache-control", control).body("posted");
    let step = step.header("content-location", "/a");
    let (service, _) = over(layer, [step, fresh("got")]);
    send(&service, post(with(get("/a"), name, value))).await;
    let kept = send(&service, get("/a")).await.body == "posted";
    layer.handle().clear().await;
    kept
}

#[tokio::test(start_paused = true)]
async fn what_a_post_says_to_caches_counts_as_that_of_a_get() {
    for layer in [private(), shared()] {
        for (value, kept) in [
            ("x", true),
            ("no-cache, max-age=0", true),
            ("x, No-Store", false),
        ] {
            let is_kept = is_kept(&layer, "max-age=60", "cache-control", value).await;
            assert_eq!(is_kept, kept, "{value}");
        }
        let (service, _) = over(&layer, [posted("posted"), fresh("got")]);
        let unkept = asking(get("/a"), Override::new().mode(Mode::NoStore));
        send(&service, post(unkept)).await;
        assert_eq!(send(&service, get("/a")).await.body, "got");
    }
}

#[tokio::test(start_paused = true)]
async fn trap16_a_shared_cache_keeps_a_response_to_post_with_credentials_where_that_is_allowed() {
    for (control, kept) in [
        ("max-age=60", false),
        ("max-age=60, public", true),
        ("max-age=60, must-revalidate", true),
        ("s-maxage=60", true),
    ] {
        let is_kept = is_kept(&shared(), control, "authorization", "Bearer ann").await;
        assert_eq!(is_kept, kept, "{control}");
    }
}

#[tokio::test(start_paused = true)]
async fn w07_what_one_user_posted_in_a_private_cache_answers_that_user_alone() {
    let (service, server) = over(&private(), [posted("of ann"), fresh("of bob")]);
    let of = |user: &str| with(get("/a"), "authorization", user);
    send(&service, post(of("Bearer ann"))).await;
    for (user, body) in [
        ("Bearer ann", "of ann"),
        ("Bearer bob", "of bob"),
        ("Bearer ann", "of ann"),
    ] {
        assert_eq!(send(&service, of(user)).await.body, body);
    }
    assert_eq!(server.calls().len(), 2);
}
