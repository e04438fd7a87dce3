use std::fmt;
use std::str::FromStr;

use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri, header};

use crate::InvalidSettings;

/// Where a request may be sent with our signature: scheme, host and port
/// ([RFC 9110 §4.3.1](https://www.rfc-editor.org/rfc/rfc9110#section-4.3.1)).
///
/// Two origins are equal when they name the same place: the scheme's own port says nothing, and
/// upper and lower case are alike. `http` and `https` are two places.
///
/// ```
/// use buttress_sign::Origin;
///
/// let origin: Origin = "https://API.example.com:443/v1/ignored".parse()?;
/// assert_eq!(origin.to_string(), "https://api.example.com");
/// assert!(origin.holds(&"https://api.example.com/users?page=2".parse()?));
/// assert!(!origin.holds(&"http://api.example.com/users".parse()?), "no downgrade");
/// assert!(!origin.holds(&"https://api.example.com.evil.example/".parse()?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an absolute `http` or `https` URI; `None` for any other.
    #[must_use]
    pub fn of(uri: &Uri) -> Option<Self> {
        let place = Place::of(uri)?;
        Some(Self {
            secure: place.secure,
            host: place.host.to_ascii_lowercase(),
            port: place.port,
        })
    }

    /// Whether a request for `uri` goes to this origin. A URI without scheme or host goes to none,
    /// since it does not say. The layers look at a `Host` header as well.
    #[must_use]
    pub fn holds(&self, uri: &Uri) -> bool {
        Place::of(uri).is_some_and(|place| self.is(&place))
    }

    fn is(&self, place: &Place<'_>) -> bool {
        place.secure == self.secure
            && place.port == self.port
            && place.host.eq_ignore_ascii_case(&self.host)
    }

    /// Whether `uri` is this host without the encryption that this origin has.
    pub(crate) fn is_downgraded_by(&self, uri: &Uri) -> bool {
        Place::of(uri).is_some_and(|place| {
            self.secure && !place.secure && place.host.eq_ignore_ascii_case(&self.host)
        })
    }
}

/// An origin that is looked at in a URI.
struct Place<'a> {
    secure: bool,
    host: &'a str,
    port: u16,
}

impl<'a> Place<'a> {
    fn of(uri: &'a Uri) -> Option<Self> {
        Self::at(is_secure(uri.scheme()?)?, uri.authority()?)
    }

    fn at(secure: bool, authority: &'a Authority) -> Option<Self> {
        let host = Some(authority.host()).filter(|host| !host.is_empty())?;
        // Not `Authority::port`, which has none for a port that is none, instead of saying so.
        let authority = authority.as_str();
        let place = authority
            .rsplit_once('@')
            .map_or(authority, |(_, place)| place);
        let port = place.strip_prefix(host)?;
        let port = match port.strip_prefix(':').unwrap_or(port) {
            "" => usual_port(secure),
            port => port.parse().ok()?,
        };
        Some(Self { secure, host, port })
    }
}

fn is_secure(scheme: &Scheme) -> Option<bool> {
    match scheme.as_str() {
        "https" => Some(true),
        "http" => Some(false),
        _ => None,
    }
}

const fn usual_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

impl FromStr for Origin {
    type Err = InvalidSettings;

    /// # Errors
    ///
    /// If `text` is not an absolute `http` or `https` URI.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const RULE: &str =
            "an origin is an absolute URI with a host, such as https://api.example.com";
        let uri: Uri = text.parse().map_err(|_| InvalidSettings::new(RULE))?;
        Self::of(&uri).ok_or(InvalidSettings::new(RULE))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == usual_port(self.secure) {
            Ok(())
        } else {
            write!(f, ":{}", self.port)
        }
    }
}

/// Why a request goes without a signature, if it does because of where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stray {
    /// To somebody else.
    Elsewhere,
    /// To the right host, but for everybody on the way to read.
    Downgrade,
}

impl Stray {
    /// Whether a request leaves `origins`.
    ///
    /// It goes where its URI says, and means what its `Host` header says, which a server behind the same
    /// front may take for its own ([RFC 9110 §7.2](https://www.rfc-editor.org/rfc/rfc9110#section-7.2)): so
    /// both must be inside.
    pub(crate) fn of<'a>(
        origins: impl Iterator<Item = &'a Origin> + Clone,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Option<Self> {
        if !origins.clone().any(|origin| origin.holds(uri)) {
            let is_downgrade = origins.clone().any(|origin| origin.is_downgraded_by(uri));
            return Some(if is_downgrade {
                Self::Downgrade
            } else {
                Self::Elsewhere
            });
        }
        (!is_host_inside(origins, uri, headers)).then_some(Self::Elsewhere)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Elsewhere => "other-origin",
            Self::Downgrade => "downgrade",
        }
    }
}

/// Whether the only `Host` header, if there is one, names one of `origins`.
fn is_host_inside<'a>(
    mut origins: impl Iterator<Item = &'a Origin>,
    uri: &Uri,
    headers: &HeaderMap,
) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let Some(host) = hosts.next() else {
        return true;
    };
    let host = Authority::try_from(host.as_bytes()).ok();
    let host = host.filter(|host| hosts.next().is_none() && !host.as_str().contains('@'));
    let secure = uri.scheme().and_then(is_secure);
    let place = secure.zip(host.as_ref());
    place
        .and_then(|(secure, host)| Place::at(secure, host))
        .is_some_and(|place| origins.any(|origin| origin.is(&place)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri {
        text.parse().unwrap()
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let origin: Origin = "https://a.example".parse().unwrap();
        for same in [
            "https://a.example/",
            "https://A.EXAMPLE:443/x?y",
            "https://a.example:/",
            "https://user@a.example/",
        ] {
            assert!(origin.holds(&uri(same)), "{same}");
        }
        for other in [
            "http://a.example/",
            "https://a.example:444/",
            "https://a.example:65979/",
            "https://b.example/",
            "https://a.example@b.example/",
            "/a.example",
            "ftp://a.example/",
            "a.example:443",
        ] {
            assert!(!origin.holds(&uri(other)), "{other}");
        }
    }

    #[test]
    fn a_host_that_looks_like_its_port_is_told_from_it() {
        let origin: Origin = "https://1".parse().unwrap();
        assert!(origin.holds(&uri("https://1/")));
        assert!(!origin.holds(&uri("https://1:1/")));
    }

    #[test]
    fn a_downgrade_is_told_from_another_host() {
        let origins = ["https://a.example".parse().unwrap()];
        let of = |text| Stray::of(origins.iter(), &uri(text), &HeaderMap::new());
        assert_eq!(of("https://a.example/"), None);
        assert_eq!(of("http://a.example/"), Some(Stray::Downgrade));
        assert_eq!(of("http://a.example:8080/"), Some(Stray::Downgrade));
        assert_eq!(of("http://b.example/"), Some(Stray::Elsewhere));
        assert_eq!(of("/relative"), Some(Stray::Elsewhere));
    }

    #[test]
    fn a_host_header_must_name_one_of_the_origins_too() {
        let origins = ["https://a.example", "https://10.0.0.1"].map(|text| text.parse().unwrap());
        let of = |uri_text: &str, hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(header::HOST, http::HeaderValue::from_static(host));
            }
            Stray::of(origins.iter(), &uri(uri_text), &headers)
        };
        for inside in ["a.example", "A.EXAMPLE:443", "a.example:", "10.0.0.1"] {
            assert_eq!(of("https://a.example/", &[inside]), None, "{inside}");
            assert_eq!(of("https://10.0.0.1/", &[inside]), None, "{inside}");
        }
        for outside in [
            "tenant-evil.example",
            "a.example:80",
            "a.example@evil.example",
            "user@a.example",
            "",
            "a example",
        ] {
            let stray = of("https://a.example/", &[outside]);
            assert_eq!(stray, Some(Stray::Elsewhere), "{outside}");
        }
        let twice = of("https://a.example/", &["a.example", "a.example"]);
        assert_eq!(twice, Some(Stray::Elsewhere));
    }

    #[test]
    fn text_that_names_no_place_is_refused() {
        for text in [
            "",
            "/",
            "a.example",
            "ftp://a.example",
            "https://",
            "https://a:99999/",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_origin_shows_its_port_when_it_is_not_the_usual_one() {
        for (text, shown) in [
            ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("https://[::1]:8443/", "https://[::1]:8443"),
        ] {
            assert_eq!(text.parse::<Origin>().unwrap().to_string(), shown);
        }
    }
}
