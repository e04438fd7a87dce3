use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn find(pointer: &str, document: &Value) -> Option<Value> {
    let pointer: Pointer = pointer.parse().unwrap();
    pointer.find(document.to_string().as_bytes()).unwrap()
}

#[test]
fn sp22_the_examples_of_rfc_6901_mean_what_it_says() {
    let document = json!({
        "foo": ["bar", "baz"], "": 0, "a/b": 1, "c%d": 2, "e^f": 3, "g|h": 4, "i\\j": 5,
        "k\"l": 6, " ": 7, "m~n": 8, "o~1p": 9
    });
    assert_eq!(find("", &document), Some(document.clone()));
    assert_eq!(find("/foo", &document), Some(json!(["bar", "baz"])));
    assert_eq!(find("/foo/0", &document), Some(json!("bar")));
    for (pointer, value) in [
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ("/k\"l", 6),
        ("/ ", 7),
        ("/m~0n", 8),
        ("/o~01p", 9),
    ] {
        assert_eq!(find(pointer, &document), Some(json!(value)), "{pointer}");
    }
}

#[test]
fn a_pointer_tells_what_was_written() {
    for text in ["", "/", "/a/~0~1"] {
        let pointer: Pointer = text.parse().unwrap();
        assert_eq!(
            (pointer.as_str(), pointer.is_root()),
            (text, text.is_empty())
        );
        assert_eq!(pointer.to_string(), text);
    }
}

#[test]
fn what_is_not_there_is_nothing() {
    let document =
        json!({"a": [1, {"b": null}], "s": "text", "n": 1, "m": -1, "f": 1.5, "t": true});
    for pointer in [
        "/b",
        "/a/2",
        "/a/-",
        "/a/00",
        "/a/+1",
        "/a/01",
        "/a/x",
        "/a/1/c",
        "/a/1/b/c",
        "/s/0",
        "/n/x",
        "/m/x",
        "/f/x",
        "/t/x",
        "/a/99999999999999999999",
    ] {
        assert_eq!(find(pointer, &document), None, "{pointer}");
    }
    assert_eq!(find("/a/1/b", &document), Some(Value::Null));
    let pointer = Pointer::from_static("/a");
    assert_eq!(pointer.find::<Value>(b" ").unwrap(), None);
}

#[test]
fn a_text_that_is_no_pointer_is_told_what_is_wrong() {
    for (text, fault) in [
        ("data.items", InvalidPointer::NoSlash),
        ("/a~", InvalidPointer::Tilde),
        ("/a~2", InvalidPointer::Tilde),
    ] {
        assert_eq!(text.parse::<Pointer>(), Err(fault), "{text}");
        assert!(fault.to_string().contains('`'));
    }
}

#[test]
fn the_place_of_a_fault_is_named_and_nothing_of_the_document_is_shown() {
    let pointer = Pointer::from_static("/data");
    let body = br#"{"data":[{"id":1},{"id":"s3cret"}]}"#;
    let error = pointer.find::<Vec<std::collections::BTreeMap<String, u8>>>(body);
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "at `data[1].*`, line 1 column 32: expected u8");
    let error = pointer.find::<u8>(b"{\"data\":1").unwrap_err();
    assert_eq!(error.to_string(), "line 1 column 9: this is not valid JSON");
    let error = pointer.find::<u8>(b"{\"data\":1}x").unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 1 column 11: this is not valid JSON"
    );
    let error = pointer.find::<u8>(b"<html>").unwrap_err();
    assert_eq!(error.to_string(), "line 1 column 1: this is not valid JSON");
}

#[test]
fn of_two_members_of_one_name_the_later_is_meant() {
    let pointer = Pointer::from_static("/a/b");
    let body = br#"{"a":{"b":1},"a":{"b":2,"b":3}}"#;
    assert_eq!(pointer.find::<u8>(body).unwrap(), Some(3));
}

#[test]
fn a_hostile_depth_is_passed_over_or_refused() {
    let deep = "[".repeat(200_000) + &"]".repeat(200_000);
    let pointer = Pointer::from_static("/a");
    let body = format!(r#"{{"deep":{deep},"a":1}}"#);
    assert_eq!(pointer.find::<u8>(body.as_bytes()).unwrap(), Some(1));
    let body = format!(r#"{{"a":{deep}}}"#);
    let error = pointer.find::<Value>(body.as_bytes()).unwrap_err();
    assert!(error.to_string().contains("not valid JSON"), "{error}");
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a~/]{0,3}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::btree_map("[a~/0-2]{0,2}", inner, 0..3)
                .prop_map(|map| map.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn it_finds_what_the_whole_document_has_there(
        document in document(),
        tokens in prop::collection::vec("[a~/0-2]{0,2}", 0..4),
    ) {
        let escaped = |token: &String| token.replace('~', "~0").replace('/', "~1");
        let text: String = tokens.iter().map(|token| format!("/{}", escaped(token))).collect();
        prop_assert_eq!(find(&text, &document), document.pointer(&text).cloned());
    }
}
