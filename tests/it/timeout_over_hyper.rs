//! Limited uploads through a real HTTP/1 connection: a layer knows no transport, so this is here.

use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Failure};
use buttress_testkit::channel;
use buttress_timeout::body::UploadBody;
use buttress_timeout::{Elapsed, Phase, TimeoutLayer};
use futures_util::future::BoxFuture;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt};

/// A hyper connection as a service.
struct Connection(SendRequest<UploadBody<Body>>);

impl Service<Request<UploadBody<Body>>> for Connection {
    type Response = Response<Incoming>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Incoming>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<UploadBody<Body>>) -> Self::Future {
        let answer = self.0.send_request(request);
        Box::pin(async { Ok(answer.await?) })
    }
}

/// A connection, and the server's end of it.
async fn connect() -> (Connection, DuplexStream) {
    let (client, server) = duplex(16 * 1024);
    let (sender, connection) = handshake(TokioIo::new(client)).await.expect("a handshake");
    tokio::spawn(connection);
    (Connection(sender), server)
}

fn put(body: Body) -> Request<Body> {
    let request = Request::put("/file")
        .header("host", "api.example")
        .body(body);
    request.expect("a valid request")
}

const MEGABYTE: usize = 1 << 20;

/// Reads so many bytes at most, or to the end of the request's body of one megabyte.
async fn read(server: &mut DuplexStream, most: usize) {
    let mut left = most;
    let mut buffer = vec![0; 16 * 1024];
    while left > 0 {
        let read = server.read(&mut buffer).await.expect("bytes");
        left = left.saturating_sub(read);
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_reading_is_found_out() {
    let (connection, mut server) = connect().await;
    let service = TimeoutLayer::new(Duration::from_secs(60))
        .upload_idle(Duration::from_secs(2))
        .layer(connection);
    let start = Instant::now();
    let stalls = async {
        read(&mut server, 64 * 1024).await;
        std::future::pending::<()>().await;
    };
    let end = tokio::select! {
        end = service.oneshot(put(vec![7; MEGABYTE].into())) => end,
        () = stalls => unreachable!(),
    };
    let error = end.expect_err("the upload stands still");
    let elapsed = Failure::of(&*error).find::<Elapsed>().expect("our limit");
    assert_eq!(
        (elapsed.phase(), elapsed.after()),
        (Phase::RequestBody, Duration::from_secs(2))
    );
    assert_eq!(start.elapsed(), Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_slow_link_gets_everything_through() {
    let (connection, mut server) = connect().await;
    // What hyper holds in its buffer, some 400 KiB, counts as sent.
    let layer = TimeoutLayer::new(Duration::from_secs(8)).upload_idle(Duration::from_secs(2));
    tokio::spawn(async move {
        for _ in 0..MEGABYTE / (16 * 1024) {
            sleep(Duration::from_millis(200)).await;
            read(&mut server, 16 * 1024).await;
        }
        sleep(Duration::from_secs(1)).await;
        server
            .write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("an answer");
        std::future::pending::<()>().await;
    });
    let start = Instant::now();
    let end = layer
        .layer(connection)
        .oneshot(put(vec![7; MEGABYTE].into()))
        .await;
    assert_eq!(end.expect("an answer").status(), StatusCode::CREATED);
    assert!(
        start.elapsed() > Duration::from_secs(10),
        "longer than any limit: {:?}",
        start.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn a_source_of_ours_that_is_slow_is_waited_for() {
    let (connection, mut server) = connect().await;
    let layer = TimeoutLayer::new(Duration::from_secs(5)).upload_idle(Duration::from_secs(2));
    let (sender, body) = channel();
    tokio::spawn(async move {
        for _ in 0..3 {
            sleep(Duration::from_secs(4)).await;
            sender.data("frame");
        }
    });
    tokio::spawn(async move {
        let mut seen = Vec::new();
        while !seen.ends_with(b"0\r\n\r\n") {
            server.read_buf(&mut seen).await.expect("bytes");
        }
        server
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
            .expect("an answer");
        std::future::pending::<()>().await;
    });
    let start = Instant::now();
    let end = layer.layer(connection).oneshot(put(body)).await;
    assert_eq!(end.expect("an answer").status(), StatusCode::OK);
    assert_eq!(start.elapsed(), Duration::from_secs(12));
}
