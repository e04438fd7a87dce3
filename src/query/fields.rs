use serde::Serialize;
use serde::ser;

use super::Unwritable;
use super::nested::{Done, Nested};
use super::pairs::Pairs;

/// A structure or a map.
#[derive(Debug)]
pub(super) struct Fields<'p> {
    pairs: &'p mut Pairs,
    /// Whether it has a name itself.
    is_inside: bool,
    depth: usize,
}

impl<'p> Fields<'p> {
    pub(super) const fn new(pairs: &'p mut Pairs, is_inside: bool) -> Self {
        let depth = pairs.depth();
        Self {
            pairs,
            is_inside,
            depth,
        }
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        value.serialize(Nested::named(self.pairs))?;
        self.pairs.leave(self.depth);
        Ok(())
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Done {
        self.pairs.enter(name, self.is_inside);
        self.value(value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Done {
        self.pairs.key(key, self.is_inside)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.value(value)
    }

    fn end(self) -> Done {
        Ok(())
    }
}
