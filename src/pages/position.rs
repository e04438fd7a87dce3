use std::error::Error;
use std::fmt;
use std::str::FromStr;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::Uri;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::query::{self, merge, remove};
use crate::{ArrayStyle, Pointer, Unwritable};

/// Where a page of a list is: parameters that take the place of the request's own, values that take
/// their places in its body, or a whole URI.
///
/// Written as text and read again it means the same, so that a long export can go on where it stopped.
/// The text may hold what a server counts as a secret; `Debug` does not show it.
///
/// ```
/// use buttress::pages::Position;
///
/// let third = Position::query(&[("page", 3)])?;
/// assert_eq!(third.to_string(), "?page=3");
/// assert_eq!("?page=3".parse::<Position>()?, third);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Position(At);

#[derive(Clone, PartialEq, Eq, Hash)]
enum At {
    /// Encoded pairs, and behind a `#` the encoded names that are left out besides.
    Query(String),
    /// An object of values by their places.
    Body(String),
    Uri(Box<Uri>),
}

impl Default for At {
    fn default() -> Self {
        Self::Query(String::new())
    }
}

impl Position {
    /// These parameters in place of the request's own of the same names. They are encoded.
    ///
    /// # Errors
    ///
    /// When they are not a struct, a map or a list of pairs, or hold what has no form as text.
    pub fn query<T: Serialize + ?Sized>(parameters: &T) -> Result<Self, Unwritable> {
        let text = query::query(parameters, ArrayStyle::default())?;
        Ok(Self(At::Query(text)))
    }

    /// Parameters that are text already, which cannot fail.
    pub(super) fn pairs<'n>(pairs: impl IntoIterator<Item = (&'n str, String)>) -> Self {
        let mut text = String::new();
        for (name, value) in pairs {
            query::push(&mut text, name, &value);
        }
        Self(At::Query(text))
    }

    /// Leaves a parameter of the request's own out besides: the one that says where the page before ends,
    /// for instance, which would contradict where the next one begins. Other positions than those of
    /// [parameters](Self::query) stay as they are.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        if let At::Query(text) = &mut self.0 {
            text.push(if text.contains('#') { '&' } else { '#' });
            text.push_str(&query::name(name));
        }
        self
    }

    /// This value at a place of the request's body, which is JSON. Objects on the way to it are made
    /// where there are none.
    ///
    /// ```
    /// use buttress::Pointer;
    /// use buttress::pages::Position;
    ///
    /// const START: Pointer = Pointer::from_static("/start_cursor");
    /// let next = Position::body(&START, "abc");
    /// assert_eq!(next.to_string(), r#"{"/start_cursor":"abc"}"#);
    /// ```
    #[must_use]
    pub fn body(place: &Pointer, value: impl Into<Value>) -> Self {
        let mut values = Map::new();
        values.insert(place.to_string(), value.into());
        Self(At::Body(Value::Object(values).to_string()))
    }

    /// This URI in place of the request's, its query and all. One without a host lies where the list does.
    #[must_use]
    pub fn uri(uri: Uri) -> Self {
        Self(At::Uri(Box::new(uri)))
    }

    /// The URI of a page at this position, of a list that begins at `first`. `None` where that would
    /// be no URI any more, for its length.
    pub(super) fn of(&self, first: &Uri) -> Option<Uri> {
        match &self.0 {
            At::Uri(uri) if is_path(uri) => {
                let mut parts = first.clone().into_parts();
                parts.path_and_query = uri.path_and_query().cloned();
                Uri::from_parts(parts).ok()
            }
            At::Uri(uri) => Some(Uri::clone(uri)),
            At::Body(_) => Some(first.clone()),
            At::Query(text) if text.is_empty() => Some(first.clone()),
            At::Query(text) => {
                let (pairs, without) = text.split_once('#').unwrap_or((text, ""));
                let mut query = first.query().unwrap_or_default().to_owned();
                remove(&mut query, without);
                merge(&mut query, pairs);
                let mut parts = first.clone().into_parts();
                let path = match &*query {
                    "" => first.path().to_owned(),
                    query => format!("{}?{query}", first.path()),
                };
                parts.path_and_query = Some(path.try_into().ok()?);
                Uri::from_parts(parts).ok()
            }
        }
    }

    /// The body of a page at this position, of a list whose first page has `first`. `None` where it is
    /// the same.
    ///
    /// # Errors
    ///
    /// When `first` is no JSON in which there could be such a place.
    pub(super) fn body_of(&self, first: &[u8]) -> Result<Option<Bytes>, BoxError> {
        let At::Body(values) = &self.0 else {
            return Ok(None);
        };
        let values: Map<String, Value> = serde_json::from_str(values)?;
        // The reader's error quotes the document.
        let document = serde_json::from_slice::<Value>(first).ok();
        let mut document =
            document.ok_or("the request's body, which says where a page is, is no JSON")?;
        for (place, value) in values {
            let place: Pointer = place.parse()?;
            let there = place.make(&mut document).ok_or_else(|| {
                let place = place.as_str().escape_debug();
                format!("the request's body, which says where a page is, has no room for `{place}`")
            })?;
            *there = value;
        }
        Ok(Some(document.to_string().into()))
    }

    /// What tells this position from others in a list that begins at `first`.
    pub(super) fn name_in(&self, first: &Uri) -> (Option<Uri>, &str) {
        let body = match &self.0 {
            At::Body(values) => values,
            At::Query(_) | At::Uri(_) => "",
        };
        (self.of(first), body)
    }

    /// Its length as text, in bytes.
    pub(super) fn len(&self) -> usize {
        match &self.0 {
            At::Query(text) | At::Body(text) => text.len(),
            At::Uri(uri) => uri.path().len() + uri.query().map_or(0, str::len),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            At::Query(text) => write!(f, "?{text}"),
            At::Body(values) => f.write_str(values),
            At::Uri(uri) => uri.fmt(f),
        }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            At::Query(_) => "query",
            At::Body(_) => "body",
            At::Uri(_) => "uri",
        };
        write!(f, "Position({kind}, {} bytes)", self.len())
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        if let Some(query) = text.strip_prefix('?') {
            // What no query holds would be lost or read as something else on the way.
            let fits = query.bytes().all(|byte| byte.is_ascii_graphic());
            return if fits && query.matches('#').count() < 2 {
                Ok(Self(At::Query(query.to_owned())))
            } else {
                Err(InvalidPosition(()))
            };
        }
        if text.starts_with('{') {
            return Self::from_json(text).ok_or(InvalidPosition(()));
        }
        let uri: Uri = text.parse().map_err(|_| InvalidPosition(()))?;
        let is_absolute = uri.scheme().is_some() && uri.authority().is_some();
        if is_absolute || is_path(&uri) {
            Ok(Self::uri(uri))
        } else {
            Err(InvalidPosition(()))
        }
    }
}

/// Whether it names no host.
fn is_path(uri: &Uri) -> bool {
    uri.scheme().is_none() && uri.authority().is_none() && uri.path().starts_with('/')
}

impl Position {
    fn from_json(text: &str) -> Option<Self> {
        let values: Map<String, Value> = serde_json::from_str(text).ok()?;
        let are_places = values.keys().all(|place| place.parse::<Pointer>().is_ok());
        // In the spelling that it is compared in.
        are_places.then(|| Self(At::Body(Value::Object(values).to_string())))
    }
}

/// A text that is no position: neither a query with its `?`, nor values by their places in a body, nor a
/// URI or the path of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPosition(());

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a position is a query with its `?`, an object of JSON pointers, a URI, or a path with its `/`",
        )
    }
}

impl Error for InvalidPosition {}

#[cfg(test)]
mod tests;
