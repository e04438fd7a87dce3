use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderMap, Uri, header};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::InvalidTransport;

/// Which requests go through a proxy.
///
/// `https` goes through a tunnel (`CONNECT`), and so does `http` where HTTP/2 alone is spoken; any
/// other `http` is forwarded with the whole URI in the request line. The proxy itself may be `http` or
/// `https`, not SOCKS.
///
/// A user name and password in the proxy's URI become a `Proxy-Authorization` header, on a request
/// that is forwarded or on the `CONNECT`; they appear in no event and no error. A request inside a
/// tunnel never carries that header, not even the caller's own: the server at the other end would
/// read it ([RFC 9110 §11.7.2](https://www.rfc-editor.org/rfc/rfc9110#section-11.7.2)).
///
/// ```
/// use buttress::transport::{Proxy, Transport};
///
/// let proxy = Proxy::all("http://user:secret@proxy.example:3128").except("internal.example, 10.0.0.0/8");
/// let transport = Transport::builder().proxy(proxy).build()?;
/// # Ok::<_, buttress::transport::InvalidTransport>(())
/// ```
#[derive(Clone)]
pub struct Proxy(Choice);

#[derive(Clone)]
enum Choice {
    None,
    Environment,
    Explicit {
        http: String,
        https: String,
        except: String,
    },
}

impl Proxy {
    /// What the environment says: `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, upper or
    /// lower case, read once when the transport is built. The default.
    ///
    /// The rules are hyper-util's, which follow curl's, but for one: `localhost` and loopback
    /// addresses are never sent to a proxy, since they would mean the proxy's own host. A CGI program
    /// (one with `REQUEST_METHOD`) has no proxy. Values that are not URIs are passed over.
    #[must_use]
    pub const fn environment() -> Self {
        Self(Choice::Environment)
    }

    /// No proxy, whatever the environment says.
    #[must_use]
    pub const fn none() -> Self {
        Self(Choice::None)
    }

    /// This proxy for everything, loopback included.
    #[must_use]
    pub fn all(uri: impl Into<String>) -> Self {
        let uri = uri.into();
        Self::explicit(uri.clone(), uri)
    }

    /// This proxy for `http` alone.
    #[must_use]
    pub fn http(uri: impl Into<String>) -> Self {
        Self::explicit(uri.into(), String::new())
    }

    /// This proxy for `https` alone.
    #[must_use]
    pub fn https(uri: impl Into<String>) -> Self {
        Self::explicit(String::new(), uri.into())
    }

    fn explicit(http: String, https: String) -> Self {
        let except = String::new();
        Self(Choice::Explicit {
            http,
            https,
            except,
        })
    }

    /// Leaves out hosts, written as in `NO_PROXY`: names with their subdomains, addresses, networks
    /// such as `10.0.0.0/8`, or `*`, separated by commas. Has no effect on the other choices.
    #[must_use]
    pub fn except(mut self, hosts: impl Into<String>) -> Self {
        if let Choice::Explicit { except, .. } = &mut self.0 {
            *except = hosts.into();
        }
        self
    }

    /// # Errors
    ///
    /// When a proxy that was named is not an `http` or `https` URI with a host.
    pub(super) fn route(&self, http2_only: bool) -> Result<Route, InvalidTransport> {
        let mut route = match &self.0 {
            Choice::None => Route::direct(),
            Choice::Environment => Route::new(Matcher::from_env(), true),
            Choice::Explicit {
                http,
                https,
                except,
            } => {
                for uri in [http, https] {
                    check(uri)?;
                }
                let matcher = Matcher::builder().http(http).https(https).no(except);
                Route::new(matcher.build(), false)
            }
        };
        route.http2_only = http2_only;
        Ok(route)
    }
}

impl Default for Proxy {
    fn default() -> Self {
        Self::environment()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the URIs: they may hold a password.
        f.write_str(match self.0 {
            Choice::None => "Proxy(none)",
            Choice::Environment => "Proxy(environment)",
            Choice::Explicit { .. } => "Proxy(explicit)",
        })
    }
}

fn check(proxy: &str) -> Result<(), InvalidTransport> {
    let speakable = |uri: Uri| {
        let scheme = uri.scheme_str().unwrap_or("http");
        matches!(scheme, "http" | "https") && uri.host().is_some_and(|host| !host.is_empty())
    };
    if proxy.is_empty() || proxy.parse().is_ok_and(speakable) {
        return Ok(());
    }
    Err(InvalidTransport::proxy())
}

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
    const fn direct() -> Self {
        Self {
            matcher: None,
            spares_loopback: false,
            authorizes: false,
            http2_only: false,
        }
    }

    fn new(matcher: Matcher, spares_loopback: bool) -> Self {
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
        matcher.intercept(destination)
    }
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
        Route::new(Matcher::builder().all(proxy).no(except).build(), true)
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
            "http://10.1.2.3/",
            "http://a.local/",
        ] {
            assert!(!goes_through(&route, direct), "{direct}");
        }
        assert!(goes_through(&route, "http://notinternal.test/"));
        assert!(!goes_through(
            &environment("http://proxy.test", "*"),
            "http://any.test/"
        ));
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
