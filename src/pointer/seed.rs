//! Reading one place of a document without building the rest.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::Split;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

/// Reads what stands behind the tokens that are left.
pub(super) struct At<'p, T> {
    tokens: Split<'p, char>,
    wanted: PhantomData<fn() -> T>,
}

impl<'p, T> At<'p, T> {
    pub(super) fn new(tokens: Split<'p, char>) -> Self {
        let wanted = PhantomData;
        Self { tokens, wanted }
    }
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for At<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(mut self, reader: D) -> Result<Option<T>, D::Error> {
        match self.tokens.next() {
            None => T::deserialize(reader).map(Some),
            Some(token) => reader.deserialize_any(Below { token, rest: self }),
        }
    }
}

/// Looks for one token among the members of an object or the elements of an array.
struct Below<'p, T> {
    token: &'p str,
    rest: At<'p, T>,
}

/// RFC 6901 §4: the order matters, or `~01` would become a slash.
pub(super) fn name(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// RFC 6901 §4: digits without a leading zero. `-` means the element behind the last, which is never
/// there.
pub(super) fn index(token: &str) -> Option<usize> {
    let is_plain = !token.starts_with(['0', '+']) || token == "0";
    token.parse().ok().filter(|_| is_plain)
}

impl<'p, T> Below<'p, T> {
    fn rest(&self) -> At<'p, T> {
        At::new(self.rest.tokens.clone())
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Below<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Option<T>, A::Error> {
        let wanted = name(self.token);
        let mut found = None;
        while let Some(member) = members.next_key::<Cow<'de, str>>()? {
            if member == wanted {
                found = members.next_value_seed(self.rest())?;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        if let Some(index) = index(self.token) {
            for _ in 0..index {
                if elements.next_element::<IgnoredAny>()?.is_none() {
                    return Ok(None);
                }
            }
            found = elements.next_element_seed(self.rest())?.flatten();
        }
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }

    // There is nothing below a scalar.

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Option<T>, E> {
        Ok(None)
    }
}
