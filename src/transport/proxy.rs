use std::fmt;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::InvalidTransport;
use super::route::Route;

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
/// A proxy that is reached over https is trusted as servers are, by the same
/// [authorities](super::TransportBuilder::roots); a [client certificate](super::TransportBuilder::tls) is for servers, and
/// is not shown to it.
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
        let route = match &self.0 {
            Choice::None => Route::direct(),
            Choice::Environment => Route::new(Matcher::from_env(), &excepted(), true),
            Choice::Explicit {
                http,
                https,
                except,
            } => {
                for uri in [http, https] {
                    check(uri)?;
                }
                let matcher = Matcher::builder().http(http).https(https).no(except);
                Route::new(matcher.build(), except, false)
            }
        };
        Ok(route.with_http2(http2_only))
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

/// What the environment leaves out, as the matcher reads it.
fn excepted() -> String {
    let mut names = ["NO_PROXY", "no_proxy"].into_iter();
    let first = names.find_map(|name| std::env::var(name).ok());
    first.unwrap_or_default()
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
