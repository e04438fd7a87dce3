//! The name of a proxy, by which it knows its own messages again.

use std::error::Error;
use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, Version, header};

use super::fields::elements;

/// What a proxy calls itself in `Via` (RFC 9110 §7.6.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pseudonym(Arc<str>);

impl Pseudonym {
    /// One that nobody else has, and that tells nothing.
    pub(super) fn random() -> Self {
        let number = RandomState::new().build_hasher().finish();
        Self(format!("{number:016x}").into())
    }

    pub(super) fn new(name: &str) -> Result<Self, InvalidVia> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_fit) {
            return Err(InvalidVia(name.to_owned()));
        }
        Ok(Self(name.into()))
    }

    /// Whether a message has been here before.
    pub(super) fn has_seen(&self, headers: &HeaderMap) -> bool {
        // An element is a version, the name, and perhaps a comment.
        let names = |hop: &[u8]| {
            let mut words = hop.split(u8::is_ascii_whitespace);
            words.find(|word| !word.is_empty());
            words.find(|word| !word.is_empty()) == Some(self.0.as_bytes())
        };
        elements(headers, &header::VIA).any(names)
    }

    /// Names this hop and the version in which it was reached, in one field with those before it.
    pub(super) fn add(&self, headers: &mut HeaderMap, received: Version) {
        let version: &[u8] = match received {
            Version::HTTP_10 => b"1.0 ",
            Version::HTTP_2 => b"2 ",
            Version::HTTP_3 => b"3 ",
            _ => b"1.1 ",
        };
        let mut hops = Vec::with_capacity(version.len() + self.0.len());
        for before in headers.get_all(header::VIA) {
            hops.extend_from_slice(before.as_bytes());
            hops.extend_from_slice(b", ");
        }
        hops.extend_from_slice(version);
        hops.extend_from_slice(self.0.as_bytes());
        // Of values and of what was checked, so it is one.
        if let Ok(hops) = HeaderValue::from_maybe_shared(bytes::Bytes::from(hops)) {
            headers.insert(header::VIA, hops);
        }
    }
}

/// A name that no proxy can have.
///
/// ```
/// use buttress::{Body, proxy::Proxy};
/// # use buttress_testkit::{Scripted, Step};
/// # let stack = Scripted::new([Step::ok()]);
///
/// let proxy = Proxy::over("http://upstream.internal".parse()?, stack);
/// let error = proxy.via("my proxy").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "`my proxy` cannot stand in `Via`; a name is made of letters, digits, `-`, `.`, `_` and `:`",
/// );
/// # Ok::<_, buttress::InvalidUri>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidVia(String);

impl fmt::Display for InvalidVia {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.escape_debug();
        write!(
            f,
            "`{name}` cannot stand in `Via`; a name is made of letters, digits, `-`, `.`, `_` and `:`"
        )
    }
}

impl Error for InvalidVia {}

#[cfg(test)]
mod tests {
    use super::*;

    fn via(fields: &[&'static str]) -> HeaderMap {
        let fields = fields.iter().copied().map(HeaderValue::from_static);
        fields.map(|field| (header::VIA, field)).collect()
    }

    #[test]
    fn a_message_is_known_again_by_the_name_alone() {
        let name = Pseudonym::new("edge-1").unwrap();
        for (fields, seen) in [
            (&["1.1 edge-1"][..], true),
            (&["1.1 other, 2  edge-1 (a comment)"], true),
            (&["1.0 other", "HTTP/1.1 edge-1"], true),
            (&["1.1 edge-10, 1.1 my-edge-1"], false),
            (&["edge-1 other"], false),
            (&["1.1 other (edge-1)"], false),
            (&[""], false),
            (&[], false),
        ] {
            assert_eq!(name.has_seen(&via(fields)), seen, "{fields:?}");
        }
    }

    #[test]
    fn all_hops_stand_in_one_field() {
        let mut headers = via(&["1.0 fred", "1.1 p.example.net"]);
        Pseudonym::new("edge-1")
            .unwrap()
            .add(&mut headers, Version::HTTP_2);
        assert_eq!(headers, via(&["1.0 fred, 1.1 p.example.net, 2 edge-1"]));
    }

    #[test]
    fn no_two_have_one_name_unless_it_is_given() {
        assert_ne!(Pseudonym::random(), Pseudonym::random());
        for name in ["", "a b", "a,b", "a(b)", "é", "a\r\nb"] {
            assert!(Pseudonym::new(name).is_err(), "{name}");
        }
    }
}
