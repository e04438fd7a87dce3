use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderMap, Uri, header};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// How a destination is reached.
pub(super) enum Way {
    Direct,
    /// The proxy is sent the request itself.
    Forwarded(Intercept),
    /// The proxy is asked for a connection, and sees nothing of what goes through.
    Tunnelled(Intercept),
}

/// The way to a destination: pure, asked for each connection and for credentials.
#[derive(Clone)]
pub(super) struct Route {
    matcher: Option<Arc<Matcher>>,
    spares_loopback: bool,
    /// Whether requests that are forwarded carry credentials for the proxy.
    authorizes: bool,
    /// HTTP/2 without ALPN is spoken with the server itself, so that a proxy cannot forward it.
    http2_only: bool,
}

impl Route {
    pub(super) const fn direct() -> Self {
        Self {
            matcher: None,
            spares_loopback: false,
            authorizes: false,
            http2_only: false,
        }
    }

    /// `except` is what the matcher was told to leave out. It takes `*` for all names, and not for addresses.
    pub(super) fn new(matcher: Matcher, except: &str, spares_loopback: bool) -> Self {
        if except.split(',').any(|host| host.trim() == "*") {
            return Self::direct();
        }
        // `.invalid` matches whatever is not excepted by name.
        let any = Uri::from_static("http://any.invalid/");
        let intercept = matcher.intercept(&any);
        Self {
            authorizes: intercept.is_some_and(|intercept| intercept.basic_auth().is_some()),
            matcher: Some(Arc::new(matcher)),
            spares_loopback,
            http2_only: false,
        }
    }

    /// The same, where HTTP/2 is spoken whatever ALPN says.
    pub(super) const fn with_http2(mut self, known: bool) -> Self {
        self.http2_only = known;
        self
    }

    pub(super) fn way(&self, destination: &Uri) -> Result<Way, UnspeakableProxy> {
        let Some(proxy) = self.intercept(destination) else {
            return Ok(Way::Direct);
        };
        if !matches!(proxy.uri().scheme_str(), None | Some("http" | "https")) {
            return Err(UnspeakableProxy(()));
        }
        Ok(if self.tunnels(destination) {
            Way::Tunnelled(proxy)
        } else {
            Way::Forwarded(proxy)
        })
    }

    /// Leaves a request with the credentials that whoever receives it may see.
    pub(super) fn authorize(&self, destination: &Uri, headers: &mut HeaderMap) {
        if self.tunnels(destination) {
            let carried = headers.contains_key(header::PROXY_AUTHORIZATION);
            if carried && self.intercept(destination).is_some() {
                headers.remove(header::PROXY_AUTHORIZATION);
            }
        } else if self.authorizes
            && let Some(proxy) = self.intercept(destination)
            && let Some(credentials) = proxy.basic_auth()
        {
            headers
                .entry(header::PROXY_AUTHORIZATION)
                .or_insert_with(|| credentials.clone());
        }
    }

    /// Whether a proxy, if there is one, is asked for a tunnel.
    fn tunnels(&self, destination: &Uri) -> bool {
        self.http2_only || destination.scheme() != Some(&Scheme::HTTP)
    }

    fn intercept(&self, destination: &Uri) -> Option<Intercept> {
        let matcher = self.matcher.as_ref()?;
        if self.spares_loopback && destination.host().is_some_and(is_loopback) {
            return None;
        }
        match without_dot(destination) {
            Some(destination) => matcher.intercept(&destination),
            None => matcher.intercept(destination),
        }
    }
}

/// The scheme and host of a destination whose host ends with a dot, without that: it says that the name is whole,
/// and is no part of it.
fn without_dot(destination: &Uri) -> Option<Uri> {
    let host = destination.host()?.strip_suffix('.')?;
    let uri = Uri::builder().scheme(destination.scheme()?.clone());
    uri.authority(host).path_and_query("/").build().ok()
}

fn is_loopback(host: &str) -> bool {
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        // RFC 6761 §6.3.
        Err(_) => {
            let name = bare.strip_suffix('.').unwrap_or(bare).to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

/// The environment names a proxy of a kind that is not spoken here.
#[derive(Debug)]
pub(super) struct UnspeakableProxy(());

impl fmt::Display for UnspeakableProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the environment names a SOCKS proxy, which is not supported; name an http one or none",
        )
    }
}

impl Error for UnspeakableProxy {}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn environment(proxy: &str, except: &str) -> Route {
        let matcher = Matcher::builder().all(proxy).no(except);
        Route::new(matcher.build(), except, true)
    }

    fn goes_through(route: &Route, uri: &str) -> bool {
        !matches!(route.way(&uri.parse().unwrap()), Ok(Way::Direct))
    }

    #[test]
    fn the_environments_proxy_is_never_for_loopback() {
        let route = environment("http://proxy.test", "");
        for direct in [
            "http://localhost/",
            "http://LOCALHOST.:80/",
            "https://api.localhost/",
            "http://127.0.0.1/",
            "http://127.9.9.9:1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert!(!goes_through(&route, direct), "{direct}");
        }
        for proxied in [
            "http://localhost.test/",
            "http://notlocalhost/",
            "https://10.0.0.1/",
            "http://[::2]/",
        ] {
            assert!(goes_through(&route, proxied), "{proxied}");
        }
    }

    #[test]
    fn hosts_and_networks_are_excepted() {
        let route = environment("http://proxy.test", "internal.test, 10.0.0.0/8,.local");
        for direct in [
            "http://internal.test/",
            "http://a.internal.test/",
            "http://internal.test.:81/",
            "https://a.internal.test./",
            "http://10.1.2.3/",
            "http://a.local/",
        ] {
            assert!(!goes_through(&route, direct), "{direct}");
        }
        assert!(goes_through(&route, "http://notinternal.test/"));
        assert!(goes_through(&route, "http://any.test./"));
        for except in ["*", "internal.test, *"] {
            let route = environment("http://proxy.test", except);
            for direct in [
                "http://any.test/",
                "https://any.test./",
                "http://10.0.0.1:80/",
                "http://[2001:db8::1]/",
            ] {
                assert!(!goes_through(&route, direct), "{except} {direct}");
            }
        }
    }

    #[test]
    fn a_socks_proxy_is_an_error_when_it_is_needed() {
        let route = environment("socks5://proxy.test", "");
        assert!(route.way(&Uri::from_static("http://api.test/")).is_err());
        assert!(matches!(
            route.way(&Uri::from_static("http://localhost/")),
            Ok(Way::Direct)
        ));
    }

    /// What is left of `own`, or put in its place.
    fn carried(route: &Route, uri: &str, own: Option<&'static str>) -> Option<HeaderValue> {
        let mut headers = HeaderMap::new();
        if let Some(own) = own {
            headers.insert(header::PROXY_AUTHORIZATION, HeaderValue::from_static(own));
        }
        route.authorize(&uri.parse().unwrap(), &mut headers);
        headers.remove(header::PROXY_AUTHORIZATION)
    }

    #[test]
    fn credentials_are_for_requests_that_are_forwarded() {
        let mut route = environment("http://user:s3cret@proxy.test", "internal.test");
        let forwarded = carried(&route, "http://api.test/", None).unwrap();
        assert!(forwarded.is_sensitive());
        for uri in [
            "https://api.test/",
            "http://internal.test/",
            "http://localhost/",
        ] {
            assert_eq!(carried(&route, uri, None), None, "{uri}");
        }
        route.http2_only = true;
        assert_eq!(carried(&route, "http://api.test/", None), None);
    }

    #[test]
    fn the_callers_own_credentials_go_everywhere_but_into_a_tunnel() {
        for proxy in ["http://user:s3cret@proxy.test", "http://proxy.test"] {
            let mut route = environment(proxy, "internal.test");
            for (uri, http2_only, left) in [
                ("http://api.test/", false, true),
                ("http://api.test/", true, false),
                ("https://api.test/", false, false),
                ("https://internal.test/", false, true),
                ("http://internal.test/", true, true),
            ] {
                route.http2_only = http2_only;
                let end = carried(&route, uri, Some("mine"));
                assert_eq!(end.is_some_and(|own| own == "mine"), left, "{uri}");
            }
        }
    }

    #[test]
    fn what_cannot_be_forwarded_is_tunnelled() {
        let mut route = environment("http://proxy.test", "");
        let tunnels = |route: &Route, uri: &str| {
            matches!(route.way(&uri.parse().unwrap()), Ok(Way::Tunnelled(_)))
        };
        assert!(tunnels(&route, "https://api.test/") && !tunnels(&route, "http://api.test/"));
        route.http2_only = true;
        assert!(tunnels(&route, "https://api.test/") && tunnels(&route, "http://api.test/"));
    }
}
