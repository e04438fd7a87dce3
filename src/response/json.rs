use std::marker::PhantomData;

use buttress_kernel::BoxError;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;

use self::path::Path;
use crate::error::{Misplaced, Place, without_mark};

mod names;
mod path;
mod words;

/// Reads a whole document. An empty one is `null`.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, BoxError> {
    // JSON's white space (RFC 8259 §2) around nothing is nothing.
    let is_empty = body.iter().all(|byte| b" \t\r\n".contains(byte));
    if is_empty {
        return T::deserialize(Value::Null).map_err(|_| empty());
    }
    seeded(without_mark(body), "", || PhantomData::<T>)
}

/// Reads what seeds make of a whole document. There is nothing in an empty one. They look for what stands
/// at `pointer`, whose names may be told.
pub(crate) fn read_with<'b, S: DeserializeSeed<'b, Value = Option<T>>, T>(
    body: &'b [u8],
    pointer: &str,
    seed: impl Fn() -> S,
) -> Result<Option<T>, BoxError> {
    if body.iter().all(|byte| b" \t\r\n".contains(byte)) {
        return Ok(None);
    }
    seeded(without_mark(body), pointer, seed)
}

fn seeded<'b, S: DeserializeSeed<'b>>(
    body: &'b [u8],
    pointer: &str,
    seed: impl Fn() -> S,
) -> Result<S::Value, BoxError> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = seed().deserialize(&mut reader);
    // Twice only for what is wrong: keeping track of the path costs a good part of the reading.
    match value.and_then(|value| reader.end().map(|()| value)) {
        Ok(value) => Ok(value),
        // Where the text itself is broken, line and column say all there is.
        Err(error) if error.is_data() => {
            let mut reader = serde_json::Deserializer::from_slice(body);
            let path = Path::to(&mut reader, pointer, seed());
            Err(misplaced(path, &error))
        }
        Err(error) => Err(misplaced(Path::default(), &error)),
    }
}

/// Reads a value that stands at a place of a document.
pub(crate) fn read_value<T: DeserializeOwned>(value: &Value, at: &str) -> Result<T, Place> {
    let read = T::deserialize(value);
    read.map_err(|error| place(Path::to(value, "", PhantomData::<T>).under(at), &error))
}

fn empty() -> BoxError {
    let place = Place {
        path: String::new(),
        shown: String::new(),
        line: 1,
        column: 0,
        wanted: "the body is empty; expect a `NoContent` or an `Option` where that is right".into(),
    };
    Misplaced(place).into()
}

/// The reader's error itself is given up: it quotes the document.
fn misplaced(path: Path, error: &serde_json::Error) -> BoxError {
    Misplaced(place(path, error)).into()
}

fn place(path: Path, error: &serde_json::Error) -> Place {
    Place {
        path: path.whole,
        shown: path.shown,
        line: error.line(),
        column: error.column(),
        wanted: words::wanted(error),
    }
}

#[cfg(test)]
mod tests;
