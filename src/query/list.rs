use serde::Serialize;
use serde::ser;

use super::nested::{Done, Nested};
use super::pairs::Pairs;
use super::{ArrayStyle, Unwritable};

/// A list: of pairs at the top, of values under a name.
#[derive(Debug)]
pub(super) enum List<'p> {
    Pairs(&'p mut Pairs),
    /// Its first element is the name of its second.
    Pair {
        pairs: &'p mut Pairs,
        elements: usize,
    },
    Values {
        pairs: &'p mut Pairs,
        style: ArrayStyle,
        count: usize,
    },
}

impl List<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        match self {
            Self::Pairs(pairs) => value.serialize(Nested::pair(pairs)),
            Self::Pair { pairs, elements } => {
                *elements += 1;
                match elements {
                    1 => pairs.key(value, false),
                    2 => value.serialize(Nested::named(pairs)),
                    _ => Err(no_pair()),
                }
            }
            Self::Values {
                pairs,
                style,
                count,
            } => {
                let (size, depth) = (pairs.size(), pairs.depth());
                match style {
                    ArrayStyle::Repeat | ArrayStyle::Comma => {}
                    ArrayStyle::Bracket => pairs.enter("", true),
                    ArrayStyle::Indexed => pairs.key(count, true)?,
                }
                value.serialize(Nested {
                    in_list: *style != ArrayStyle::Indexed,
                    joins: *style == ArrayStyle::Comma && *count > 0,
                    ..Nested::named(pairs)
                })?;
                pairs.leave(depth);
                // What is absent is left out, and is no element.
                *count += usize::from(pairs.size() > size);
                Ok(())
            }
        }
    }

    fn close(self) -> Done {
        match self {
            Self::Pair { pairs, elements: 2 } => {
                pairs.leave(0);
                Ok(())
            }
            Self::Pair { .. } => Err(no_pair()),
            Self::Pairs(_) | Self::Values { .. } => Ok(()),
        }
    }
}

fn no_pair() -> Unwritable {
    Unwritable::new("an element of it is not a pair")
}

impl ser::SerializeSeq for List<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.element(value)
    }

    fn end(self) -> Done {
        self.close()
    }
}

impl ser::SerializeTuple for List<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.element(value)
    }

    fn end(self) -> Done {
        self.close()
    }
}

impl ser::SerializeTupleStruct for List<'_> {
    type Ok = ();
    type Error = Unwritable;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        self.element(value)
    }

    fn end(self) -> Done {
        self.close()
    }
}
