use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use buttress_kernel::Body;
use rustls::ClientConfig;

use super::settings::Settings;
use super::{InvalidTransport, Proxy, Roots, Transport};

/// Sets a [`Transport`] up.
///
/// ```
/// use std::time::Duration;
/// use buttress::transport::Transport;
///
/// let transport = Transport::builder()
///     .connect_timeout(Duration::from_secs(3))
///     .pool_max_idle_per_host(32)
///     .https_only(true)
///     .build()?;
/// # Ok::<_, buttress::transport::InvalidTransport>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a builder does nothing until `build`"]
pub struct TransportBuilder {
    settings: Settings,
}

impl TransportBuilder {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Until a connection is ready, name, TCP, proxy and TLS included; `None` for no limit. 10 s unless
    /// set.
    ///
    /// A host's addresses share it, so that one that swallows packets leaves time for the next.
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.connect_timeout = limit.into();
        self
    }

    /// How long a connection is kept without use; `None` for as long as the server keeps it. 90 s
    /// unless set.
    ///
    /// Shorter than the server's own limit means fewer requests that meet a connection as it is closed.
    pub fn pool_idle_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.settings.pool_idle_timeout = limit.into();
        self
    }

    /// How many connections are kept for each host without use; no limit unless set, and 0 keeps
    /// none.
    ///
    /// It does not bound how many are open: each concurrent HTTP/1.1 request has one. Put a
    /// concurrency limit above the transport for that.
    pub fn pool_max_idle_per_host(mut self, connections: usize) -> Self {
        self.settings.pool_max_idle_per_host = connections;
        self
    }

    /// After how long without traffic TCP asks whether the peer is still there; `None`, the default,
    /// for never.
    pub fn tcp_keepalive(mut self, idle: impl Into<Option<Duration>>) -> Self {
        self.settings.tcp_keepalive = idle.into();
        self
    }

    /// Whether small writes go out at once instead of waiting for more (`TCP_NODELAY`). On unless set.
    pub fn tcp_nodelay(mut self, nodelay: bool) -> Self {
        self.settings.tcp_nodelay = nodelay;
        self
    }

    /// The address from which connections are made; the operating system's choice unless set.
    pub fn local_address(mut self, address: impl Into<Option<IpAddr>>) -> Self {
        self.settings.local_address = address.into();
        self
    }

    /// The addresses of a host, instead of asking the resolver; none at all means that there is no such
    /// host. A port of 0 means the URI's.
    ///
    /// The name stays what it is for `Host` and TLS, so that a server can be tried under its real
    /// name before the name points to it.
    pub fn addresses(
        mut self,
        host: impl Into<String>,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Self {
        let host = host.into().to_ascii_lowercase();
        self.settings
            .addresses
            .insert(host, addresses.into_iter().collect());
        self
    }

    /// Speaks HTTP/1.1 alone. Off unless set: TLS decides by ALPN, plain text is HTTP/1.1.
    pub fn http1_only(mut self, only: bool) -> Self {
        self.settings.http1_only = only;
        self
    }

    /// Speaks HTTP/2 alone, on plain text too (prior knowledge,
    /// [RFC 9113 §3.3](https://www.rfc-editor.org/rfc/rfc9113#section-3.3)).
    #[cfg(feature = "http2")]
    pub fn http2_only(mut self, only: bool) -> Self {
        self.settings.http2_only = only;
        self
    }

    /// How often an HTTP/2 connection is pinged while requests are open; `None`, the default, for
    /// never.
    #[cfg(feature = "http2")]
    pub fn http2_keep_alive_interval(mut self, interval: impl Into<Option<Duration>>) -> Self {
        self.settings.http2.keep_alive_interval = interval.into();
        self
    }

    /// After how long without an answer to a ping an HTTP/2 connection counts as dead. 20 s unless set;
    /// of no effect without an [interval](Self::http2_keep_alive_interval).
    #[cfg(feature = "http2")]
    pub fn http2_keep_alive_timeout(mut self, limit: Duration) -> Self {
        self.settings.http2.keep_alive_timeout = limit;
        self
    }

    /// Whether HTTP/2 connections are pinged while no request is open, too. Off unless set.
    #[cfg(feature = "http2")]
    pub fn http2_keep_alive_while_idle(mut self, while_idle: bool) -> Self {
        self.settings.http2.keep_alive_while_idle = while_idle;
        self
    }

    /// How large the head of a response may be, in bytes: at least 8,192. Unless set, about 400 KiB on
    /// HTTP/1.1 and 16 KiB on HTTP/2.
    ///
    /// On HTTP/1.1 it also bounds what a connection buffers.
    pub fn max_header_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_header_bytes = Some(bytes);
        self
    }

    /// How many fields the head of an HTTP/1.1 response may have; 100 unless set, which is the fastest.
    pub fn max_headers(mut self, fields: usize) -> Self {
        self.settings.max_headers = Some(fields);
        self
    }

    /// Which certificate authorities are trusted; see [`Roots`] for the default.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.settings.roots = Some(roots);
        self
    }

    /// The whole of TLS: authorities, client certificates, versions, provider. Its ALPN list is
    /// replaced by the versions of HTTP that are spoken. A [proxy](Proxy) that is reached over https is trusted by the same
    /// authorities, and sees no client certificate.
    pub fn tls(mut self, config: impl Into<Arc<ClientConfig>>) -> Self {
        self.settings.tls = Some(config.into());
        self
    }

    /// Refuses plain `http`. Off unless set.
    pub fn https_only(mut self, only: bool) -> Self {
        self.settings.https_only = only;
        self
    }

    /// Which requests go through a proxy: as the [environment](Proxy::environment) says unless set.
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.settings.proxy = proxy;
        self
    }

    /// Whether hyper-util sends a request again by itself, when the kept connection that it was given
    /// turns out to be closed before anything was written. Off unless set.
    ///
    /// Such a request fails with [`Sent::No`](buttress_kernel::Sent::No), and a retry above repeats it,
    /// whatever its method: then the resend is counted, budgeted and told of. Without a retry above, turn
    /// it on.
    pub fn retry_canceled_requests(mut self, retry: bool) -> Self {
        self.settings.retry_canceled_requests = retry;
        self
    }

    /// Builds the transport. Reads the environment and, for native roots, the certificate store; makes
    /// no connection.
    ///
    /// # Errors
    ///
    /// When two settings contradict each other, a certificate cannot be read, or nobody is trusted.
    pub fn build(&self) -> Result<Transport, InvalidTransport> {
        self.build_for::<Body>()
    }

    /// Builds a transport for requests with bodies of another type than [`Body`].
    ///
    /// # Errors
    ///
    /// As [`build`](Self::build).
    pub fn build_for<B>(&self) -> Result<Transport<B>, InvalidTransport>
    where
        B: http_body::Body<Data: Send> + Send + Unpin,
        B::Error: Into<buttress_kernel::BoxError>,
    {
        self.settings.check()?;
        Transport::assemble(&self.settings)
    }
}
