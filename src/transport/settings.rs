use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body::Body;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;

use super::connector::{Connector, Ways};
use super::resolver::{Resolver, Table};
use super::te::Versions;
use super::{InvalidTransport, Proxy, Roots, tls};

/// hyper panics on less.
const SMALLEST_BUFFER: usize = 8192;

/// What a builder has been told.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) connect_timeout: Option<Duration>,
    pub(super) pool_idle_timeout: Option<Duration>,
    pub(super) pool_max_idle_per_host: usize,
    pub(super) tcp_keepalive: Option<Duration>,
    pub(super) tcp_nodelay: bool,
    pub(super) local_address: Option<IpAddr>,
    pub(super) addresses: Table,
    pub(super) http1_only: bool,
    pub(super) http2_only: bool,
    pub(super) http2: Http2,
    pub(super) max_header_bytes: Option<usize>,
    pub(super) max_headers: Option<usize>,
    pub(super) roots: Option<Roots>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) https_only: bool,
    pub(super) proxy: Proxy,
    pub(super) retry_canceled_requests: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Http2 {
    pub(super) keep_alive_interval: Option<Duration>,
    pub(super) keep_alive_timeout: Duration,
    pub(super) keep_alive_while_idle: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect_timeout: Some(Duration::from_secs(10)),
            pool_idle_timeout: Some(Duration::from_secs(90)),
            pool_max_idle_per_host: usize::MAX,
            tcp_keepalive: None,
            tcp_nodelay: true,
            local_address: None,
            addresses: Table::new(),
            http1_only: false,
            http2_only: false,
            http2: Http2::default(),
            max_header_bytes: None,
            max_headers: None,
            roots: None,
            tls: None,
            https_only: false,
            proxy: Proxy::default(),
            retry_canceled_requests: false,
        }
    }
}

impl Default for Http2 {
    fn default() -> Self {
        Self {
            keep_alive_interval: None,
            keep_alive_timeout: Duration::from_secs(20),
            keep_alive_while_idle: false,
        }
    }
}

impl Settings {
    pub(super) fn check(&self) -> Result<(), InvalidTransport> {
        let limits = [
            self.connect_timeout,
            self.pool_idle_timeout,
            self.tcp_keepalive,
            self.http2.keep_alive_interval,
            Some(self.http2.keep_alive_timeout),
        ];
        if limits.contains(&Some(Duration::ZERO)) {
            return Err(InvalidTransport::no_time());
        }
        if self.http1_only && self.http2_only {
            return Err(InvalidTransport::no_version());
        }
        if self
            .max_header_bytes
            .is_some_and(|max| max < SMALLEST_BUFFER || u32::try_from(max).is_err())
        {
            return Err(InvalidTransport::small_head());
        }
        if self.http2.keep_alive_while_idle && self.http2.keep_alive_interval.is_none() {
            return Err(InvalidTransport::idle_without_interval());
        }
        if self.roots.is_some() && self.tls.is_some() {
            return Err(InvalidTransport::two_trusts());
        }
        Ok(())
    }

    pub(super) fn connector(&self) -> Result<Connector, InvalidTransport> {
        let tls = match &self.tls {
            Some(config) => Arc::clone(config),
            None => Arc::new(tls::config(&self.roots.clone().unwrap_or_default())?),
        };
        let alpn = tls::offering(&tls, self.protocols());
        let tcp = self.tcp();
        Ok(Connector::new(Ways {
            direct: HttpsConnector::from((tcp.clone(), Arc::clone(&alpn))),
            to_proxy: HttpsConnector::from((tcp, tls::for_proxy(&tls))),
            tls: alpn,
            route: self.proxy.route(self.http2_only)?,
            timeout: self.connect_timeout,
            http2_only: self.http2_only,
        }))
    }

    pub(super) const fn versions(&self) -> Versions {
        match (
            self.http1_only || cfg!(not(feature = "http2")),
            self.http2_only,
        ) {
            (true, _) => Versions::Http1,
            (_, true) => Versions::Http2,
            (_, false) => Versions::Either,
        }
    }

    fn protocols(&self) -> &'static [&'static [u8]] {
        match self.versions() {
            Versions::Http1 => &[b"http/1.1"],
            Versions::Http2 => &[b"h2"],
            Versions::Either => &[b"h2", b"http/1.1"],
        }
    }

    fn tcp(&self) -> HttpConnector<Resolver> {
        let mut tcp = HttpConnector::new_with_resolver(Resolver::new(self.addresses.clone()));
        // Other schemes are refused before a connection is asked for.
        tcp.enforce_http(false);
        // Also here, because it divides the time among the addresses of a host: one that swallows
        // packets does not use up the time of those behind it.
        tcp.set_connect_timeout(self.connect_timeout);
        tcp.set_keepalive(self.tcp_keepalive);
        tcp.set_nodelay(self.tcp_nodelay);
        tcp.set_local_address(self.local_address);
        tcp
    }

    pub(super) fn client<B>(&self, connector: Connector) -> Client<Connector, B>
    where
        B: Body<Data: Send> + Send,
    {
        let mut builder = Client::builder(TokioExecutor::new());
        builder
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.pool_idle_timeout)
            .pool_max_idle_per_host(self.pool_max_idle_per_host)
            .retry_canceled_requests(self.retry_canceled_requests);
        if let Some(max) = self.max_header_bytes {
            builder.http1_max_buf_size(max);
        }
        if let Some(max) = self.max_headers {
            builder.http1_max_headers(max);
        }
        #[cfg(feature = "http2")]
        self.set_http2(&mut builder);
        builder.build(connector)
    }

    #[cfg(feature = "http2")]
    fn set_http2(&self, builder: &mut hyper_util::client::legacy::Builder) {
        builder
            .http2_only(self.http2_only)
            .http2_keep_alive_interval(self.http2.keep_alive_interval)
            .http2_keep_alive_timeout(self.http2.keep_alive_timeout)
            .http2_keep_alive_while_idle(self.http2.keep_alive_while_idle);
        if let Some(max) = self.max_header_bytes {
            builder.http2_max_header_list_size(u32::try_from(max).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpSocket};
    use tower::ServiceExt;

    use super::*;

    /// Whether the sockets of these settings have `TCP_NODELAY` and `SO_KEEPALIVE`.
    async fn options(settings: &Settings) -> (bool, bool) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uri = format!("http://{}/", listener.local_addr().unwrap());
        let stream = settings
            .tcp()
            .oneshot(uri.parse().unwrap())
            .await
            .unwrap()
            .into_inner();
        let nodelay = stream.nodelay().unwrap();
        let socket = TcpSocket::from_std_stream(stream.into_std().unwrap());
        (nodelay, socket.keepalive().unwrap())
    }

    #[tokio::test]
    async fn options_of_sockets_are_set() {
        let mut settings = Settings::default();
        assert_eq!(options(&settings).await, (true, false));
        settings.tcp_nodelay = false;
        settings.tcp_keepalive = Some(Duration::from_secs(60));
        assert_eq!(options(&settings).await, (false, true));
    }
}
