use std::marker::PhantomData;

use buttress_kernel::BoxError;
use serde::de::{DeserializeOwned, DeserializeSeed};
use serde_json::Value;
use serde_path_to_error::Segment;

use self::names::{Names, Watched};
use crate::error::{Misplaced, Place, without_mark};

mod names;

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
        Err(error) if error.is_data() => Err(misplaced(path(body, pointer, seed()), &error)),
        Err(error) => Err(misplaced(Path::default(), &error)),
    }
}

/// Reads a value that stands at a place of a document.
pub(crate) fn read_value<T: DeserializeOwned>(value: &Value, at: &str) -> Result<T, Place> {
    T::deserialize(value).map_err(|error| {
        let mut track = serde_path_to_error::Track::new();
        let reader = serde_path_to_error::Deserializer::new(value, &mut track);
        let names = Names::of("");
        let end = T::deserialize(Watched::new(reader, &names)).map(drop);
        let mut path = Path {
            whole: at.to_owned(),
            shown: at.to_owned(),
        };
        if end.is_err() {
            path.follow(&track.path(), &names);
        }
        place(path, &error)
    })
}

/// Names and indices from the root on.
#[derive(Default)]
struct Path {
    whole: String,
    /// With `*` for what is no name of the type's.
    shown: String,
}

/// Where reading stops.
fn path<'b>(body: &'b [u8], pointer: &str, seed: impl DeserializeSeed<'b>) -> Path {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let mut track = serde_path_to_error::Track::new();
    let reader = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let names = Names::of(pointer);
    let end = seed.deserialize(Watched::new(reader, &names)).map(drop);
    match end {
        Err(_) => Path::of(&track.path(), &names),
        Ok(()) => Path::default(),
    }
}

impl Path {
    fn of(path: &serde_path_to_error::Path, names: &Names<'_>) -> Self {
        let mut found = Self::default();
        found.follow(path, names);
        found
    }

    fn follow(&mut self, path: &serde_path_to_error::Path, names: &Names<'_>) {
        for segment in path {
            let name = match segment {
                Segment::Seq { index } => {
                    self.push("", &format!("[{index}]"), true);
                    continue;
                }
                Segment::Map { key } => key,
                Segment::Enum { variant } => variant,
                Segment::Unknown => "?",
            };
            let dot = if self.whole.is_empty() { "" } else { "." };
            self.push(dot, name, names.hold(name));
        }
    }

    fn push(&mut self, before: &str, piece: &str, is_shown: bool) {
        for (path, piece) in [
            (&mut self.whole, piece),
            (&mut self.shown, if is_shown { piece } else { "*" }),
        ] {
            path.push_str(before);
            path.push_str(piece);
        }
    }
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
        wanted: wanted(error),
    }
}

/// What the reader's message says of the type that was expected; the rest of it quotes the document,
/// and so may whatever serde did not write itself.
fn wanted(error: &serde_json::Error) -> String {
    if !error.is_data() {
        return "this is not valid JSON".to_owned();
    }
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message);
    if is_missing_field(message) {
        return message.to_owned();
    }
    let is_serdes = SERDES.iter().any(|words| message.starts_with(words));
    match message.rsplit_once(", expected ") {
        Some((_, expected)) if is_serdes => format!("expected {expected}"),
        _ => "this value does not fit".to_owned(),
    }
}

/// How serde's own messages begin that end with what was expected.
const SERDES: [&str; 5] = [
    "invalid type: ",
    "invalid value: ",
    "invalid length ",
    "unknown variant `",
    "unknown field `",
];

/// The field's name, and nothing behind it.
fn is_missing_field(message: &str) -> bool {
    let name = message.strip_prefix("missing field `");
    let name = name.and_then(|name| name.strip_suffix('`'));
    name.is_some_and(|name| !name.contains('`'))
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
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Items {
            items: Vec<Item>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Item {
            id: u8,
        }
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

    #[test]
    fn ic52_a_key_that_is_no_field_is_not_shown() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        struct Users {
            users: BTreeMap<String, User>,
        }
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        enum User {
            Known { id: u8 },
            Unknown(BTreeMap<String, u8>),
        }
        for (body, shown, whole) in [
            (
                r#"{"users":{"s3cret@h":{"Known":{"id":"x"}}}}"#,
                "at `users.*.Known.id`",
                "users.s3cret@h.Known.id",
            ),
            (
                r#"{"users":{"a":{"Known":{"id":1}},"s3cret":{"Unknown":{"id":"x"}}}}"#,
                "at `users.*.Unknown.id`",
                "users.s3cret.Unknown.id",
            ),
            (
                r#"{"users":{"s3cret":{"Unknown":{"s3cret":"x"}}}}"#,
                "at `users.*.Unknown.*`",
                "users.s3cret.Unknown.s3cret",
            ),
        ] {
            let error = read::<Users>(body.as_bytes()).unwrap_err();
            let told = format!("{error} {error:?}");
            assert!(told.contains(shown) && !told.contains("s3cret"), "{told}");
            let place = &error.downcast_ref::<Misplaced>().unwrap().0;
            assert_eq!(place.path, whole);
        }
        let told = place::<BTreeMap<String, u8>>(r#"{"s3cret@example.com":"x"}"#);
        assert!(told.starts_with("at `*`, line 1 column"), "{told}");
    }

    /// Fails with whatever the document holds.
    #[derive(Debug)]
    struct Quoting;

    impl<'de> serde::Deserialize<'de> for Quoting {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            let text = String::deserialize(from)?;
            Err(serde::de::Error::custom(format!("bad: {text}")))
        }
    }

    #[test]
    fn ic52_neither_a_readers_own_words_nor_its_causes_show_the_document() {
        use std::error::Error;

        for body in [
            r#""s3cret""#,
            r#""x, expected s3cret""#,
            r#"" at line s3cret""#,
            r#""missing field `s3cret`""#,
        ] {
            let error = read::<Quoting>(body.as_bytes()).unwrap_err();
            let mut link: Option<&dyn Error> = Some(&*error);
            while let Some(error) = link {
                let told = format!("{error} {error:?}");
                assert!(!told.contains("s3cret"), "{told}");
                link = error.source();
            }
        }
    }

    #[test]
    fn what_was_expected_is_told_whatever_the_document_says_about_lines() {
        #[derive(Debug, serde::Deserialize)]
        #[allow(dead_code)]
        enum Kind {
            Good,
            Bad,
        }
        let told = place::<u8>(r#"" at line 7 column 3""#);
        assert!(told.ends_with(": expected u8"), "{told}");
        let told = place::<Kind>(r#""a`, expected s3cret""#);
        assert!(told.ends_with(": expected `Good` or `Bad`"), "{told}");
    }
}
