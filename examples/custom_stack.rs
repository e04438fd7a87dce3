//! Our layers over a bare hyper-util client, without `buttress::Client`: any of them, in any order,
//! beside anybody else's.
//!
//! ```text
//! cargo run --example custom_stack
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use buttress::BoxError;
use buttress::retry::RetryLayer;
use buttress::retry_after::RetryAfterLayer;
use buttress::timeout::{DeadlineLayer, TimeoutLayer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt};

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let address = serve().await?;
    let hyper = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();

    let mut stack = ServiceBuilder::new()
        .layer(DeadlineLayer::new(Duration::from_secs(10)))
        .layer(RetryLayer::new())
        .layer(RetryAfterLayer::new())
        // Somebody else's layer among ours: each attempt takes one of 16 places.
        .layer(ConcurrencyLimitLayer::new(16))
        .layer(TimeoutLayer::new(Duration::from_secs(1)).body_idle(Duration::from_secs(1)))
        .service(hyper);

    let request = Request::get(format!("http://{address}/")).body(Full::default())?;
    let response = stack.ready().await?.call(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    println!("{status}: {}", String::from_utf8_lossy(&body));
    assert_eq!(body, "this is request 3");
    Ok(())
}

/// A server on a free port that fails its first two requests.
async fn serve() -> std::io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let requests = &AtomicU32::new(0);
        while let Ok((stream, _)) = listener.accept().await {
            let service = hyper::service::service_fn(|_| async {
                let number = requests.fetch_add(1, Ordering::Relaxed) + 1;
                let body = Full::new(Bytes::from(format!("this is request {number}")));
                let status = if number < 3 { 503 } else { 200 };
                Response::builder().status(status).body(body)
            });
            let connection = hyper::server::conn::http1::Builder::new();
            connection
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        }
    });
    Ok(address)
}
