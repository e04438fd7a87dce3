use serde::Serialize;
use serde::ser;

use super::nested::{Done, Nested};
use super::scalar::Scalar;
use super::{ArrayStyle, Pairs, Rules, Unwritable};
use crate::template::encode;

/// A list: of pairs at the top, of values under a name.
#[derive(Debug)]
pub(super) enum List<'p> {
    Pairs {
        pairs: &'p mut Pairs,
        rules: Rules,
    },
    /// Its first element is the name of its second.
    Pair {
        pairs: &'p mut Pairs,
        rules: Rules,
        name: Option<String>,
        is_full: bool,
    },
    Values {
        pairs: &'p mut Pairs,
        rules: Rules,
        style: ArrayStyle,
        name: String,
        count: usize,
        joined: Option<String>,
    },
}

impl List<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Done {
        match self {
            Self::Pairs { pairs, rules } => value.serialize(Nested {
                is_pair: true,
                ..Nested::top(pairs, *rules)
            }),
            Self::Pair {
                name: name @ None, ..
            } => {
                *name = Some(value.serialize(Scalar)?);
                Ok(())
            }
            Self::Pair { is_full: true, .. } => Err(no_pair()),
            Self::Pair {
                pairs,
                rules,
                name,
                is_full,
            } => {
                *is_full = true;
                value.serialize(Nested {
                    name: name.clone(),
                    ..Nested::top(pairs, *rules)
                })
            }
            Self::Values {
                rules,
                style: ArrayStyle::Comma,
                name,
                joined,
                ..
            } => {
                let text = value.serialize(Scalar).map_err(|error| error.at(name))?;
                let joined = match joined {
                    None => joined.insert(String::new()),
                    Some(joined) => {
                        joined.push(',');
                        joined
                    }
                };
                encode(&text, rules.encoding, joined);
                Ok(())
            }
            Self::Values {
                pairs,
                rules,
                style,
                name,
                count,
                ..
            } => {
                let name = match style {
                    ArrayStyle::Bracket => format!("{name}[]"),
                    ArrayStyle::Indexed => format!("{name}[{count}]"),
                    ArrayStyle::Repeat | ArrayStyle::Comma => name.clone(),
                };
                *count += 1;
                value.serialize(Nested {
                    name: Some(name),
                    in_list: *style != ArrayStyle::Indexed,
                    ..Nested::top(pairs, *rules)
                })
            }
        }
    }

    fn close(self) -> Done {
        match self {
            Self::Pair { is_full: false, .. } => Err(no_pair()),
            Self::Values {
                pairs,
                name,
                joined: Some(joined),
                ..
            } => {
                pairs.push(name, joined);
                Ok(())
            }
            Self::Pairs { .. } | Self::Pair { .. } | Self::Values { .. } => Ok(()),
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
