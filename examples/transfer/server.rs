//! The server: one file, with ranges. Its first answer to a GET breaks off in the middle.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use bytes::Bytes;
use futures_util::stream;
use tokio::net::TcpListener;

#[derive(Default)]
struct Shelf {
    file: Bytes,
    was_cut: bool,
}

type Shared = Arc<Mutex<Shelf>>;

/// Starts it and says where it is.
pub(crate) async fn start() -> std::io::Result<String> {
    let router = Router::new()
        .route("/file", put(store).get(fetch))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(Shared::default());
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let uri = format!("http://{}", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(uri)
}

async fn store(State(shelf): State<Shared>, file: Bytes) -> StatusCode {
    shelf.lock().unwrap_or_else(PoisonError::into_inner).file = file;
    StatusCode::NO_CONTENT
}

async fn fetch(State(shelf): State<Shared>, headers: HeaderMap) -> Response {
    let mut shelf = shelf.lock().unwrap_or_else(PoisonError::into_inner);
    let length = shelf.file.len();
    let range = headers.get("range").and_then(|range| range.to_str().ok());
    let start: Option<usize> = range.and_then(|range| {
        range
            .strip_prefix("bytes=")?
            .strip_suffix('-')?
            .parse()
            .ok()
    });
    match start {
        Some(start) if start < length => {
            let range = format!("bytes {start}-{}/{length}", length - 1);
            let head = [("etag", "\"1\"".to_owned()), ("content-range", range)];
            (StatusCode::PARTIAL_CONTENT, head, shelf.file.slice(start..)).into_response()
        }
        _ if !std::mem::replace(&mut shelf.was_cut, true) => {
            let half = shelf.file.slice(..length / 2);
            let cut = Err(std::io::Error::other("cut"));
            let head = [
                ("etag", "\"1\"".to_owned()),
                ("content-length", length.to_string()),
            ];
            (head, Body::from_stream(stream::iter([Ok(half), cut]))).into_response()
        }
        _ => ([("etag", "\"1\"")], shelf.file.clone()).into_response(),
    }
}
