//! Values as text: queries, forms, and the places of a template.

mod array;
mod fields;
mod list;
mod merge;
mod nested;
mod scalar;

use std::error::Error;
use std::fmt;

use serde::Serialize;

pub use self::array::ArrayStyle;
#[cfg(feature = "json")]
pub(crate) use self::merge::value_of;
pub(crate) use self::merge::{merge, remove};
use self::nested::Nested;
use crate::template::{Encoding, encode};

/// Names with their values, in order, the values encoded already.
#[derive(Debug, Default)]
pub(crate) struct Pairs(Vec<(String, String)>);

/// How values become pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) encoding: Encoding,
    /// `None` where a list has no place.
    pub(crate) arrays: Option<ArrayStyle>,
}

/// # Errors
///
/// When `value` is not a struct, a map or a list of pairs, or holds what has no form as text.
pub(crate) fn pairs<T: Serialize + ?Sized>(value: &T, rules: Rules) -> Result<Pairs, Unwritable> {
    let mut pairs = Pairs::default();
    value.serialize(Nested::top(&mut pairs, rules))?;
    Ok(pairs)
}

/// A value as the text of a query.
pub(crate) fn query<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<String, Unwritable> {
    let encoding = Encoding::Component;
    let arrays = Some(arrays);
    Ok(pairs(value, Rules { encoding, arrays })?.joined(encoding))
}

/// A value as the text of a form (WHATWG URL §5.2).
pub(crate) fn form<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<String, Unwritable> {
    let encoding = Encoding::Form;
    let arrays = Some(arrays);
    Ok(pairs(value, Rules { encoding, arrays })?.joined(encoding))
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

/// A value as names and plain texts, for the places of a template.
pub(crate) fn plain<T: Serialize + ?Sized>(value: &T) -> Result<Vec<(String, String)>, Unwritable> {
    let encoding = Encoding::Plain;
    let arrays = None;
    Ok(pairs(value, Rules { encoding, arrays })?.0)
}

/// The same where lists have a place: behind a list's name there is `[]` or, in that style, an index,
/// which tells a list of one element from a value.
pub(crate) fn listed<T: Serialize + ?Sized>(
    value: &T,
    arrays: ArrayStyle,
) -> Result<Vec<(String, String)>, Unwritable> {
    let encoding = Encoding::Plain;
    let arrays = Some(match arrays {
        ArrayStyle::Indexed => ArrayStyle::Indexed,
        _ => ArrayStyle::Bracket,
    });
    Ok(pairs(value, Rules { encoding, arrays })?.0)
}

impl Pairs {
    fn push(&mut self, name: String, value: String) {
        self.0.push((name, value));
    }

    fn joined(self, encoding: Encoding) -> String {
        let mut text = String::new();
        for (name, value) in self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            encode(&name, encoding, &mut text);
            text.push('=');
            text.push_str(&value);
        }
        text
    }
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
