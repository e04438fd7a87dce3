//! Layers of this family around a server's own routes.

use std::time::Duration;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::routing::get;
use buttress::axum::handle_error;
use buttress::{BoxError, RateLimitLayer, TimeoutLayer};
use http::StatusCode;
use http_body_util::BodyExt;
use tower::{ServiceBuilder, service_fn};

use super::{Server, plain};

async fn status(server: &Server, path: &str) -> (u16, Option<String>) {
    let response = plain().get(server.uri(path)).send().await.unwrap();
    let pause = response.headers().get("retry-after");
    let pause = pause.map(|pause| pause.to_str().unwrap().to_owned());
    (response.status().as_u16(), pause)
}

#[tokio::test]
async fn a_layers_error_is_answered_by_its_kind() {
    let slow = || async {
        tokio::time::sleep(Duration::from_secs(3_600)).await;
    };
    let in_time = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(TimeoutLayer::new(Duration::from_millis(20)));
    let limited = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .layer(RateLimitLayer::per_second(1).unwrap().reject());
    let app = Router::new()
        .route("/slow", get(slow).layer(in_time))
        .route("/limited", get(|| async {}).layer(limited));
    let server = Server::start(app).await;
    assert_eq!(status(&server, "/slow").await, (503, None));
    assert_eq!(status(&server, "/limited").await, (200, None));
    let refused = (429, Some("1".to_owned()));
    assert_eq!(status(&server, "/limited").await, refused);
}

#[tokio::test]
async fn a_strangers_error_is_the_servers_own() {
    let broken = service_fn(|_: axum::extract::Request| async {
        Err::<axum::response::Response, BoxError>("s3cret".into())
    });
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(handle_error))
        .service(broken);
    let server = Server::start(Router::new().route_service("/", service)).await;
    let response = plain().get(server.uri("/")).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body);
    assert!(!text.contains("s3cret"), "{text}");
}

#[tokio::test]
async fn a_client_can_be_mounted_where_errors_are_handled() {
    let client = buttress::Client::builder()
        .base_uri("http://127.0.0.1:1")
        .retry(None)
        .build()
        .unwrap();
    let service = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|error: buttress::Error| {
            handle_error(error.into())
        }))
        .service(client);
    let server = Server::start(Router::new().fallback_service(service)).await;
    assert_eq!(status(&server, "/").await, (502, None));
}
