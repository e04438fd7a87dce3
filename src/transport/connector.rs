use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::BoxError;
use http::Uri;
use http::uri::Scheme;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use tokio::time::Instant;
use tower::ServiceExt;
use tower_service::Service;

use super::resolver::Resolver;
use super::route::{Route, Way};
use super::stream::Stream;

/// Makes connections: resolves, connects, goes through a proxy and shakes hands, within one limit.
// Behind an `Arc`, because hyper-util clones its connector twice for each request.
#[derive(Clone)]
pub(super) struct Connector(Arc<Ways>);

pub(super) struct Ways {
    /// TCP, and TLS with the protocols that we speak.
    pub(super) direct: HttpsConnector<HttpConnector<Resolver>>,
    /// TCP, and TLS without ALPN: `CONNECT` and forwarding are HTTP/1.1.
    pub(super) to_proxy: HttpsConnector<HttpConnector<Resolver>>,
    /// For TLS inside a tunnel.
    pub(super) tls: Arc<ClientConfig>,
    pub(super) route: Route,
    pub(super) timeout: Option<Duration>,
    /// HTTP/2 is spoken whatever ALPN says.
    pub(super) http2_only: bool,
}

impl Connector {
    pub(super) fn new(ways: Ways) -> Self {
        Self(Arc::new(ways))
    }

    pub(super) fn route(&self) -> &Route {
        &self.0.route
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, destination: Uri) -> Self::Future {
        let ways = Arc::clone(&self.0);
        Box::pin(async move {
            let stream = ways.connect_in_time(destination).await?;
            Ok(TokioIo::new(stream))
        })
    }
}

impl Ways {
    async fn connect_in_time(&self, destination: Uri) -> Result<Stream, BoxError> {
        let start = Instant::now();
        let host = destination.host().unwrap_or_default().to_owned();
        let connecting = self.connect(destination);
        let stream = match self.timeout {
            Some(limit) => tokio::time::timeout(limit, connecting)
                .await
                .map_err(|_| ConnectTimedOut { after: limit })??,
            None => connecting.await?,
        };
        let stream = stream.with_http2(self.http2_only);
        tracing::debug!(
            host,
            http2 = stream.speaks_http2(),
            duration_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            "connected",
        );
        Ok(stream)
    }

    async fn connect(&self, destination: Uri) -> Result<Stream, BoxError> {
        match self.route.way(&destination)? {
            Way::Direct => {
                let connected = self.direct.clone().oneshot(destination).await;
                connected.map(Stream::direct)
            }
            Way::Forwarded(proxy) => {
                let connected = self.to_proxy.clone().oneshot(proxy.uri().clone()).await;
                connected.map(Stream::forwarded)
            }
            Way::Tunnelled(proxy) => self.tunnel(&proxy, destination).await,
        }
    }

    async fn tunnel(&self, proxy: &Intercept, destination: Uri) -> Result<Stream, BoxError> {
        let mut tunnel = Tunnel::new(proxy.uri().clone(), self.to_proxy.clone());
        if let Some(credentials) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(credentials.clone());
        }
        let through = HttpsConnector::from((tunnel, Arc::clone(&self.tls)));
        through
            .oneshot(with_port(destination))
            .await
            .map(Stream::tunnelled)
    }
}

/// The same destination with its port written out: a tunnel takes a missing one for 443.
fn with_port(destination: Uri) -> Uri {
    if destination.port().is_some() || destination.scheme() != Some(&Scheme::HTTP) {
        return destination;
    }
    let host = destination.host().unwrap_or_default();
    let explicit = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(format!("{host}:80"))
        .path_and_query("/")
        .build();
    explicit.unwrap_or(destination)
}

/// No connection was made within the [limit](super::TransportBuilder::connect_timeout).
#[derive(Debug)]
pub struct ConnectTimedOut {
    after: Duration,
}

impl ConnectTimedOut {
    /// The limit that ran out.
    #[must_use]
    pub const fn after(&self) -> Duration {
        self.after
    }
}

impl fmt::Display for ConnectTimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no connection within {:?}", self.after)
    }
}

impl Error for ConnectTimedOut {}
