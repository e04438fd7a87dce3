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
