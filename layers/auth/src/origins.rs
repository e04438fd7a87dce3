//! Where credentials may go.

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Request, Uri, header};

use crate::InvalidOrigin;

/// The origins that credentials are for: scheme, host and port
/// ([RFC 6454 §4](https://www.rfc-editor.org/rfc/rfc6454#section-4)). A request to any other goes
/// without them, wherever its URI came from: a redirect, a link in a response, a mistake.
///
/// The scheme belongs to the origin, so what is for `https` is never sent over `http`.
///
/// ```
/// use buttress_auth::Origins;
///
/// let api = Origins::only("https://api.example.com")?.and("https://eu.api.example.com:8443")?;
/// assert!(api.holds(&"https://API.example.com:443/users".parse().unwrap()));
/// assert!(!api.holds(&"http://api.example.com/users".parse().unwrap()));
/// assert!(!api.holds(&"https://api.example.com.evil.example/".parse().unwrap()));
/// # Ok::<_, buttress_auth::InvalidOrigin>(())
/// ```
///
/// # Requests without an authority
///
/// Below a service that is bound to one connection, URIs are paths, and nothing in a request says
/// where it goes: a `Host` header is the caller's word for it. Where a URI has an authority and a `Host`
/// header names another, the request is for neither. Such a request goes without
/// credentials, unless [`relative`](Self::relative) vouches for the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    these: Vec<Origin>,
    others: Others,
    relative: bool,
}

/// Those that are not named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Others {
    None,
    Encrypted,
    All,
}

/// In lower case, and without the scheme's own port.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: Scheme,
    host: String,
    port: Option<u16>,
    /// Host and port as most requests write them.
    authority: String,
}

/// Where a request goes, as seen from a set of origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Inside,
    Elsewhere,
    /// Inside, were it not for a scheme that everybody can listen to.
    Unencrypted,
    /// Its URI does not say.
    Unknown,
}

impl Place {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Inside => "inside",
            Self::Elsewhere => "another origin",
            Self::Unencrypted => "not encrypted",
            Self::Unknown => "no authority",
        }
    }
}

impl Origins {
    /// This origin alone. What a URI has beyond it (a path, a query) is left out, so the base URI of
    /// an API will do.
    ///
    /// # Errors
    ///
    /// If the URI has no scheme or no host, a port that is none, or holds user info.
    pub fn only(uri: impl TryInto<Uri>) -> Result<Self, InvalidOrigin> {
        Self::others(Others::None).and(uri)
    }

    /// These origins, and this one.
    ///
    /// # Errors
    ///
    /// As for [`only`](Self::only).
    pub fn and(mut self, uri: impl TryInto<Uri>) -> Result<Self, InvalidOrigin> {
        self.these.push(Origin::of(uri)?);
        Ok(self)
    }

    /// Any origin whose scheme is `https` or `wss`: whoever a request reaches gets the credentials. An
    /// unencrypted one can be named on top, with [`and`](Self::and).
    #[must_use]
    pub const fn any() -> Self {
        Self::others(Others::Encrypted)
    }

    /// Any origin at all, unencrypted ones included, where everybody on the way can read along.
    #[must_use]
    pub const fn any_even_unencrypted() -> Self {
        Self::others(Others::All)
    }

    /// Requests whose URI has no authority belong to these origins too: the service below is a
    /// connection to one of them.
    #[must_use]
    pub const fn relative(mut self) -> Self {
        self.relative = true;
        self
    }

    const fn others(others: Others) -> Self {
        Self {
            these: Vec::new(),
            others,
            relative: false,
        }
    }

    /// Whether a request to this URI is for one of these origins.
    #[must_use]
    pub fn holds(&self, uri: &Uri) -> bool {
        self.place(uri) == Place::Inside
    }

    /// Whether a URI that is written as most are is inside. A no says nothing yet.
    #[inline]
    pub(crate) fn hold_at_once(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return false;
        };
        let is_this = |o: &Origin| o.scheme == *scheme && o.authority == authority.as_str();
        self.these.iter().any(is_this)
            || match self.others {
                Others::None => false,
                Others::Encrypted => *scheme == Scheme::HTTPS,
                Others::All => true,
            }
    }

    pub(crate) fn place(&self, uri: &Uri) -> Place {
        let (Some(scheme), Some(_)) = (uri.scheme_str(), uri.authority()) else {
            return self.without_authority(uri);
        };
        match self.others {
            Others::All => Place::Inside,
            Others::Encrypted if is_encrypted(scheme) => Place::Inside,
            Others::Encrypted | Others::None => self.among(scheme, uri),
        }
    }

    /// Where a request goes. One that names in `Host` whom it is for, and not the one whom its URI names,
    /// may end there: it is up to the server that it reaches
    /// ([RFC 9110 §7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)).
    pub(crate) fn place_of<B>(&self, request: &Request<B>) -> Place {
        let uri = request.uri();
        match (self.place(uri), self.others, uri.authority()) {
            (Place::Inside, Others::None, Some(authority))
                if !is_host(request.headers(), uri.scheme_str(), authority) =>
            {
                Place::Elsewhere
            }
            (place, ..) => place,
        }
    }

    fn among(&self, scheme: &str, uri: &Uri) -> Place {
        let host = uri.host().unwrap_or("");
        let Some(port) = uri
            .authority()
            .and_then(|authority| port(authority, scheme))
        else {
            return Place::Elsewhere;
        };
        let is_near = |o: &&Origin| o.host.eq_ignore_ascii_case(host);
        let is_this = |o: &Origin| o.scheme.as_str().eq_ignore_ascii_case(scheme) && o.port == port;
        let mut near = self.these.iter().filter(is_near).peekable();
        let somewhere_near = near.peek().is_some() || self.others == Others::Encrypted;
        if near.any(is_this) {
            Place::Inside
        } else if somewhere_near && !is_encrypted(scheme) {
            Place::Unencrypted
        } else {
            Place::Elsewhere
        }
    }

    fn without_authority(&self, uri: &Uri) -> Place {
        // A bare authority is that of a CONNECT, which is for a proxy.
        let relative = uri.scheme().is_none() && uri.authority().is_none();
        if self.relative && relative {
            Place::Inside
        } else {
            Place::Unknown
        }
    }
}

impl Origin {
    fn of(uri: impl TryInto<Uri>) -> Result<Self, InvalidOrigin> {
        let uri: Uri = uri.try_into().map_err(|_| InvalidOrigin::new())?;
        let authority = uri.authority().ok_or(InvalidOrigin::new())?;
        let scheme = uri.scheme().ok_or(InvalidOrigin::new())?;
        let host = authority.host();
        if host.is_empty() || authority.as_str().contains('@') {
            return Err(InvalidOrigin::new());
        }
        let host = host.to_ascii_lowercase();
        let usual = usual_port(scheme.as_str());
        let port = port(authority, scheme.as_str()).ok_or(InvalidOrigin::new())?;
        let authority = match port {
            Some(port) if Some(port) != usual => format!("{host}:{port}"),
            _ => host.clone(),
        };
        Ok(Self {
            scheme: scheme.clone(),
            host,
            port,
            authority,
        })
    }
}

/// Whether each `Host` names this authority, if there is any.
fn is_host(headers: &HeaderMap, scheme: Option<&str>, authority: &Authority) -> bool {
    let scheme = scheme.unwrap_or("");
    headers.get_all(header::HOST).iter().all(|host| {
        Authority::try_from(host.as_bytes()).is_ok_and(|host| {
            !host.as_str().contains('@')
                && host.host().eq_ignore_ascii_case(authority.host())
                && port(&host, scheme).is_some_and(|it| Some(it) == port(authority, scheme))
        })
    })
}

/// The port that is asked for, or else the scheme's own. `None` for what is no port, which stands in
/// [`Uri`]s unexamined: whoever dials it may read it in another way than we do.
#[allow(clippy::option_option)] // a scheme need not have a port of its own
fn port(authority: &Authority, scheme: &str) -> Option<Option<u16>> {
    let place = authority.as_str().rsplit('@').next().unwrap_or("");
    let written = place.rsplit_once(':').map_or("", |(_, port)| port);
    // Colons within brackets are an address's.
    let written = if written.ends_with(']') { "" } else { written };
    // Nothing behind the colon is as good as no colon (RFC 3986 §3.2.3).
    match written {
        "" => Some(usual_port(scheme)),
        digits => digits.parse().ok().map(Some),
    }
}

fn usual_port(scheme: &str) -> Option<u16> {
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    if is("https") || is("wss") {
        Some(443)
    } else if is("http") || is("ws") {
        Some(80)
    } else {
        None
    }
}

fn is_encrypted(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("wss")
}

#[cfg(test)]
mod tests;
