//! The values of `t`, each a type that nothing else can be read into.

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::ser::{Serialize, Serializer};

macro_rules! marks {
    ($($name:ident = $text:literal;)*) => {$(
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(super) struct $name;

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
                writer.serialize_str($text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
                let text = String::deserialize(reader)?;
                if text == $text {
                    Ok(Self)
                } else {
                    Err(D::Error::invalid_value(Unexpected::Str(&text), &concat!("`", $text, "`")))
                }
            }
        }
    )*};
}

marks! {
    SingleMark = "single";
    CollectionMark = "collection";
    NullMark = "null";
    ErrorMark = "error";
}

/// For a field that must be there, even where `null` is allowed.
pub(super) fn required<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    reader: D,
) -> Result<T, D::Error> {
    T::deserialize(reader)
}
