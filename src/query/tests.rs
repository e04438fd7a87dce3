use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::*;

/// A structure with one field, as the derive macro would write it.
struct One<T>(&'static str, T);

impl<T: Serialize> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut one = serializer.serialize_struct("One", 1)?;
        one.serialize_field(self.0, &self.1)?;
        one.end()
    }
}

struct Variant;

impl Serialize for Variant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_variant("E", 0, "tagged", &1)
    }
}

fn repeat(value: impl Serialize) -> String {
    query(&value, ArrayStyle::Repeat).unwrap()
}

#[test]
fn ic18_structures_maps_and_pairs_are_written_alike() {
    assert_eq!(repeat(One("a", 1)), "a=1");
    assert_eq!(repeat(BTreeMap::from([("a", 1), ("b", 2)])), "a=1&b=2");
    assert_eq!(repeat([("a", "x"), ("b", "y")]), "a=x&b=y");
    assert_eq!(
        repeat((("a", 1), ("b", "y"), ("c", true), ("d", 1.5))),
        "a=1&b=y&c=true&d=1.5"
    );
    assert_eq!(
        repeat(One("a", One("b", One("c", -1)))),
        "a%5Bb%5D%5Bc%5D=-1"
    );
}

#[test]
fn w29_falsy_values_are_sent_and_absent_ones_are_not() {
    assert_eq!(
        repeat((("a", 0), ("b", false), ("c", ""))),
        "a=0&b=false&c="
    );
    assert_eq!(repeat((("a", None::<u8>), ("b", Some(1)))), "b=1");
    assert_eq!(repeat(()), "");
    assert_eq!(repeat(None::<One<u8>>), "");
    assert_eq!(repeat(One("a", Vec::<u8>::new())), "");
}

#[test]
fn d10_a_list_has_four_styles() {
    for (style, text) in [
        (ArrayStyle::Repeat, "id=1&id=2"),
        (ArrayStyle::Bracket, "id%5B%5D=1&id%5B%5D=2"),
        (ArrayStyle::Comma, "id=1,2"),
        (ArrayStyle::Indexed, "id%5B0%5D=1&id%5B1%5D=2"),
    ] {
        assert_eq!(query(&One("id", [1, 2]), style).unwrap(), text);
    }
    let commas = query(&One("id", ["a,b", "c"]), ArrayStyle::Comma).unwrap();
    assert_eq!(commas, "id=a%2Cb,c");
    let nested = One("a", [One("b", 1), One("b", 2)]);
    let indexed = query(&nested, ArrayStyle::Indexed).unwrap();
    assert_eq!(indexed, "a%5B0%5D%5Bb%5D=1&a%5B1%5D%5Bb%5D=2");
}

#[test]
fn w29_d10_an_absent_element_is_none_in_any_style() {
    for (style, text) in [
        (ArrayStyle::Repeat, "id=1&id=3"),
        (ArrayStyle::Bracket, "id%5B%5D=1&id%5B%5D=3"),
        (ArrayStyle::Comma, "id=1,3"),
        (ArrayStyle::Indexed, "id%5B0%5D=1&id%5B1%5D=3"),
    ] {
        let some = One("id", [None, Some(1), None, Some(3)]);
        assert_eq!(query(&some, style).unwrap(), text);
        assert_eq!(query(&One("id", [None::<u8>]), style).unwrap(), "");
    }
    let empty = query(&One("id", ["", "x"]), ArrayStyle::Comma).unwrap();
    assert_eq!(empty, "id=,x", "an empty text is an element");
}

#[test]
fn what_has_no_form_as_text_is_told_by_name() {
    let told = |end: Result<String, Unwritable>| end.unwrap_err().to_string();
    let repeat = ArrayStyle::Repeat;
    for (said, words) in [
        (told(query(&1, repeat)), "without a name"),
        (told(query("a=1", repeat)), "without a name"),
        (told(query(&[1, 2], repeat)), "without a name"),
        (told(query(&[("a", 1, 2)], repeat)), "not a pair"),
        (told(query(&[["a"]], repeat)), "not a pair"),
        (
            told(query(&One("a", [One("b", 1)]), repeat)),
            "`a` cannot be written as text: a structure",
        ),
        (
            told(query(&One("a", [[1]]), repeat)),
            "`a` cannot be written as text: a list inside",
        ),
        (
            told(query(&One("a", Variant), repeat)),
            "`a` cannot be written as text: an enum",
        ),
        (
            told(query(&One("a", f64::NAN), repeat)),
            "`a` cannot be written as text: it is infinite",
        ),
        (
            told(query(&One("a", [[1]]), ArrayStyle::Comma)),
            "`a` cannot be written as text: a list inside",
        ),
        (
            told(plain(&One("a", [1]), Values::default()).map(|_| String::new())),
            "`a` cannot be written as text: a list has no",
        ),
        (
            told(plain(&One("a", One("b", 1)), Values::default()).map(|_| String::new())),
            "none fits into a template",
        ),
    ] {
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn w55_a_value_is_encoded_once() {
    assert_eq!(repeat(One("a b", "%20&=+?#")), "a%20b=%2520%26%3D%2B%3F%23");
    let values = plain(&One("a", "%20 "), Values::default()).unwrap();
    assert_eq!(values.iter().collect::<Vec<_>>(), [("a", "%20 ")]);
}

#[test]
fn ic21_a_form_writes_spaces_as_pluses() {
    let form = form(&One("a b", "c d+e~*é"), ArrayStyle::Repeat).unwrap();
    assert_eq!(form, "a+b=c+d%2Be%7E*%C3%A9");
}

proptest! {
    #[test]
    fn any_pairs_come_back_as_they_were(pairs in prop::collection::vec((".{0,8}", ".{0,8}"), 0..5)) {
        let text = repeat(&pairs);
        let back: Vec<(String, String)> = text
            .split_terminator('&')
            .map(|pair| pair.split_once('=').unwrap())
            .map(|(name, value)| (unescape(name), unescape(value)))
            .collect();
        prop_assert_eq!(back, pairs);
        let uri = format!("/?{text}").parse::<http::Uri>();
        prop_assert!(uri.is_ok(), "{}", text);
    }
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte == b'%' {
            bytes.push(u8::from_str_radix(std::str::from_utf8(&behind[..2]).unwrap(), 16).unwrap());
            rest = &behind[2..];
        } else {
            assert!(
                byte.is_ascii_alphanumeric() || b"-._~".contains(byte),
                "{text}"
            );
            bytes.push(*byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}
