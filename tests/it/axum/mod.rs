//! The client in axum applications, over real sockets.

mod edge;
mod errors;
mod extractors;
mod forward;
mod own;
mod proxy;
mod strangers;
mod te;
mod uploads;
mod users;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use buttress::{Body, Client};
use http::Response;

/// A running application; it ends when this is dropped.
struct Server {
    address: SocketAddr,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Serves on a free port; handlers can ask who is there.
    async fn start(app: Router) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = app.into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { address, task }
    }

    fn uri(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that passes on whatever comes, for the one who asks.
fn plain() -> Client {
    let builder = Client::builder().retry(None).retry_after(None);
    builder.build().unwrap()
}

/// The status line of the answer to these bytes, and the answer.
async fn exchange(address: SocketAddr, request: String) -> (u16, String) {
    let answer = tokio::task::spawn_blocking(move || {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    let answer = answer.await.unwrap();
    let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect(&answer), answer)
}

/// Answers with the request's line and its header, one line for each, sorted.
async fn mirror(request: Request) -> String {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let lines = parts.headers.iter();
    let mut lines: Vec<_> = lines
        .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()))
        .collect();
    lines.sort();
    let line = format!("{} {}\n", parts.method, parts.uri);
    line + &lines.concat() + &String::from_utf8_lossy(&body)
}

/// The layer that a problem document names, and its text.
async fn problem(response: Response<Body>) -> (String, String) {
    use http_body_util::BodyExt;
    assert_eq!(
        response.headers()["content-type"],
        "application/problem+json"
    );
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8(body.to_vec()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["type"], "about:blank");
    assert_eq!(document["status"], status.as_u16());
    assert_eq!(document["title"], status.canonical_reason().unwrap());
    assert!(!document["detail"].as_str().unwrap().is_empty());
    let layer = document["layer"].as_str().unwrap_or_default();
    (layer.to_owned(), text)
}
