//! Where relative requests go.

use std::borrow::Cow;
use std::fmt;

use http::uri::{Authority, Parts, PathAndQuery, Scheme, Uri};

mod error;
mod origin;
mod reference;
mod target;

pub use self::error::InvalidUri;
use self::error::Rule;
use self::origin::is_origin;
pub(crate) use self::origin::same_origin;
pub(crate) use self::reference::names_host;
use self::reference::{absolute, is_absolute, leaves_prefix, sendable};
pub(crate) use self::target::Pathless;

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
    /// `..`, which could leave the prefix; when its path holds a `\`, which some servers and proxies read as a
    /// slash (RFC 3986 has no such character; in a query it is percent-encoded); or when it holds a `#`, what
    /// follows which is never sent.
    pub fn join(&self, reference: &str) -> Result<Uri, InvalidUri> {
        self.join_own(reference.into())
    }

    /// The same, for a reference that was made for this: the prefix is put in front of it in its place.
    pub(crate) fn join_own(&self, reference: Cow<'_, str>) -> Result<Uri, InvalidUri> {
        let reference = sendable(reference)?;
        if is_absolute(&reference) {
            return absolute(&reference);
        }
        if reference.starts_with("//") {
            return Err(InvalidUri::new(Rule::OtherHost));
        }
        if leaves_prefix(&reference) {
            return Err(InvalidUri::new(Rule::DotSegments));
        }
        let slash = match reference.as_bytes().first() {
            Some(b'/') => "",
            None | Some(b'?') if !self.prefix.is_empty() => "",
            _ => "/",
        };
        let mut path = reference.into_owned();
        path.insert_str(0, slash);
        path.insert_str(0, &self.prefix);
        self.at(path
            .try_into()
            .map_err(|_| InvalidUri::new(Rule::Malformed))?)
    }

    /// An absolute URI where there is no base.
    pub(crate) fn absolute(uri: &str) -> Result<Uri, InvalidUri> {
        let uri = &*sendable(uri.into())?;
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
        is_origin((&self.scheme, &self.authority), uri)
    }

    fn at(&self, path: PathAndQuery) -> Result<Uri, InvalidUri> {
        let mut parts = Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts).map_err(|_| InvalidUri::new(Rule::Malformed))
    }
}

impl std::str::FromStr for BaseUri {
    type Err = InvalidUri;

    fn from_str(text: &str) -> Result<Self, InvalidUri> {
        if text.contains('#') {
            return Err(InvalidUri::new(Rule::Query));
        }
        let uri = absolute(&sendable(text.into())?)?;
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

#[cfg(test)]
mod tests;
