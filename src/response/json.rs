use buttress_kernel::BoxError;
use serde::de::{DeserializeOwned, Error as _};

use crate::error::{Misplaced, Place};

/// Reads a whole document. An empty one is `null`.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, BoxError> {
    // JSON's white space (RFC 8259 §2) around nothing is nothing.
    let is_empty = body.iter().all(|byte| b" \t\r\n".contains(byte));
    if is_empty {
        return T::deserialize(serde_json::Value::Null).map_err(|_| empty());
    }
    // The mark that some servers put first, and §8.1 lets us pass over.
    let body = body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body);
    // Twice only for what is wrong: keeping track of the path costs a good part of the reading.
    match serde_json::from_slice(body) {
        Ok(value) => Ok(value),
        Err(error) => Err(misplaced(path::<T>(body), error)),
    }
}

/// Where reading stops.
fn path<T: DeserializeOwned>(body: &[u8]) -> String {
    let mut reader = serde_json::Deserializer::from_slice(body);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) if error.path().iter().next().is_some() => error.path().to_string(),
        _ => String::new(),
    }
}

fn empty() -> BoxError {
    let place = Place {
        path: String::new(),
        line: 1,
        column: 0,
        wanted: "the body is empty; expect a `NoContent` or an `Option` where that is right".into(),
    };
    let source = serde_json::Error::custom("the body is empty").into();
    Misplaced { place, source }.into()
}

fn misplaced(path: String, error: serde_json::Error) -> BoxError {
    let place = Place {
        path,
        line: error.line(),
        column: error.column(),
        wanted: wanted(&error),
    };
    let source = error.into();
    Misplaced { place, source }.into()
}

/// What the reader's message says of the type that was expected; the rest of it quotes the document.
fn wanted(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "this is not valid JSON".to_owned();
    }
    let message = error.to_string();
    let message = message.split(" at line ").next().unwrap_or_default();
    if message.starts_with("missing field `") {
        return message.to_owned();
    }
    match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!("expected {expected}"),
        None => "this value does not fit".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn place<T: DeserializeOwned + std::fmt::Debug>(body: &str) -> String {
        read::<T>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn w19_falsy_documents_and_empty_ones_are_told_apart() {
        assert_eq!(read::<u8>(b"0").unwrap(), 0);
        assert!(!read::<bool>(b"false").unwrap());
        assert_eq!(read::<String>(b"\"\"").unwrap(), "");
        assert_eq!(read::<Option<u8>>(b"null").unwrap(), None);
        assert_eq!(read::<Option<u8>>(b" \r\n").unwrap(), None);
        read::<()>(b"").unwrap();
        assert!(place::<u8>("").contains("the body is empty"));
        assert_eq!(read::<u8>(b"\xEF\xBB\xBF7").unwrap(), 7);
    }

    #[test]
    fn ic52_the_place_is_named_and_nothing_of_the_document_is_shown() {
        type Items = BTreeMap<String, Vec<BTreeMap<String, u8>>>;
        for (body, said) in [
            (
                r#"{"items":[{"id":1},{"id":"s3cret, x"}]}"#,
                "at `items[1].id`, line 1 column 36: expected u8",
            ),
            (
                r#"{"items":[{"id":1},{"id":300}]}"#,
                "at `items[1].id`, line 1 column 28: expected u8",
            ),
            (
                r#"{"items":"s3cret"}"#,
                "at `items`, line 1 column 17: expected a sequence",
            ),
            (
                "{\"items\":[\n{]}",
                "line 2 column 2: this is not valid JSON",
            ),
            ("s3cret", "line 1 column 1: this is not valid JSON"),
        ] {
            let told = place::<Items>(body);
            assert!(told.ends_with(said), "{told}");
            assert!(!told.contains("s3cret"), "{told}");
        }
        assert_eq!(
            place::<u8>("7 8"),
            "line 1 column 3: this is not valid JSON"
        );
    }
}
