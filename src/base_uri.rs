//! Where relative requests go.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use http::uri::{Authority, PathAndQuery, Scheme, Uri};

use crate::segments;
use crate::template::{Encoding, encode};

/// The URI under which all relative paths of a client lie.
///
/// Its path is a prefix: under `https://api.example.com/v1`, both `users` and `/users` mean
/// `/v1/users`. (RFC 3986's reference resolution would drop the `v1`, which for an API is never what
/// was meant.) An absolute URI in a request goes where it says.
///
/// ```
/// use buttress::BaseUri;
///
/// let base: BaseUri = "https://api.example.com/v1/".parse()?;
/// assert_eq!(base.join("users?page=2")?, "https://api.example.com/v1/users?page=2");
/// assert_eq!(base.join("https://example.org/")?, "https://example.org/");
///
/// let error = "api.example.com".parse::<BaseUri>().unwrap_err();
/// assert_eq!(error.to_string(), "the URI has no scheme and host; write it as https://host/path");
/// # Ok::<_, buttress::InvalidUri>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUri {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end.
    prefix: String,
}

impl BaseUri {
    /// The URI that `reference` means under this base. Characters beyond ASCII are percent-encoded.
    ///
    /// # Errors
    ///
    /// When `reference` is not a path, a path with a query, a query or an absolute `http` or `https` URI;
    /// when it begins with two slashes, which elsewhere means another host; when a segment is
    /// `..`, which could leave the prefix; or when it holds a `#`, what follows which is never sent.
    pub fn join(&self, reference: &str) -> Result<Uri, InvalidUri> {
        let reference = &*sendable(reference)?;
        if is_absolute(reference) {
            return absolute(reference);
        }
        if reference.starts_with("//") {
            return Err(InvalidUri::new(Rule::OtherHost));
        }
        if leaves_prefix(reference) {
            return Err(InvalidUri::new(Rule::DotSegments));
        }
        let slash = match reference.as_bytes().first() {
            None | Some(b'/' | b'?') => "",
            Some(_) => "/",
        };
        let mut path = format!("{}{slash}{reference}", self.prefix);
        if path.is_empty() || path.starts_with('?') {
            path.insert(0, '/');
        }
        self.at(path
            .try_into()
            .map_err(|_| InvalidUri::new(Rule::Malformed))?)
    }

    /// An absolute URI where there is no base.
    pub(crate) fn absolute(uri: &str) -> Result<Uri, InvalidUri> {
        let uri = &*sendable(uri)?;
        if is_absolute(uri) {
            absolute(uri)
        } else {
            Err(InvalidUri::no_base())
        }
    }

    /// Makes a request's URI absolute: one with a host stays as it is.
    pub(crate) fn resolve(&self, uri: &Uri) -> Result<Uri, InvalidUri> {
        if uri.authority().is_some() {
            return Ok(uri.clone());
        }
        self.join(uri.path_and_query().map_or("", PathAndQuery::as_str))
    }

    /// Whether `uri` has this base's scheme, host and port.
    #[must_use]
    pub fn is_origin_of(&self, uri: &Uri) -> bool {
        let (scheme, authority) = (uri.scheme(), uri.authority());
        is_origin((&self.scheme, &self.authority), scheme.zip(authority))
    }

    fn at(&self, path: PathAndQuery) -> Result<Uri, InvalidUri> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path)
            .build()
            .map_err(|_| InvalidUri::new(Rule::Malformed))
    }
}

impl std::str::FromStr for BaseUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        if text.contains('#') {
            return Err(InvalidUri::new(Rule::Query));
        }
        let uri = absolute(&sendable(text)?)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else {
            return Err(InvalidUri::new(Rule::NotAbsolute));
        };
        if authority.as_str().contains('@') {
            return Err(InvalidUri::new(Rule::UserInfo));
        }
        let path = parts.path_and_query.as_ref();
        if path.is_some_and(|path| path.query().is_some()) {
            return Err(InvalidUri::new(Rule::Query));
        }
        let prefix = path.map_or("", PathAndQuery::path).trim_end_matches('/');
        if leaves_prefix(prefix) {
            return Err(InvalidUri::new(Rule::DotSegments));
        }
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.to_owned(),
        })
    }
}

impl fmt::Display for BaseUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

/// Whether two URIs have one scheme, host and port.
pub(crate) fn same_origin(one: &Uri, other: &Uri) -> bool {
    let origin = one.scheme().zip(one.authority());
    origin.is_some_and(|origin| is_origin(origin, other.scheme().zip(other.authority())))
}

type Origin<'a> = (&'a Scheme, &'a Authority);

fn is_origin((scheme, authority): Origin<'_>, other: Option<Origin<'_>>) -> bool {
    let port = |authority: &Authority| authority.port_u16().or_else(|| default_port(scheme));
    other.is_some_and(|(other_scheme, other)| {
        other_scheme == scheme
            && other.host().eq_ignore_ascii_case(authority.host())
            && port(other) == port(authority)
    })
}

/// Whether a reference says where it leads, instead of leaving that to a base.
pub(crate) fn names_host(reference: &str) -> bool {
    is_absolute(reference) || reference.starts_with("//")
}

fn is_absolute(reference: &str) -> bool {
    let path = reference.find(['/', '?', '#']).unwrap_or(reference.len());
    reference[..path].ends_with(':') && reference[path..].starts_with("//")
}

/// An absolute URI of a scheme that is spoken here.
fn absolute(text: &str) -> Result<Uri, InvalidUri> {
    let uri: Uri = text.parse().map_err(|_| InvalidUri::new(Rule::Malformed))?;
    match uri.scheme() {
        None => Err(InvalidUri::new(Rule::NotAbsolute)),
        Some(scheme) if default_port(scheme).is_none() => Err(InvalidUri::new(Rule::Scheme)),
        Some(_) if uri.host().is_none_or(str::is_empty) => Err(InvalidUri::new(Rule::NotAbsolute)),
        Some(_) if !uri.authority().is_some_and(is_place) => Err(InvalidUri::new(Rule::Malformed)),
        Some(_) => Ok(uri),
    }
}

fn default_port(scheme: &Scheme) -> Option<u16> {
    match scheme.as_str() {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
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
fn leaves_prefix(reference: &str) -> bool {
    let path = reference.split(['?', '#']).next().unwrap_or_default();
    segments::any(path, |segment| segment == "..")
}

/// What a request line cannot hold, encoded or refused.
fn sendable(reference: &str) -> Result<Cow<'_, str>, InvalidUri> {
    if reference.contains('#') {
        return Err(InvalidUri::new(Rule::Fragment));
    }
    if reference.is_ascii() {
        return Ok(reference.into());
    }
    let mut encoded = String::with_capacity(reference.len() * 2);
    encode(reference, Encoding::Literal, &mut encoded);
    Ok(encoded.into())
}

/// A URI that cannot be used, and the rule that it broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidUri(Rule);

impl InvalidUri {
    const fn new(rule: Rule) -> Self {
        Self(rule)
    }

    pub(crate) const fn malformed() -> Self {
        Self(Rule::Malformed)
    }

    pub(crate) const fn no_base() -> Self {
        Self(Rule::NoBase)
    }

    pub(crate) const fn elsewhere() -> Self {
        Self(Rule::Elsewhere)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Malformed,
    NotAbsolute,
    Scheme,
    UserInfo,
    Query,
    Fragment,
    OtherHost,
    DotSegments,
    NoBase,
    Elsewhere,
}

impl fmt::Display for InvalidUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Rule::Malformed => "the URI is malformed: a host is letters, digits, `-`, `.` and `_`, a port is at most 65535, \
                 and other characters must be percent-encoded",
            Rule::NotAbsolute => "the URI has no scheme and host; write it as https://host/path",
            Rule::Scheme => "the URI's scheme is neither http nor https",
            Rule::UserInfo => "the URI holds a user name or password; credentials belong in a header",
            Rule::Query => "a base URI has no query and no fragment",
            Rule::Fragment => "what follows a `#` is never sent; write `%23` where the character itself is meant, or leave it out",
            Rule::OtherHost => "a path that begins with `//` means another host; write the whole URI or one slash",
            Rule::DotSegments => "a path segment is `..`, which could leave the base URI's prefix",
            Rule::Elsewhere => "the request's URI names another origin than the client's base URI; take the authority out, or use `execute`",
            Rule::NoBase => "the request's URI is relative and the client has no base URI; set one with `base_uri`",
        })
    }
}

impl Error for InvalidUri {}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> BaseUri {
        text.parse().unwrap()
    }

    #[test]
    fn joins_under_the_prefix_with_one_slash() {
        for (at, reference, whole) in [
            ("http://h", "", "http://h/"),
            ("http://h", "a", "http://h/a"),
            ("http://h/", "/a", "http://h/a"),
            ("http://h/v1", "/a?b=c", "http://h/v1/a?b=c"),
            ("http://h/v1/", "a/", "http://h/v1/a/"),
            ("http://h/v1", "?b=c", "http://h/v1?b=c"),
            ("http://h", "?b=c", "http://h/?b=c"),
            ("http://h:81/v1", "a:b/c", "http://h:81/v1/a:b/c"),
            (
                "http://h/v1",
                "a?u=http://x/y",
                "http://h/v1/a?u=http://x/y",
            ),
        ] {
            assert_eq!(
                base(at).join(reference).unwrap(),
                whole,
                "{at} + {reference}"
            );
        }
    }

    #[test]
    fn absolute_uris_bypass_the_base_whatever_their_case() {
        assert_eq!(
            base("http://h/v1").join("HTTPS://other/x").unwrap(),
            "https://other/x"
        );
    }

    #[test]
    fn w57_what_could_mean_another_host_or_leave_the_prefix_is_refused() {
        for bad in [
            "//evil/x",
            "../x",
            "a/../../x",
            "a/%2e%2E/x",
            "ftp://h/",
            "http:///x",
            "a/..%2f..%2Fadmin",
            "..\\admin",
            "a%5C..",
            "..;x=y/admin",
            "..%3Bx=y/admin",
            "..%00/admin",
            "http://h*/",
            "http://h:80*/",
            "http://h:99999/",
            "a b",
            "a\nb",
        ] {
            assert!(base("http://h/v1").join(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_ascii_is_encoded_and_a_fragment_refused() {
        let base = base("http://h/é");
        assert_eq!(
            base.join("café?q=é").unwrap(),
            "http://h/%C3%A9/caf%C3%A9?q=%C3%A9"
        );
        assert_eq!(base.join("https://o/é").unwrap(), "https://o/%C3%A9");
        assert!(base.join("https://é.example/").is_err());
        let error = base.join("/users/c#").unwrap_err();
        assert!(error.to_string().contains("`%23`"), "{error}");
        BaseUri::absolute("https://o/a#b").unwrap_err();
    }

    #[test]
    fn a_bad_base_says_which_rule_was_broken() {
        for (bad, words) in [
            ("", "malformed"),
            ("api.example.com", "no scheme and host"),
            ("/v1", "no scheme and host"),
            ("ftp://h/", "neither http nor https"),
            ("http://u:p@h/", "user name or password"),
            ("http://h/?a=b", "no query"),
            ("http://h/#f", "no query"),
            ("http://h/a/../b", "`..`"),
            ("http://h/ \n", "malformed"),
        ] {
            let error = bad.parse::<BaseUri>().unwrap_err().to_string();
            assert!(error.contains(words), "{bad}: {error}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let base = base("https://API.example.com/v1");
        for (uri, same) in [
            ("https://api.example.com/", true),
            ("https://api.example.com:443/x", true),
            ("https://api.example.com:444/x", false),
            ("http://api.example.com/x", false),
            ("https://example.com/x", false),
            ("/x", false),
        ] {
            assert_eq!(base.is_origin_of(&uri.parse().unwrap()), same, "{uri}");
        }
    }
}
