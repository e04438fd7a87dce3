//! What the code of `#[derive(Endpoint)]` is written with.

pub use http::Method;
pub use serde::Serialize;

use serde::Serializer;
use serde::ser::SerializeMap;

/// Fields as one value: `Field("a", &a, Field("b", &b, ()))`.
#[derive(Debug)]
pub struct Fields<L>(pub L);

/// A field, and those behind it.
#[derive(Debug)]
pub struct Field<'a, T: ?Sized, L>(pub &'static str, pub &'a T, pub L);

/// A list of fields.
pub trait List {
    /// Writes them down.
    ///
    /// # Errors
    ///
    /// Those of the serializer.
    fn write<M: SerializeMap>(&self, into: &mut M) -> Result<(), M::Error>;
}

impl List for () {
    fn write<M: SerializeMap>(&self, _: &mut M) -> Result<(), M::Error> {
        Ok(())
    }
}

impl<T: Serialize + ?Sized, L: List> List for Field<'_, T, L> {
    fn write<M: SerializeMap>(&self, into: &mut M) -> Result<(), M::Error> {
        into.serialize_entry(self.0, self.1)?;
        self.2.write(into)
    }
}

impl<L: List> Serialize for Fields<L> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.0.write(&mut map)?;
        map.end()
    }
}
