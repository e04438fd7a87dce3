use std::fmt;
use std::mem;
use std::sync::Arc;

use http::header::Entry;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri, header};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::Carrier;
use crate::secret::sensitive;

/// One thing that is added to a request.
#[derive(Clone)]
pub(super) enum Field {
    Header(HeaderName, HeaderValue),
    Query(Pair),
    Cookie(Pair),
    Custom(&'static str, Arc<dyn Fn(&mut Carrier<'_>) + Send + Sync>),
}

/// A request that has no room for a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unplaceable;

impl Field {
    /// Returns whether it was added; it is not where the request has its own.
    #[inline]
    pub(super) fn apply<B>(
        &self,
        request: &mut Request<B>,
        overwrite: bool,
    ) -> Result<bool, Unplaceable> {
        match self {
            Self::Header(name, value) => set(request.headers_mut(), name, value, overwrite),
            Self::Query(pair) => pair.join_query(request.uri_mut(), overwrite),
            Self::Cookie(pair) => pair.join_cookies(request.headers_mut(), overwrite),
            Self::Custom(_, write) => {
                lend(request, |carrier| write(carrier));
                Ok(true)
            }
        }
    }
}

/// A request lends its parts only one by one, so they are taken out and put back.
fn lend<B>(request: &mut Request<B>, write: impl FnOnce(&mut Carrier<'_>)) {
    let mut uri = mem::take(request.uri_mut());
    let mut headers = mem::take(request.headers_mut());
    write(&mut Carrier {
        method: request.method(),
        uri: &mut uri,
        headers: &mut headers,
    });
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
}

#[inline]
fn set(
    headers: &mut HeaderMap,
    name: &HeaderName,
    value: &HeaderValue,
    overwrite: bool,
) -> Result<bool, Unplaceable> {
    // Where no name comes twice there is nothing else to take away, so that finding it is enough.
    if overwrite
        && headers.len() == headers.keys_len()
        && let Some(own) = headers.get_mut(name)
    {
        *own = value.clone();
        return Ok(true);
    }
    match headers.try_entry(name).map_err(|_| Unplaceable)? {
        Entry::Vacant(place) => {
            let placed = place.try_insert(value.clone());
            placed.map(|_| true).map_err(|_| Unplaceable)
        }
        Entry::Occupied(mut own) if overwrite => {
            own.insert(value.clone());
            Ok(true)
        }
        Entry::Occupied(_) => Ok(false),
    }
}

/// `name=value`, as it is sent.
#[derive(Clone)]
pub(super) struct Pair {
    text: Arc<Zeroizing<String>>,
    name: usize,
}

impl Pair {
    pub(super) fn new(name: impl AsRef<str>, value: &str) -> Self {
        let name = name.as_ref();
        let mut text = Zeroizing::new(String::with_capacity(name.len() + 1 + value.len()));
        text.push_str(name);
        text.push('=');
        text.push_str(value);
        Self {
            text: Arc::new(text),
            name: name.len(),
        }
    }

    fn name(&self) -> &str {
        &self.text[..self.name]
    }

    fn is_named(&self, other: &str) -> bool {
        self.name() == other
    }

    /// Whether a server would take this parameter's name for ours, though it may be encoded otherwise.
    fn is_parameter(&self, other: &str) -> bool {
        self.is_named(other) || percent_decode_str(self.name()).eq(percent_decode_str(other))
    }

    /// `list` with this at its end in place of those of the same name; `None` where one of them
    /// stays. The list is divided by the first character of `glue`.
    fn joined(
        &self,
        list: &str,
        glue: &str,
        overwrite: bool,
        is_own: impl Fn(&str) -> bool,
    ) -> Option<Zeroizing<String>> {
        let is_own = |pair: &&str| pair.split('=').next().is_some_and(&is_own);
        let divider = glue.chars().next()?;
        let pairs = || {
            list.split(divider)
                .map(str::trim)
                .filter(|pair| !pair.is_empty())
        };
        if !overwrite && pairs().any(|pair| is_own(&pair)) {
            return None;
        }
        let gaps = glue.len() * (1 + pairs().count());
        let room = list.len() + gaps + self.text.len();
        let mut text = Zeroizing::new(String::with_capacity(room));
        for pair in pairs().filter(|pair| !is_own(pair)) {
            text.push_str(pair);
            text.push_str(glue);
        }
        text.push_str(&self.text);
        Some(text)
    }

    fn join_query(&self, uri: &mut Uri, overwrite: bool) -> Result<bool, Unplaceable> {
        let query = uri.query().unwrap_or("");
        let Some(query) = self.joined(query, "&", overwrite, |name| self.is_parameter(name)) else {
            return Ok(false);
        };
        let path = uri.path();
        // `*` and the bare authority of a CONNECT have no query.
        if !path.starts_with('/') {
            return Err(Unplaceable);
        }
        let text = Zeroizing::new(format!("{path}?{}", *query));
        let mut parts = uri.clone().into_parts();
        let both = PathAndQuery::try_from(text.as_str()).map_err(|_| Unplaceable)?;
        parts.path_and_query = Some(both);
        *uri = Uri::from_parts(parts).map_err(|_| Unplaceable)?;
        Ok(true)
    }

    /// All cookies go in one field over HTTP/1.1
    /// ([RFC 6265 §5.4](https://www.rfc-editor.org/rfc/rfc6265#section-5.4)); where a request has
    /// several, as HTTP/2 allows, they are joined.
    fn join_cookies(&self, headers: &mut HeaderMap, overwrite: bool) -> Result<bool, Unplaceable> {
        let mut own = Zeroizing::new(Vec::new());
        for value in headers.get_all(header::COOKIE) {
            own.extend_from_slice(value.as_bytes());
            own.push(b';');
        }
        let own = std::str::from_utf8(&own).map_err(|_| Unplaceable)?;
        let Some(mut all) = self.joined(own, "; ", overwrite, |name| self.is_named(name)) else {
            return Ok(false);
        };
        let bytes = mem::take(&mut *all).into_bytes();
        let value = sensitive(Zeroizing::new(bytes)).map_err(|_| Unplaceable)?;
        let placed = headers.try_insert(header::COOKIE, value);
        placed.map(|_| true).map_err(|_| Unplaceable)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name, _) => write!(f, "header {:?}", name.as_str()),
            Self::Query(pair) => write!(f, "query {:?}", pair.name()),
            Self::Cookie(pair) => write!(f, "cookie {:?}", pair.name()),
            Self::Custom(name, _) => write!(f, "custom {name:?}"),
        }
    }
}
