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
mod tests {
    use super::*;

    fn of(position: &str, first: &str) -> String {
        let position: Position = position.parse().unwrap();
        position.of(&first.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn ap20_w25_parameters_take_the_place_of_their_own_names_alone() {
        let first = "http://h/a?filter=x&page=1";
        assert_eq!(of("?", first), first);
        assert_eq!(of("?page=2", first), "http://h/a?filter=x&page=2");
        assert_eq!(of("?page=2", "http://h/a"), "http://h/a?page=2");
        assert_eq!(of("http://h/b?c", first), "http://h/b?c");
        assert_eq!(of("/b?c", first), "http://h/b?c");
        assert_eq!(of("//evil/b", first), "http://h//evil/b");
    }

    #[test]
    fn a_parameter_that_is_left_out_is_none_of_the_position_itself() {
        let first = "http://h/a?before=x&n=1&be%66ore=y";
        assert_eq!(of("?after=2#before", first), "http://h/a?n=1&after=2");
        assert_eq!(of("?#before", "http://h/a?before"), "http://h/a");
        assert_eq!(of("?before=2#before", first), "http://h/a?n=1&before=2");
        let both = Position::pairs([("a", "1".to_owned())])
            .without("b c")
            .without("d&");
        assert_eq!(both.to_string(), "?a=1#b%20c&d%26");
        assert_eq!(
            of("?a=1#b%20c&d%26", "http://h/?b%20c&d%26=2&d"),
            "http://h/?d&a=1"
        );
    }

    #[test]
    fn a_body_has_its_values_where_they_belong() {
        let at = |position: &str, body: &str| {
            let position: Position = position.parse().unwrap();
            let body = position
                .body_of(body.as_bytes())
                .map_err(|fault| fault.to_string());
            body.map(|body| body.map(|body| String::from_utf8(body.to_vec()).unwrap()))
        };
        let made = |position: &str, body: &str| at(position, body).unwrap().unwrap();
        assert_eq!(made(r#"{"/a":"x"}"#, "{}"), r#"{"a":"x"}"#);
        assert_eq!(
            made(r#"{"/a":[1,"x"]}"#, r#"{"a":1,"b":2}"#),
            r#"{"a":[1,"x"],"b":2}"#
        );
        assert_eq!(made(r#"{"/a/b":7}"#, r#"{"a":null}"#), r#"{"a":{"b":7}}"#);
        assert_eq!(
            made(r#"{"/a/0/b":7}"#, r#"{"a":[{}]}"#),
            r#"{"a":[{"b":7}]}"#
        );
        assert_eq!(made(r#"{"/a~1b":7}"#, "{}"), r#"{"a/b":7}"#);
        assert_eq!(at("?a=1", "{}"), Ok(None));
        for body in ["", "s3cret", "[1]", r#"{"a":1}"#, r#"{"a":[]}"#] {
            let fault = at(r#"{"/a/0/b":7}"#, body).unwrap_err();
            assert!(
                fault.starts_with("the request's body") && !fault.contains("s3cret"),
                "{fault}"
            );
        }
        let position: Position = r#"{"/a":"x"}"#.parse().unwrap();
        assert_eq!(
            position.of(&"http://h/a?b".parse().unwrap()).unwrap(),
            "http://h/a?b"
        );
    }

    #[test]
    fn a_position_survives_being_written_down() {
        let pairs = Position::pairs([("pg[cursor]", "a b&c\n\u{7f}é".to_owned())]);
        assert_eq!(pairs.to_string(), "?pg%5Bcursor%5D=a%20b%26c%0A%7F%C3%A9");
        for position in [
            pairs.clone(),
            pairs.without("a b"),
            Position::body(&Pointer::from_static("/a"), "x"),
            Position::default(),
            Position::uri("http://h/?a".parse().unwrap()),
            Position::uri("/a?b".parse().unwrap()),
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for bad in [
            "",
            "page=2",
            "a/b",
            "h:80",
            "*",
            "?a b",
            "?a#b#c",
            "?\n",
            "http://",
            "{",
            r#"{"a":1}"#,
        ] {
            assert_eq!(bad.parse::<Position>(), Err(InvalidPosition(())), "{bad:?}");
        }
        assert!(InvalidPosition(()).to_string().contains("`?`"));
    }

    #[test]
    fn ic71_debug_does_not_show_a_cursor() {
        let position = Position::pairs([("cursor", "s3cret".to_owned())]);
        assert_eq!(format!("{position:?}"), "Position(query, 13 bytes)");
        let position = Position::uri("http://h/a?s3cret".parse().unwrap());
        assert_eq!(format!("{position:?}"), "Position(uri, 8 bytes)");
        let position = Position::body(&Pointer::from_static("/a"), "s3cret");
        assert_eq!(format!("{position:?}"), "Position(body, 15 bytes)");
    }

    #[test]
    fn a_uri_that_would_be_too_long_is_none() {
        let position = Position::pairs([("c", "x".repeat(70_000))]);
        assert_eq!(position.of(&"http://h/".parse().unwrap()), None);
    }
}
