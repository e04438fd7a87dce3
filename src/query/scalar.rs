use std::fmt::{Display, Write};

use serde::ser::{Impossible, Serializer};

use super::Unwritable;
use super::nested::Done;
use crate::template::{Encoding, encode};

/// Writes what is one value, and refuses what is several.
#[derive(Debug)]
pub(super) struct Scalar<'t> {
    into: &'t mut String,
    encoding: Encoding,
}

fn several<T>() -> Result<T, Unwritable> {
    Err(Unwritable::new(
        "it has parts, and there is room for one value",
    ))
}

impl<'t> Scalar<'t> {
    pub(super) const fn new(into: &'t mut String, encoding: Encoding) -> Self {
        Self { into, encoding }
    }

    pub(super) const fn plain(into: &'t mut String) -> Self {
        Self::new(into, Encoding::Plain)
    }

    fn integer(self, value: impl itoa::Integer) -> Done {
        // Digits and signs stay as they are in every encoding.
        self.into.push_str(itoa::Buffer::new().format(value));
        Ok(())
    }

    fn number(self, value: impl Display, is_finite: bool) -> Done {
        let written = if is_finite {
            write!(self.into, "{value}")
        } else {
            Err(std::fmt::Error)
        };
        written.map_err(|_| Unwritable::new("it is infinite or not a number"))
    }
}

macro_rules! integer {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Done {
            self.integer(value)
        }
    )*};
}

impl Serializer for Scalar<'_> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = Impossible<(), Unwritable>;
    type SerializeTuple = Impossible<(), Unwritable>;
    type SerializeTupleStruct = Impossible<(), Unwritable>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeMap = Impossible<(), Unwritable>;
    type SerializeStruct = Impossible<(), Unwritable>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    integer! {
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    }

    fn serialize_bool(self, value: bool) -> Done {
        self.serialize_str(if value { "true" } else { "false" })
    }

    fn serialize_char(self, value: char) -> Done {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Done {
        encode(value, self.encoding, self.into);
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Done {
        self.number(value, value.is_finite())
    }

    fn serialize_f64(self, value: f64) -> Done {
        self.number(value, value.is_finite())
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        let text = std::str::from_utf8(value);
        self.serialize_str(text.map_err(|_| Unwritable::new("its bytes are not UTF-8"))?)
    }

    fn serialize_none(self) -> Done {
        Err(Unwritable::new("nothing has no text; leave it out"))
    }

    fn serialize_some<T: serde::Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        self.serialize_none()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: serde::Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: serde::Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done {
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
