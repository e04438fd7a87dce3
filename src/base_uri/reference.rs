//! What a reference may be.

use std::borrow::Cow;

use http::uri::{Authority, Uri};

use super::error::{InvalidUri, Rule};
use super::origin::default_port;
use crate::segments;
use crate::template::{Encoding, encode};

/// Whether a reference says where it leads, instead of leaving that to a base.
pub(crate) fn names_host(reference: &str) -> bool {
    is_absolute(reference) || reference.starts_with("//")
}

pub(super) fn is_absolute(reference: &str) -> bool {
    let path = reference.find(['/', '?', '#']).unwrap_or(reference.len());
    reference[..path].ends_with(':') && reference[path..].starts_with("//")
}

/// An absolute URI of a scheme that is spoken here.
pub(super) fn absolute(text: &str) -> Result<Uri, InvalidUri> {
    let uri: Uri = text.parse().map_err(|_| InvalidUri::new(Rule::Malformed))?;
    match uri.scheme() {
        None => Err(InvalidUri::new(Rule::NotAbsolute)),
        Some(scheme) if default_port(scheme).is_none() => Err(InvalidUri::new(Rule::Scheme)),
        Some(_) if uri.host().is_none_or(str::is_empty) => Err(InvalidUri::new(Rule::NotAbsolute)),
        Some(_) if !uri.authority().is_some_and(is_place) => Err(InvalidUri::new(Rule::Malformed)),
        Some(_) => Ok(uri),
    }
}

/// Whether an authority names a host as the name system knows them, and a port that exists. The
/// grammar allows more (`h*`, `h:99999`), and what is made of it differs.
fn is_place(authority: &Authority) -> bool {
    let host = authority.host();
    let name = |b: u8| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b);
    let rest = authority
        .as_str()
        .rsplit_once('@')
        .map_or(authority.as_str(), |(_, place)| place);
    let port = rest.strip_prefix(host).unwrap_or_default();
    host.bytes().all(name) && (port.is_empty() || authority.port_u16().is_some())
}

/// Whether a segment of the path is `..` to any server.
pub(super) fn leaves_prefix(reference: &str) -> bool {
    if !segments::look(reference).may_hold_dots {
        return false;
    }
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    segments::any(path, |segment| segment == "..")
}

/// What a request line cannot hold, encoded or refused.
pub(super) fn sendable(mut reference: Cow<'_, str>) -> Result<Cow<'_, str>, InvalidUri> {
    // All bytes at once, which takes a fraction of one after the other.
    let (hash, backslash, foreign) =
        reference
            .bytes()
            .fold((false, false, 0), |(hash, backslash, foreign), byte| {
                (
                    hash | (byte == b'#'),
                    backslash | (byte == b'\\'),
                    foreign | byte,
                )
            });
    if hash {
        return Err(InvalidUri::new(Rule::Fragment));
    }
    if backslash {
        reference = without_backslashes(&reference)?.into();
    }
    if foreign.is_ascii() {
        return Ok(reference);
    }
    let mut encoded = String::with_capacity(reference.len() * 2);
    encode(&reference, Encoding::Literal, &mut encoded);
    Ok(encoded.into())
}

/// A path with one is another path to some; in a query nobody takes it for anything else.
fn without_backslashes(reference: &str) -> Result<String, InvalidUri> {
    let path = reference.split('?').next().unwrap_or_default();
    if path.contains('\\') {
        return Err(InvalidUri::new(Rule::Backslash));
    }
    Ok(reference.replace('\\', "%5C"))
}
