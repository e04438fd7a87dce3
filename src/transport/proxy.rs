use std::error::Error;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use super::InvalidTransport;

/// Which requests go through a proxy.
///
/// `https` goes through a tunnel (`CONNECT`), `http` is forwarded with the whole URI in the request
/// line. A user name and password in the proxy's URI become a `Proxy-Authorization` header; they
/// appear in no event and no error. The proxy itself may be `http` or `https`, not SOCKS.
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
    pub(super) fn route(&self) -> Result<Route, InvalidTransport> {
        Ok(match &self.0 {
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
        })
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

/// The way to a destination: pure, asked once for each connection.
#[derive(Clone)]
pub(super) struct Route {
    matcher: Option<Arc<Matcher>>,
    spares_loopback: bool,
    /// Whether requests that are forwarded carry credentials for the proxy.
    authorizes: bool,
}

impl Route {
    const fn direct() -> Self {
        Self {
            matcher: None,
            spares_loopback: false,
            authorizes: false,
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
        }
    }

    pub(super) fn proxy_for(
        &self,
        destination: &Uri,
    ) -> Result<Option<Intercept>, UnspeakableProxy> {
        let intercept = self.intercept(destination);
        let scheme = intercept
            .as_ref()
            .and_then(|intercept| intercept.uri().scheme_str());
        match scheme {
            None | Some("http" | "https") => Ok(intercept),
            Some(_) => Err(UnspeakableProxy(())),
        }
    }

    /// The credentials that a request to this destination carries to a forwarding proxy.
    pub(super) fn authorization(&self, destination: &Uri) -> Option<HeaderValue> {
        if !self.authorizes || destination.scheme() != Some(&Scheme::HTTP) {
            return None;
        }
        self.intercept(destination)?.basic_auth().cloned()
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
    use super::*;

    fn environment(proxy: &str, except: &str) -> Route {
        Route::new(Matcher::builder().all(proxy).no(except).build(), true)
    }

    fn goes_through(route: &Route, uri: &str) -> bool {
        route.proxy_for(&uri.parse().unwrap()).unwrap().is_some()
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
        assert!(
            route
                .proxy_for(&Uri::from_static("http://api.test/"))
                .is_err()
        );
        assert!(
            route
                .proxy_for(&Uri::from_static("http://localhost/"))
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn credentials_are_for_requests_that_are_forwarded() {
        let route = environment("http://user:s3cret@proxy.test", "internal.test");
        let has = |uri: &str| route.authorization(&uri.parse().unwrap()).is_some();
        assert!(has("http://api.test/"));
        assert!(
            !has("https://api.test/") && !has("http://internal.test/") && !has("http://localhost/")
        );
        assert!(
            route
                .authorization(&Uri::from_static("http://api.test/"))
                .unwrap()
                .is_sensitive()
        );
    }
}
