use serde::Serialize;

use super::scalar::Scalar;
use super::{Rules, Unwritable};
use crate::template::{Values, encode};

/// What most queries have room in.
const ROOM: usize = 64;

/// Where names and values are written down, without a text of its own for any of them.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) rules: Rules,
    /// The name of what comes next, or that of what it is in.
    name: String,
    written: Written,
}

#[derive(Debug)]
enum Written {
    /// As a query or a form.
    Joined(String),
    Apart(Values),
}

impl Pairs {
    pub(super) const fn joined(rules: Rules) -> Self {
        Self::of(rules, Written::Joined(String::new()))
    }

    pub(super) const fn apart(rules: Rules, earlier: Values) -> Self {
        Self::of(rules, Written::Apart(earlier))
    }

    const fn of(rules: Rules, written: Written) -> Self {
        let name = String::new();
        Self {
            rules,
            name,
            written,
        }
    }

    pub(super) fn into_text(self) -> String {
        match self.written {
            Written::Joined(text) => text,
            Written::Apart(_) => String::new(),
        }
    }

    pub(super) fn into_values(self) -> Values {
        match self.written {
            Written::Joined(_) => Values::default(),
            Written::Apart(values) => values,
        }
    }

    /// How much is written; it grows with each value that is.
    pub(super) const fn size(&self) -> usize {
        match &self.written {
            Written::Joined(text) => text.len(),
            Written::Apart(values) => values.len(),
        }
    }

    /// How long the name is, for [`leave`](Self::leave) to go back to.
    pub(super) const fn depth(&self) -> usize {
        self.name.len()
    }

    /// Goes into something of this name.
    pub(super) fn enter(&mut self, name: &str, is_inside: bool) {
        self.name.push_str(if is_inside { "[" } else { "" });
        self.name.push_str(name);
        self.name.push_str(if is_inside { "]" } else { "" });
    }

    /// Goes into something whose name is this value.
    pub(super) fn key<T: Serialize + ?Sized>(
        &mut self,
        key: &T,
        is_inside: bool,
    ) -> Result<(), Unwritable> {
        self.name.push_str(if is_inside { "[" } else { "" });
        key.serialize(Scalar::plain(&mut self.name))?;
        self.name.push_str(if is_inside { "]" } else { "" });
        Ok(())
    }

    pub(super) fn leave(&mut self, depth: usize) {
        self.name.truncate(depth);
    }

    /// Writes a value of the name.
    pub(super) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let encoding = self.rules.encoding;
        let into = match &mut self.written {
            Written::Joined(text) => {
                match text.is_empty() {
                    true => text.reserve(ROOM),
                    false => text.push('&'),
                }
                encode(&self.name, encoding, text);
                text.push('=');
                text
            }
            Written::Apart(values) => values.begin(&self.name),
        };
        value
            .serialize(Scalar::new(into, encoding))
            .map_err(|error| error.at(&self.name))?;
        self.end();
        Ok(())
    }

    /// Writes another value of the name, with a comma before it.
    pub(super) fn another<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unwritable> {
        let into = match &mut self.written {
            Written::Joined(text) => text,
            Written::Apart(values) => values.resume(),
        };
        into.push(',');
        value
            .serialize(Scalar::new(into, self.rules.encoding))
            .map_err(|error| error.at(&self.name))?;
        self.end();
        Ok(())
    }

    fn end(&mut self) {
        if let Written::Apart(values) = &mut self.written {
            values.end();
        }
    }

    /// What cannot be written under the name.
    pub(super) fn refused<T>(&self, reason: &str) -> Result<T, Unwritable> {
        Err(Unwritable::new(reason).at(&self.name))
    }
}
