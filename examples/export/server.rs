//! The server: orders that are made up as they are asked for, and one failure.

use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::Query;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

pub(crate) const ORDERS: u64 = 2_000;

/// Starts it and says where it is.
pub(crate) async fn start() -> std::io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    let orders = Router::new().route("/orders", get(orders));
    tokio::spawn(async move { axum::serve(listener, orders).await });
    Ok(uri)
}

#[derive(Deserialize)]
struct Asked {
    year: u16,
    limit: u64,
    cursor: Option<u64>,
}

async fn orders(Query(asked): Query<Asked>) -> Result<Json<Value>, StatusCode> {
    static BROKEN: AtomicBool = AtomicBool::new(true);
    let from = asked.cursor.unwrap_or(0);
    if asked.year != 2026 || from == ORDERS / 2 && BROKEN.swap(false, Ordering::Relaxed) {
        return Err(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let to = (from + asked.limit).min(ORDERS);
    let data: Vec<_> = (from..to)
        .map(|id| json!({"id": id, "cents": id % 100}))
        .collect();
    let next = (to < ORDERS).then_some(to);
    Ok(Json(
        json!({"data": data, "nextCursor": next, "total": ORDERS}),
    ))
}
