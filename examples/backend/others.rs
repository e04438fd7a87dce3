//! The other servers, and a way to start one.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

/// Serves on a free port of this machine until the program ends, and tells where.
pub(crate) async fn start(routes: Router) -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(uri)
}

/// Pages for everybody.
pub(crate) fn pages() -> Router {
    let slow = || tokio::time::sleep(Duration::from_secs(3_600));
    Router::new()
        .route("/help", get(|| async { "Ask Ada." }))
        .route("/slow", get(slow))
}

/// Knows users by their sessions.
pub(crate) fn users() -> Router {
    Router::new().route("/me", get(me))
}

async fn me(headers: HeaderMap) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text("x-service-key") != Some(crate::KEY) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Some(user) = text("cookie").and_then(|cookie| cookie.strip_prefix("session=")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let from = text("x-forwarded-for").unwrap_or_default();
    let said = format!("You are {user}, and you ask from {from}.");
    ([("cache-control", "max-age=60")], said).into_response()
}
