use std::fmt::Display;

use serde::ser::{Impossible, Serializer};

use super::Unwritable;

/// Writes what is one value, and refuses what is several.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar;

type Text = Result<String, Unwritable>;

fn several<T>() -> Result<T, Unwritable> {
    Err(Unwritable::new(
        "it has parts, and there is room for one value",
    ))
}

fn shown(value: impl Display) -> Text {
    Ok(value.to_string())
}

fn number(value: f64, text: String) -> Text {
    if value.is_finite() {
        Ok(text)
    } else {
        Err(Unwritable::new("it is infinite or not a number"))
    }
}

macro_rules! shown {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Text {
            shown(value)
        }
    )*};
}

impl Serializer for Scalar {
    type Ok = String;
    type Error = Unwritable;
    type SerializeSeq = Impossible<String, Unwritable>;
    type SerializeTuple = Impossible<String, Unwritable>;
    type SerializeTupleStruct = Impossible<String, Unwritable>;
    type SerializeTupleVariant = Impossible<String, Unwritable>;
    type SerializeMap = Impossible<String, Unwritable>;
    type SerializeStruct = Impossible<String, Unwritable>;
    type SerializeStructVariant = Impossible<String, Unwritable>;

    shown! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_i128: i128, serialize_u8: u8, serialize_u16: u16,
        serialize_u32: u32, serialize_u64: u64, serialize_u128: u128, serialize_char: char,
        serialize_str: &str
    }

    fn serialize_f32(self, value: f32) -> Text {
        number(f64::from(value), value.to_string())
    }

    fn serialize_f64(self, value: f64) -> Text {
        number(value, value.to_string())
    }

    fn serialize_bytes(self, value: &[u8]) -> Text {
        let text = std::str::from_utf8(value);
        text.map(str::to_owned)
            .map_err(|_| Unwritable::new("its bytes are not UTF-8"))
    }

    fn serialize_none(self) -> Text {
        Err(Unwritable::new("nothing has no text; leave it out"))
    }

    fn serialize_some<T: serde::Serialize + ?Sized>(self, value: &T) -> Text {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Text {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Text {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Text {
        shown(variant)
    }

    fn serialize_newtype_struct<T: serde::Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Text {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: serde::Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Text {
        several()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Unwritable> {
        several()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Unwritable> {
        several()
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, Unwritable> {
        several()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        several()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Unwritable> {
        several()
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, Unwritable> {
        several()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        several()
    }
}
