//! What a key can be found from.

use buttress_kernel::Key;
use buttress_kernel::key::{Authority, KeyExtractor};
use http::uri::{self, Scheme};
use http::{Request, Uri};

/// A key, or an authority as it stands in a URI: to extract the key from that costs more than all
/// else that the layer does on its way, and hardly any response needs it.
// No `Debug`: user info has not been taken off yet.
pub(crate) enum Name {
    Authority(Port, uri::Authority),
    Key(Key),
}

/// The port that a scheme has, which an authority may leave out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Port {
    Http,
    Https,
    Other,
}

impl Name {
    pub(crate) fn of(uri: &Uri, authority: &uri::Authority) -> Self {
        let port = match uri.scheme_str() {
            Some("https") => Port::Https,
            Some("http") => Port::Http,
            _ => Port::Other,
        };
        Self::Authority(port, authority.clone())
    }

    /// Whether it is this key, as far as that is known without a search.
    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Key(key) if key.as_str() == text)
    }

    pub(crate) fn key(&self) -> Key {
        match self {
            Self::Authority(port, authority) => extract(*port, authority),
            Self::Key(key) => key.clone(),
        }
    }
}

/// Whether the authority alone names the key: its port is no scheme's own.
pub(crate) fn stands_alone(authority: &uri::Authority) -> bool {
    !matches!(authority.port_u16(), Some(80 | 443))
}

fn extract(port: Port, authority: &uri::Authority) -> Key {
    let parts = Uri::builder()
        .authority(authority.clone())
        .path_and_query("/");
    let parts = match port {
        Port::Http => parts.scheme(Scheme::HTTP),
        Port::Https => parts.scheme(Scheme::HTTPS),
        // Any scheme without a port of its own will do.
        Port::Other => parts.scheme("other"),
    };
    let mut request = Request::new(());
    *request.uri_mut() = parts.build().expect("all three parts are there, and valid");
    Key::from(&*Authority.extract(&request))
}
