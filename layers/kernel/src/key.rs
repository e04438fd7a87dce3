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

impl Authority {
    /// The same as the request has it written, in whatever form: for who can tell two spellings apart
    /// at no harm, and wants to know quickly.
    #[inline]
    #[must_use]
    pub fn written<B>(request: &Request<B>) -> &str {
        match request.uri().authority() {
            Some(authority) => authority.as_str(),
            None => host(request),
        }
    }

    /// The key of what a request to this URI has [written](Self::written).
    ///
    /// ```
    /// use buttress_kernel::key::Authority;
    ///
    /// let uri = http::Uri::from_static("https://API.example.com:443/a");
    /// assert_eq!(Authority::normal(&uri, "API.example.com:443"), "api.example.com");
    /// ```
    #[inline]
    #[must_use]
    pub fn normal<'a>(uri: &Uri, written: &'a str) -> Cow<'a, str> {
        // This is on the way of every request, and most need nothing more.
        if is_normal(written.as_bytes()) {
            return Cow::Borrowed(written);
        }
        stripped_authority(uri, written)
    }
}

impl<B> KeyExtractor<Request<B>> for Authority {
    #[inline]
    fn extract<'a>(&self, request: &'a Request<B>) -> Cow<'a, str> {
        Self::normal(request.uri(), Self::written(request))
    }
}

/// Whether there is none of the bytes that an authority in its normal form does not have: `@`, `:` and
/// capitals. A byte beyond ASCII is as good as one of them.
#[inline]
fn is_normal(text: &[u8]) -> bool {
    let (chunks, rest) = text.as_chunks();
    if chunks.iter().any(|chunk| has_special(*chunk)) {
        return false;
    }
    match text.last_chunk() {
        // Some of them have been looked at before, which costs less than to look at each by itself.
        Some(last) => rest.is_empty() || !has_special(*last),
        None => {
            let mut chunk = [0; 8];
            chunk[..rest.len()].copy_from_slice(rest);
            !has_special(chunk)
        }
    }
}

/// The same of eight bytes at once.
#[inline]
const fn has_special(chunk: [u8; 8]) -> bool {
    const fn each(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    const HIGH: u64 = each(0x80);
    let bytes = u64::from_ne_bytes(chunk);
    // Below 0x80 none of these sums carries into the next byte.
    let low = bytes & !HIGH;
    let from_at = low + each(0x80 - b'@');
    let past_z = low + each(0x80 - b'Z' - 1);
    let is_colon = HIGH - (low ^ each(b':'));
    (bytes | from_at & !past_z | is_colon) & HIGH != 0
}

#[cold]
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

#[inline(never)]
fn host<B>(request: &Request<B>) -> &str {
    text(request, &header::HOST)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::is_normal;

    proptest! {
        #[test]
        fn what_has_to_be_looked_at_is_found_wherever_it_stands(
            text in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let special = |byte: &u8| matches!(byte, b'@' | b':' | b'A'..=b'Z' | 0x80..);
            prop_assert_eq!(is_normal(&text), !text.iter().any(special));
        }

        #[test]
        fn usual_authorities_need_no_second_look(text in "[a-z0-9.-]{0,40}") {
            prop_assert!(is_normal(text.as_bytes()));
        }

        #[test]
        fn one_odd_byte_is_enough(text in "[a-z0-9.\\[\\]`/-]{0,40}[@:A-Z][a-z0-9.-]{0,40}") {
            prop_assert!(!is_normal(text.as_bytes()));
        }
    }
}
