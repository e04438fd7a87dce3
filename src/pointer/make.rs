use serde_json::{Map, Value};

use super::Pointer;
use super::seed::{index, name};

impl Pointer {
    /// The place in a document, made where it is missing: members of objects, never elements of arrays.
    /// `None` where something else stands in the way.
    pub(crate) fn make<'d>(&self, document: &'d mut Value) -> Option<&'d mut Value> {
        self.tokens().try_fold(document, |at, token| {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            match at {
                Value::Object(members) => Some(members.entry(name(token)).or_insert(Value::Null)),
                Value::Array(elements) => elements.get_mut(index(token)?),
                _ => None,
            }
        })
    }
}
