use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::header::{HeaderMap, HeaderName};
use http::{Extensions, HeaderValue};

/// The list of the addresses that a request has come through.
pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
    kept: Vec<HeaderName>,
    /// Whether somebody was told that there are no addresses.
    is_missed: Arc<AtomicBool>,
}

/// What the next server is told.
pub(crate) struct Told {
    pub(crate) field: HeaderValue,
    pub(crate) is_peer_trusted: bool,
}

impl ClientAddress {
    /// The peer's address is what `peer` finds among a request's extensions, where the server has put it. Where it finds
    /// none nothing is told, and the first time there is an event of the level warn: a server that does not put it
    /// there never will.
    #[must_use]
    pub fn of(peer: impl Fn(&Extensions) -> Option<IpAddr> + Send + Sync + 'static) -> Self {
        Self {
            peer: Arc::new(peer),
            trust: None,
            kept: Vec::new(),
            is_missed: Arc::default(),
        }
    }

    /// Believes the `X-Forwarded-For` of a peer for whom `trust` holds. That of others is left out.
    ///
    /// Each hop adds the address of the one before it, so the list is read from its right end: as long as an address
    /// is trusted, what stands before it is believed. The first that is not is the client's, and all that is left of it
    /// is his own invention and is dropped, as is all that is left of something that is no address. So `trust` has to know
    /// every proxy on the way, a CDN's as well as the balancer's, and whoever reads the list that we send
    /// may take its first address for the client's.
    #[must_use]
    pub fn trusting(mut self, trust: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        self.trust = Some(Arc::new(trust));
        self
    }

    /// Has a [`Proxy`](crate::proxy::Proxy) hand on these other fields as well, where a trusted peer is the one who says
    /// them: `X-Forwarded-Host` and `X-Forwarded-Proto`, say. Name those alone that it sets or removes itself with every
    /// request, since the others are still the client's.
    #[must_use]
    pub fn keeping(mut self, names: impl IntoIterator<Item = HeaderName>) -> Self {
        self.kept.extend(names);
        self
    }

    /// Whether a field of a trusted peer stays as it is.
    pub(crate) fn keeps(&self, name: &HeaderName) -> bool {
        self.kept.contains(name)
    }

    /// The field to send, without what is not believed; `None` where the peer is not known.
    pub(crate) fn told(&self, headers: &HeaderMap, extensions: &Extensions) -> Option<Told> {
        let Some(peer) = (self.peer)(extensions) else {
            self.miss();
            return None;
        };
        let peer = peer.to_canonical();
        let trusts = |hop| self.trust.as_ref().is_some_and(|trust| trust(hop));
        let is_peer_trusted = trusts(peer);
        let mut hops = vec![peer];
        if is_peer_trusted {
            believe(headers, trusts, &mut hops);
        }
        let hops: Vec<_> = hops.iter().rev().map(ToString::to_string).collect();
        let field = HeaderValue::try_from(hops.join(", ")).ok()?;
        Some(Told {
            field,
            is_peer_trusted,
        })
    }

    #[cold]
    fn miss(&self) {
        if !self.is_missed.swap(true, Ordering::Relaxed) {
            tracing::warn!("no request says where it comes from, so no server is told");
        }
    }
}

/// Adds the hops that are trusted, from the last to the first, and the first that is not.
fn believe(headers: &HeaderMap, trusts: impl Fn(IpAddr) -> bool, hops: &mut Vec<IpAddr>) {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    // A list may have empty elements (RFC 9110 §5.6.1.2).
    let entries = entries
        .map(<[u8]>::trim_ascii)
        .filter(|entry| !entry.is_empty());
    for hop in entries.map_while(address) {
        hops.push(hop);
        if !trusts(hop) {
            break;
        }
    }
}

/// An address, perhaps with a port; an IPv6 address may stand in brackets. `None` for `unknown` and whatever else.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?;
    let alone = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'));
    let address = match alone {
        Some(v6) => IpAddr::V6(v6.parse().ok()?),
        None => entry
            .parse()
            .or_else(|_| entry.parse().map(|socket: SocketAddr| socket.ip()))
            .ok()?,
    };
    Some(address.to_canonical())
}

impl fmt::Debug for ClientAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientAddress")
            .field("kept", &self.kept)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is told where 10.0.0.1 hands a request on, and 10/8 is trusted.
    fn told(lines: &[&'static str]) -> String {
        let lines = lines.iter().copied().map(HeaderValue::from_static);
        let headers = lines.map(|line| (X_FORWARDED_FOR, line)).collect();
        let address = ClientAddress::of(|_| Some(IpAddr::from([10, 0, 0, 1])));
        let address = address.trusting(|hop| matches!(hop, IpAddr::V4(v4) if v4.octets()[0] == 10));
        let told = address.told(&headers, &Extensions::new()).unwrap();
        assert!(told.is_peer_trusted);
        told.field.to_str().unwrap().to_owned()
    }

    #[test]
    fn a_list_is_believed_from_its_right_end_to_the_first_stranger() {
        for (lines, expected) in [
            (&[][..], "10.0.0.1"),
            (&["1.1.1.1"], "1.1.1.1, 10.0.0.1"),
            (&["6.6.6.6, 1.1.1.1"], "1.1.1.1, 10.0.0.1"),
            (
                &["6.6.6.6, 1.1.1.1, 10.2.2.2"],
                "1.1.1.1, 10.2.2.2, 10.0.0.1",
            ),
            (
                &["6.6.6.6", "1.1.1.1", "10.2.2.2"],
                "1.1.1.1, 10.2.2.2, 10.0.0.1",
            ),
            (&["10.3.3.3,10.2.2.2"], "10.3.3.3, 10.2.2.2, 10.0.0.1"),
            (&[", 1.1.1.1 ,,"], "1.1.1.1, 10.0.0.1"),
            (&["1.1.1.1:4711"], "1.1.1.1, 10.0.0.1"),
            (&["2001:db8::1"], "2001:db8::1, 10.0.0.1"),
            (&["[2001:db8::1]"], "2001:db8::1, 10.0.0.1"),
            (&["[2001:DB8::1]:443"], "2001:db8::1, 10.0.0.1"),
            (&["1.1.1.1, ::ffff:10.2.2.2"], "1.1.1.1, 10.2.2.2, 10.0.0.1"),
        ] {
            assert_eq!(told(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_list() {
        for entry in [
            "",
            "unknown",
            "_hidden",
            "\"",
            "not an address; drop table",
            "1.1.1",
            "1.1.1.1:x",
            "[1.1.1.1]",
            "[::1",
            "fe80::1%eth0",
            "for=1.1.1.1",
            "01.1.1.1",
        ] {
            assert_eq!(told(&[entry]), "10.0.0.1", "{entry}");
            let list: &'static str = format!("1.1.1.1, {entry}, 10.2.2.2").leak();
            let expected = match entry {
                "" => "1.1.1.1, 10.2.2.2, 10.0.0.1",
                _ => "10.2.2.2, 10.0.0.1",
            };
            assert_eq!(told(&[list]), expected, "{entry}");
        }
    }
}
