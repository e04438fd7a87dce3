//! Which limit, circuit or hold a request belongs to.
//!
//! A keyed layer keeps one state for each key. [`Authority`] is the usual key: one server, one
//! state. The others are for APIs whose limits follow a header, a route or a credential.
//!
//! ```
//! use buttress_kernel::key::{self, Authority, KeyExtractor};
//!
//! let request = http::Request::get("https://API.example.com:443/a").body(()).unwrap();
//! assert_eq!(Authority.extract(&request), "api.example.com");
//!
//! let by_tenant = key::from_fn(|r: &http::Request<()>| r.uri().path().to_owned());
//! assert_eq!(by_tenant.extract(&request), "/a");
//! ```

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::sync::Arc;

use http::uri::Scheme;
use http::{HeaderName, Request, Uri, header};

use crate::Partition;

/// A key at rest: what a [`KeyExtractor`] found, kept. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(Arc<str>);

impl Key {
    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<T: AsRef<str> + ?Sized> From<&T> for Key {
    fn from(text: &T) -> Self {
        Self(Arc::from(text.as_ref()))
    }
}

impl Borrow<str> for Key {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Finds the key of a request, without an allocation where it can be borrowed.
///
/// What a request lacks (no authority, no such header) is the empty key: such requests share one
/// state. A key turns up in events and errors, so it must not be a secret.
pub trait KeyExtractor<Req> {
    /// The request's key.
    fn extract<'a>(&self, request: &'a Req) -> Cow<'a, str>;
}

/// One key for each server: host and port, in lower case, without user info and without the
/// scheme's own port or an empty one ([RFC 9110 §4.2.3](https://www.rfc-editor.org/rfc/rfc9110#section-4.2.3));
/// from the URI, or else from the `Host` header, whose scheme nobody knows, so that its port stays.
#[derive(Clone, Copy, Debug, Default)]
pub struct Authority;

impl<B> KeyExtractor<Request<B>> for Authority {
    fn extract<'a>(&self, request: &'a Request<B>) -> Cow<'a, str> {
        let uri = request.uri();
        let authority = match uri.authority() {
            Some(authority) => authority.as_str(),
            None => text(request, &header::HOST),
        };
        normal_authority(uri, authority)
    }
}

/// The bytes that an authority in its normal form does not have: `@`, `:` and capitals.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b'@' as usize] = true;
    special[b':' as usize] = true;
    let mut capital = b'A';
    while capital <= b'Z' {
        special[capital as usize] = true;
        capital += 1;
    }
    special
};

#[inline]
fn normal_authority<'a>(uri: &Uri, authority: &'a str) -> Cow<'a, str> {
    // One look at each byte, since this is on the way of every request. Most need nothing more.
    let special = |byte: u8| SPECIAL[usize::from(byte)];
    if !authority
        .bytes()
        .fold(false, |found, byte| found | special(byte))
    {
        return Cow::Borrowed(authority);
    }
    stripped_authority(uri, authority)
}

fn stripped_authority<'a>(uri: &Uri, authority: &'a str) -> Cow<'a, str> {
    let place = match last(authority, b'@') {
        Some(at) => &authority[at + 1..],
        None => authority,
    };
    let place = match last(place, b':') {
        Some(at) if is_usual(&place[at + 1..], uri.scheme()) => &place[..at],
        _ => place,
    };
    if place.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(place.to_ascii_lowercase())
    } else {
        Cow::Borrowed(place)
    }
}

/// Where an ASCII byte stands last. For a text as short as a host a loop beats `str::rfind`.
fn last(text: &str, wanted: u8) -> Option<usize> {
    text.bytes().rposition(|byte| byte == wanted)
}

/// Whether naming this port says nothing.
fn is_usual(port: &str, scheme: Option<&Scheme>) -> bool {
    let usual = match scheme.map(Scheme::as_str) {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    };
    port.is_empty() || port.parse::<u16>().is_ok_and(|port| Some(port) == usual)
}

/// One key for all requests.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shared;

impl<Req> KeyExtractor<Req> for Shared {
    fn extract<'a>(&self, _: &'a Req) -> Cow<'a, str> {
        Cow::Borrowed("")
    }
}

/// One key for each value of a header.
#[derive(Clone, Debug)]
pub struct Header(pub HeaderName);

impl<B> KeyExtractor<Request<B>> for Header {
    fn extract<'a>(&self, request: &'a Request<B>) -> Cow<'a, str> {
        Cow::Borrowed(text(request, &self.0))
    }
}

fn text<'a, B>(request: &'a Request<B>, name: &HeaderName) -> &'a str {
    let value = request.headers().get(name);
    value.and_then(|value| value.to_str().ok()).unwrap_or("")
}

/// The route of a request, such as `GET /users/{id}`, carried in its extensions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route(pub Cow<'static, str>);

/// One key for each [`Route`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ByRoute;

impl<B> KeyExtractor<Request<B>> for ByRoute {
    fn extract<'a>(&self, request: &'a Request<B>) -> Cow<'a, str> {
        let route = request.extensions().get::<Route>();
        Cow::Borrowed(route.map_or("", |route| &route.0))
    }
}

/// One key for each [`Partition`].
#[derive(Clone, Copy, Debug, Default)]
pub struct ByPartition;

impl<B> KeyExtractor<Request<B>> for ByPartition {
    fn extract<'a>(&self, request: &'a Request<B>) -> Cow<'a, str> {
        let partition = request.extensions().get::<Partition>();
        Cow::Borrowed(partition.map_or("", Partition::as_str))
    }
}

/// A key that a closure finds; made by [`from_fn`].
#[derive(Clone, Copy, Debug)]
pub struct FromFn<F>(F);

/// One key for each value of `f`.
pub const fn from_fn<F>(f: F) -> FromFn<F> {
    FromFn(f)
}

impl<F, Req, K> KeyExtractor<Req> for FromFn<F>
where
    F: Fn(&Req) -> K,
    K: Into<Cow<'static, str>>,
{
    fn extract<'a>(&self, request: &'a Req) -> Cow<'a, str> {
        (self.0)(request).into()
    }
}
