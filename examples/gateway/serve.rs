//! Sockets, HTTP/1.1 and HTTP/2 by prior knowledge, and a way to stop.
//!
//! A client that leaves cancels its call, with one exception: as long as a second request lies unread
//! behind the first one on an HTTP/1.1 connection (pipelining), hyper does not read on and so does not
//! notice that the connection ended. `--timeout` and `--total` bound what such a call may cost.

use std::convert::Infallible;
use std::time::Duration;

use buttress::Body;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tower::Service;

use crate::stop::Stop;

/// How long connections may take to end once a stop was asked for.
const DRAIN: Duration = Duration::from_secs(10);

/// How long a client may take over a request's head, and how long an idle connection is kept. Less
/// than [`DRAIN`], so that half a head does not hold the end up; well above the time after which
/// usual clients leave an idle connection, so that they do not send on one that is being closed.
const HEAD: Duration = Duration::from_secs(8);

/// After how long an HTTP/2 client is asked whether it is still there.
const PING: Duration = Duration::from_secs(5);

/// How long it may take to answer. Together with [`PING`] less than [`DRAIN`].
const PONG: Duration = Duration::from_secs(3);

/// Serves until it is asked to stop, then lets calls under way end. Asked once more, it ends at
/// once.
pub(crate) async fn serve<S, F>(listener: TcpListener, service: S, mut stop: Stop)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = F>,
    S: Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    let connections = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.asked() => break,
        };
        match accepted {
            Ok((stream, _)) => start(&connections, stream, service.clone()),
            Err(error) => {
                // Out of file descriptors, most often: others may close theirs.
                eprintln!("gateway: cannot accept a connection: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    drain(connections, stop).await;
}

fn start<S, F>(connections: &GracefulShutdown, stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future = F>,
    S: Clone + Send + 'static,
    F: Future<Output = Result<Response<Body>, Infallible>> + Send + 'static,
{
    // Small pieces of a stream go out as they come.
    let _ = stream.set_nodelay(true);
    let connection = server()
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
        .into_owned();
    let connection = connections.watch(connection);
    // How a client's connection ends is the client's business.
    tokio::spawn(async move { connection.await.ok() });
}

/// The upstream's `Date` passes unchanged, and none is made up.
fn server() -> auto::Builder<TokioExecutor> {
    let mut server = auto::Builder::new(TokioExecutor::new());
    server
        .http1()
        .auto_date_header(false)
        .header_read_timeout(HEAD)
        .timer(TokioTimer::new());
    server
        .http2()
        .auto_date_header(false)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PONG)
        .timer(TokioTimer::new());
    server
}

async fn drain(connections: GracefulShutdown, mut stop: Stop) {
    eprintln!(
        "gateway: stopping; {} connections are open",
        connections.count()
    );
    tokio::select! {
        () = connections.shutdown() => {}
        () = tokio::time::sleep(DRAIN) => eprintln!(
            "gateway: connections still open after {} s are cut",
            DRAIN.as_secs()
        ),
        () = stop.asked() => eprintln!("gateway: asked again; open connections are cut"),
    }
}
