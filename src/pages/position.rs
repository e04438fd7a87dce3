use std::error::Error;
use std::fmt;
use std::str::FromStr;

use http::Uri;
use serde::Serialize;

use crate::query::{self, merge};
use crate::{ArrayStyle, Unwritable};

/// Where a page of a list is: parameters that take the place of the request's own, or a whole URI.
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
    /// Encoded pairs.
    Query(String),
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

    /// This URI in place of the request's, its query and all.
    #[must_use]
    pub fn uri(uri: Uri) -> Self {
        Self(At::Uri(Box::new(uri)))
    }

    /// The URI of a page at this position, of a list that begins at `first`. `None` where that would
    /// be no URI any more, for its length.
    pub(super) fn of(&self, first: &Uri) -> Option<Uri> {
        match &self.0 {
            At::Uri(uri) => Some(Uri::clone(uri)),
            At::Query(pairs) if pairs.is_empty() => Some(first.clone()),
            At::Query(pairs) => {
                let mut query = first.query().unwrap_or_default().to_owned();
                merge(&mut query, pairs);
                let mut parts = first.clone().into_parts();
                let path = format!("{}?{query}", first.path());
                parts.path_and_query = Some(path.try_into().ok()?);
                Uri::from_parts(parts).ok()
            }
        }
    }

    /// Its length as text, in bytes.
    pub(super) fn len(&self) -> usize {
        match &self.0 {
            At::Query(pairs) => pairs.len(),
            At::Uri(uri) => uri.path().len() + uri.query().map_or(0, str::len),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            At::Query(pairs) => write!(f, "?{pairs}"),
            At::Uri(uri) => uri.fmt(f),
        }
    }
}

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            At::Query(_) => "query",
            At::Uri(_) => "uri",
        };
        write!(f, "Position({kind}, {} bytes)", self.len())
    }
}

impl FromStr for Position {
    type Err = InvalidPosition;

    fn from_str(text: &str) -> Result<Self, InvalidPosition> {
        if let Some(pairs) = text.strip_prefix('?') {
            // What no query holds would be lost or read as something else on the way.
            let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
            return if pairs.bytes().all(fits) {
                Ok(Self(At::Query(pairs.to_owned())))
            } else {
                Err(InvalidPosition(()))
            };
        }
        let uri: Uri = text.parse().map_err(|_| InvalidPosition(()))?;
        if uri.scheme().is_none() || uri.authority().is_none() {
            return Err(InvalidPosition(()));
        }
        Ok(Self::uri(uri))
    }
}

/// A text that is no position: neither a query with its `?` nor an absolute URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidPosition(());

impl fmt::Display for InvalidPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a position is a query with its `?`, or an absolute URI")
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
    }

    #[test]
    fn a_position_survives_being_written_down() {
        let pairs = Position::pairs([("pg[cursor]", "a b&c\n\u{7f}é".to_owned())]);
        assert_eq!(pairs.to_string(), "?pg%5Bcursor%5D=a%20b%26c%0A%7F%C3%A9");
        for position in [
            pairs,
            Position::default(),
            Position::uri("http://h/?a".parse().unwrap()),
        ] {
            assert_eq!(position.to_string().parse(), Ok(position));
        }
        for bad in ["", "page=2", "/a?b", "?a b", "?a#b", "?\n", "http://"] {
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
    }

    #[test]
    fn a_uri_that_would_be_too_long_is_none() {
        let position = Position::pairs([("c", "x".repeat(70_000))]);
        assert_eq!(position.of(&"http://h/".parse().unwrap()), None);
    }
}
