use std::time::SystemTime;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use axum::routing::get;
use buttress_kernel::key::Header;
use buttress_kernel::{Policy, Quota};
use buttress_rate_limit::Override;
use http::{HeaderName, Request};
use tower::ServiceExt;

use crate::support::{ms, per_second, secs};

fn request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn answer(app: &Router, request: Request<Body>) -> Response {
    let Ok(response) = app.clone().oneshot(request).await;
    response
}

#[tokio::test(start_paused = true)]
async fn trap4_ten_routes_share_one_limit() {
    let layer = per_second(1, 10).reject().answering();
    let handle = layer.handle();
    let mut app = Router::new();
    for number in 0..10 {
        app = app.route(&format!("/{number}"), get(async || "well"));
    }
    let app = app.layer(layer);
    for number in 0..10 {
        let response = answer(&app, request(&format!("/{number}"))).await;
        assert_eq!(response.status(), 200);
    }
    for number in 0..10 {
        let response = answer(&app, request(&format!("/{number}"))).await;
        assert_eq!(response.status(), 429);
    }
    assert_eq!((handle.granted(), handle.rejected()), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn trap15_a_refusal_is_a_429_whose_retry_after_is_rounded_up() {
    let app = Router::new().route("/", get(async || "well"));
    let app = app.layer(per_second(10, 1).reject().answering());
    answer(&app, request("/")).await;
    let refusal = answer(&app, request("/")).await;
    assert_eq!(refusal.status(), 429);
    assert_eq!(refusal.headers()["retry-after"], "1");
    tokio::time::advance(ms(100)).await;
    assert_eq!(answer(&app, request("/")).await.status(), 200);
}

#[tokio::test(start_paused = true)]
async fn every_answer_tells_what_is_left() {
    let app = Router::new().route("/", get(async || "well"));
    let app = app.layer(per_second(10, 25).reject().answering());
    let response = answer(&app, request("/")).await;
    let headers = response.headers();
    assert_eq!(headers["ratelimit-policy"], r#""default";q=25;w=3"#);
    assert_eq!(headers["ratelimit"], r#""default";r=24;t=1"#);
    // Read with the eyes of a client.
    let quota = Quota::parse(headers, SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!((quota.remaining(), quota.resets_in()), (24, secs(1)));
    assert_eq!(Policy::parse(headers)[0].quota(), 25);
    let mut dear = request("/");
    dear.extensions_mut().insert(Override::new().cost(24));
    answer(&app, dear).await;
    let refusal = answer(&app, request("/")).await;
    assert_eq!(refusal.headers()["ratelimit"], r#""default";r=0;t=3"#);
}

#[tokio::test(start_paused = true)]
async fn a_cost_that_no_bucket_pays_is_a_429_without_a_time() {
    let app = Router::new().route("/", get(async || "well"));
    let app = app.layer(per_second(10, 2).answering());
    let mut dear = request("/");
    dear.extensions_mut().insert(Override::new().cost(3));
    let refusal = answer(&app, dear).await;
    assert_eq!(refusal.status(), 429);
    assert!(!refusal.headers().contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn each_caller_is_told_of_its_own_bucket() {
    let tenant = HeaderName::from_static("x-tenant");
    let app = Router::new().route("/", get(async || "well"));
    let app = app.layer(per_second(1, 5).key(Header(tenant)).answering());
    let of = |tenant: &str| {
        let mut request = request("/");
        request
            .headers_mut()
            .insert("x-tenant", tenant.parse().unwrap());
        request
    };
    for (tenant, left) in [("a", 4), ("b", 4), ("a", 3)] {
        let response = answer(&app, of(tenant)).await;
        let quota = Quota::parse(response.headers(), SystemTime::UNIX_EPOCH);
        assert_eq!(quota.unwrap().remaining(), left, "{tenant}");
    }
}
