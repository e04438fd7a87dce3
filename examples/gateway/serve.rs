//! Sockets, HTTP/1.1 and HTTP/2 by prior knowledge, and a way to stop.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use buttress::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower::Service;

/// How long calls that are under way may take to end once a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until SIGTERM or SIGINT, then lets calls under way end.
pub(crate) async fn serve<S, F>(listener: TcpListener, service: S) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = F>,
    S: Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let connections = GracefulShutdown::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of file descriptors, most often: others may close theirs.
                    eprintln!("gateway: cannot accept a connection: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        };
        // Small pieces of a stream go out as they come.
        let _ = stream.set_nodelay(true);
        let connection = server()
            .serve_connection(
                TokioIo::new(stream),
                TowerToHyperService::new(service.clone()),
            )
            .into_owned();
        let connection = connections.watch(connection);
        // How a client's connection ends is the client's business.
        tokio::spawn(async move { connection.await.ok() });
    }
    drop(listener);
    drain(connections).await;
    Ok(())
}

/// The upstream's `Date` passes unchanged, and none is made up.
fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .auto_date_header(false)
        .timer(TokioTimer::new());
    server
        .http2()
        .auto_date_header(false)
        .timer(TokioTimer::new());
    server
}

async fn drain(connections: GracefulShutdown) {
    eprintln!(
        "gateway: stopping; {} connections are open",
        connections.count()
    );
    if tokio::time::timeout(DRAIN, connections.shutdown())
        .await
        .is_err()
    {
        eprintln!(
            "gateway: calls still under way after {} s are cut",
            DRAIN.as_secs()
        );
    }
}
