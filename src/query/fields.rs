use serde::Serialize;
use serde::ser;

use super::nested::{Done, Nested};
use super::scalar::Scalar;
use super::{Pairs, Rules, Unwritable};

/// A structure or a map.
#[derive(Debug)]
pub(super) struct Fields<'p> {
    pairs: &'p mut Pairs,
    rules: Rules,
    prefix: Option<String>,
    key: Option<String>,
}

impl<'p> Fields<'p> {
    pub(super) const fn new(pairs: &'p mut Pairs, rules: Rules, prefix: Option<String>) -> Self {
        let key = None;
        Self {
            pairs,
            rules,
            prefix,
            key,
        }
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Done {
        let name = match &self.prefix {
            None => name.to_owned(),
            Some(prefix) => format!("{prefix}[{name}]"),
        };
        value.serialize(Nested {
            name: Some(name),
            ..Nested::top(self.pairs, self.rules)
        })
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
        self.field(name, value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.key = Some(key.serialize(Scalar)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        let key = self.key.take().unwrap_or_default();
        self.field(&key, value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}
