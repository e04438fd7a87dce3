use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::Extensions;
use hyper_util::client::legacy::connect::{Connected, HttpInfo};

/// The connection on which a response came; in the extensions of every response.
///
/// ```
/// # use buttress::transport::Connection;
/// # fn show(response: &http::Response<()>) {
/// if let Some(connection) = response.extensions().get::<Connection>() {
///     println!("answered by {:?}", connection.remote_address());
/// }
/// # }
/// ```
#[derive(Clone)]
pub struct Connection(Arc<Wire>);

struct Wire {
    addresses: Option<(SocketAddr, SocketAddr)>,
    /// Whether the peer has said anything since we last did. Means something on HTTP/1 alone,
    /// where question and answer alternate.
    heard: AtomicBool,
}

impl Connection {
    /// With the addresses that the connector below has found.
    pub(super) fn of(connected: &Connected) -> Self {
        let mut extras = Extensions::new();
        connected.get_extras(&mut extras);
        let addresses = extras
            .get::<HttpInfo>()
            .map(|info| (info.remote_addr(), info.local_addr()));
        let heard = AtomicBool::new(false);
        Self(Arc::new(Wire { addresses, heard }))
    }

    /// The peer's address: the server's, or the proxy's where there is one.
    #[must_use]
    pub fn remote_address(&self) -> Option<SocketAddr> {
        self.0.addresses.map(|(remote, _)| remote)
    }

    /// Our own address.
    #[must_use]
    pub fn local_address(&self) -> Option<SocketAddr> {
        self.0.addresses.map(|(_, local)| local)
    }

    // Relaxed suffices below: whoever asks has been told of the connection's end through a channel,
    // which orders it after what the connection's task stored.

    pub(super) fn spoke(&self) {
        self.0.heard.store(false, Ordering::Relaxed);
    }

    pub(super) fn listened(&self) {
        self.0.heard.store(true, Ordering::Relaxed);
    }

    pub(super) fn has_heard(&self) -> bool {
        self.0.heard.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("remote_address", &self.remote_address())
            .field("local_address", &self.local_address())
            .finish()
    }
}
