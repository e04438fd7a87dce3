use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName};
use http::{Extensions, HeaderValue};

/// The list of the addresses that a request has come through.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Whether it is a field that a proxy in front of us writes for those behind it, and that anybody else can write.
pub(crate) fn is_about_the_way(name: &HeaderName) -> bool {
    const NAMES: [&str; 4] = ["forwarded", "x-real-ip", "x-client-ip", "true-client-ip"];
    name.as_str().starts_with("x-forwarded-") || NAMES.contains(&name.as_str())
}

type Find = Arc<dyn Fn(&Extensions) -> Option<IpAddr> + Send + Sync>;
type Trust = Arc<dyn Fn(IpAddr) -> bool + Send + Sync>;

/// Where a request comes from, for the next server to be told in `X-Forwarded-For`.
///
/// Anybody can write that field, so what a request says there counts for nothing unless the one who handed it to us
/// is [trusted](Self::trusting). The peer's own address is known from the connection.
///
/// ```
/// use std::net::{IpAddr, SocketAddr};
/// use buttress::forward::ClientAddress;
///
/// // What the server has put there: with axum, `ConnectInfo<SocketAddr>`.
/// # #[derive(Clone)] struct ConnectInfo<T>(T);
/// let peer = ClientAddress::of(|extensions| {
///     extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
/// });
/// // Behind a load balancer on this machine.
/// let address = peer.trusting(|hop: IpAddr| hop.is_loopback());
/// # let _ = address;
/// ```
#[derive(Clone)]
pub struct ClientAddress {
    peer: Find,
    trust: Option<Trust>,
}

impl ClientAddress {
    /// The peer's address is what `peer` finds among a request's extensions, where the server has put it.
    #[must_use]
    pub fn of(peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        Self {
            peer: Arc::new(peer),
            trust: None,
        }
    }

    /// Believes the `X-Forwarded-For` of a peer for whom `trust` holds, and appends the peer to it. That of others
    /// is left out.
    #[must_use]
    pub fn trusting(mut self, trust: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.trust = Some(Arc::new(trust));
        self
    }

    pub(crate) fn peer(&self, extensions: &Extensions) -> Option<IpAddr> {
        (self.peer)(extensions).map(|peer| peer.to_canonical())
    }

    pub(crate) fn trusts(&self, peer: IpAddr) -> bool {
        self.trust.as_ref().is_some_and(|trust| trust(peer))
    }

    /// The field to send, without what is not believed; `None` where the peer is not known.
    pub(crate) fn field(
        &self,
        headers: &HeaderMap,
        extensions: &Extensions,
    ) -> Option<HeaderValue> {
        let peer = self.peer(extensions)?;
        let own = peer.to_string();
        let mut hops: Vec<&[u8]> = Vec::new();
        if self.trusts(peer) {
            let said = headers.get_all(X_FORWARDED_FOR).iter();
            hops.extend(said.map(HeaderValue::as_bytes));
        }
        hops.push(own.as_bytes());
        HeaderValue::from_bytes(&hops.join(&b", "[..])).ok()
    }
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress").finish_non_exhaustive()
    }
}
