//! Values as text: queries, forms, and the places of a template.

mod array;
mod fields;
mod list;
mod merge;
mod nested;
mod pairs;
mod scalar;

use std::error::Error;
use std::fmt;

use serde::Serialize;

pub use self::array::ArrayStyle;
#[cfg(feature = "json")]
pub(crate) use self::merge::value_of;
pub(crate) use self::merge::{merge, remove};
use self::nested::Nested;
use self::pairs::Pairs;
use crate::template::{Encoding, Values, encode};

/// How values become pairs.
#[derive(Clone, Copy, Debug)]
struct Rules {
    encoding: Encoding,
    /// `None` where a list has no place.
    arrays: Option<ArrayStyle>,
}

/// A value as the text of a query.
///
/// # Errors
///
/// When it is not a struct, a map or a list of pairs, or holds what has no form as text.
pub(crate) fn query<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<String, Unwritable> {
    joined(value, Encoding::Component, arrays)
}

/// A value as the text of a form (WHATWG URL §5.2).
pub(crate) fn form<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<String, Unwritable> {
    joined(value, Encoding::Form, arrays)
}

fn joined<T: Serialize + ?Sized>(
    value: &T,
    encoding: Encoding,
    arrays: ArrayStyle,
) -> Result<String, Unwritable> {
    let arrays = Some(arrays);
    let mut pairs = Pairs::joined(Rules { encoding, arrays });
    value.serialize(Nested::top(&mut pairs))?;
    Ok(pairs.into_text())
}

/// Adds a pair to a query, both parts encoded.
pub(crate) fn push(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    encode(name, Encoding::Component, query);
    query.push('=');
    encode(value, Encoding::Component, query);
}

/// A name as it stands in a query.
pub(crate) fn name(name: &str) -> String {
    let mut text = String::new();
    encode(name, Encoding::Component, &mut text);
    text
}

/// Adds a value's names and plain texts to those that are there, for the places of a template.
pub(crate) fn plain<T: Serialize + ?Sized>(
    value: &T,
    earlier: Values,
) -> Result<Values, Unwritable> {
    listed_after(value, None, earlier)
}

/// The same where lists have a place: behind a list's name there is `[]` or, in that style, an index,
/// which tells a list of one element from a value.
pub(crate) fn listed<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<Values, Unwritable> {
    let arrays = Some(match arrays {
        ArrayStyle::Indexed => ArrayStyle::Indexed,
        _ => ArrayStyle::Bracket,
    });
    listed_after(value, arrays, Values::default())
}

fn listed_after<T: Serialize + ?Sized>(
    value: &T,
    arrays: Option<ArrayStyle>,
    earlier: Values,
) -> Result<Values, Unwritable> {
    let encoding = Encoding::Plain;
    let mut pairs = Pairs::apart(Rules { encoding, arrays }, earlier);
    value.serialize(Nested::top(&mut pairs))?;
    Ok(pairs.into_values())
}

/// A value that has no form as text, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unwritable {
    at: String,
    reason: String,
}

impl Unwritable {
    fn new(reason: &str) -> Self {
        Self {
            at: String::new(),
            reason: reason.to_owned(),
        }
    }

    /// Names the place, unless it is known better already.
    fn at(mut self, name: &str) -> Self {
        if self.at.is_empty() {
            name.clone_into(&mut self.at);
        }
        self
    }
}

impl fmt::Display for Unwritable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at.as_str() {
            "" => write!(
                f,
                "the value cannot be written as names and values: {}",
                self.reason
            ),
            name => write!(
                f,
                "`{}` cannot be written as text: {}",
                name.escape_debug(),
                self.reason
            ),
        }
    }
}

impl Error for Unwritable {}

impl serde::ser::Error for Unwritable {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(&message.to_string())
    }
}

#[cfg(test)]
mod tests;
