use serde::Serialize;
use serde::ser::{Impossible, Serializer};

use super::fields::Fields;
use super::list::List;
use super::pairs::Pairs;
use super::{ArrayStyle, Unwritable};

/// Writes a value under a name; at the top there is none yet.
#[derive(Debug)]
pub(super) struct Nested<'p> {
    pub(super) pairs: &'p mut Pairs,
    pub(super) is_named: bool,
    /// Whether the name is a list's that is repeated, which tells no two elements apart.
    pub(super) in_list: bool,
    /// Whether it is written behind the value before, with a comma in between.
    pub(super) joins: bool,
    /// Whether it is one of several pairs, and so a list of two.
    pub(super) is_pair: bool,
}

pub(super) type Done = Result<(), Unwritable>;

impl<'p> Nested<'p> {
    pub(super) const fn top(pairs: &'p mut Pairs) -> Self {
        Self {
            pairs,
            is_named: false,
            in_list: false,
            joins: false,
            is_pair: false,
        }
    }

    pub(super) const fn pair(pairs: &'p mut Pairs) -> Self {
        Self {
            is_pair: true,
            ..Self::top(pairs)
        }
    }

    pub(super) const fn named(pairs: &'p mut Pairs) -> Self {
        Self {
            is_named: true,
            ..Self::top(pairs)
        }
    }

    fn scalar<T: Serialize + ?Sized>(self, value: &T) -> Done {
        if !self.is_named {
            return Err(Unwritable::new("it is one value without a name"));
        }
        match self.joins {
            true => self.pairs.another(value),
            false => self.pairs.value(value),
        }
    }

    fn list(self) -> Result<List<'p>, Unwritable> {
        let pairs = self.pairs;
        if !self.is_named {
            return Ok(match self.is_pair {
                true => List::Pair { pairs, elements: 0 },
                false => List::Pairs(pairs),
            });
        }
        match pairs.rules.arrays {
            None => pairs.refused("a list has no place here"),
            Some(style) if self.in_list && style != ArrayStyle::Indexed => {
                pairs.refused("a list inside a list needs `ArrayStyle::Indexed`")
            }
            Some(style) => Ok(List::Values {
                pairs,
                style,
                count: 0,
            }),
        }
    }

    fn fields(self) -> Result<Fields<'p>, Unwritable> {
        if self.in_list || self.is_named && self.pairs.rules.arrays.is_none() {
            let reason = "a structure inside a list needs `ArrayStyle::Indexed`, and none fits into a template";
            return self.pairs.refused(reason);
        }
        Ok(Fields::new(self.pairs, self.is_named))
    }

    fn tagged<T>(self) -> Result<T, Unwritable> {
        let reason = "an enum with data has no one form; use `#[serde(untagged)]`";
        self.pairs.refused(reason)
    }
}

macro_rules! scalar {
    ($($method:ident: $type:ty),*) => {$(
        fn $method(self, value: $type) -> Done {
            self.scalar(&value)
        }
    )*};
}

impl<'p> Serializer for Nested<'p> {
    type Ok = ();
    type Error = Unwritable;
    type SerializeSeq = List<'p>;
    type SerializeTuple = List<'p>;
    type SerializeTupleStruct = List<'p>;
    type SerializeTupleVariant = Impossible<(), Unwritable>;
    type SerializeMap = Fields<'p>;
    type SerializeStruct = Fields<'p>;
    type SerializeStructVariant = Impossible<(), Unwritable>;

    scalar! {
        serialize_bool: bool, serialize_i8: i8, serialize_i16: i16, serialize_i32: i32,
        serialize_i64: i64, serialize_i128: i128, serialize_u8: u8, serialize_u16: u16,
        serialize_u32: u32, serialize_u64: u64, serialize_u128: u128, serialize_f32: f32,
        serialize_f64: f64, serialize_char: char, serialize_str: &str
    }

    fn serialize_bytes(self, value: &[u8]) -> Done {
        match std::str::from_utf8(value) {
            Ok(text) => self.scalar(text),
            Err(_) => self.pairs.refused("its bytes are not UTF-8"),
        }
    }

    /// What is absent is left out.
    fn serialize_none(self) -> Done {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Done {
        self.scalar(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Done {
        self.tagged()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<List<'p>, Unwritable> {
        self.list()
    }

    fn serialize_tuple(self, _: usize) -> Result<List<'p>, Unwritable> {
        self.list()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<List<'p>, Unwritable> {
        self.list()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Unwritable> {
        self.tagged()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'p>, Unwritable> {
        self.fields()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Fields<'p>, Unwritable> {
        self.fields()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Unwritable> {
        self.tagged()
    }
}
