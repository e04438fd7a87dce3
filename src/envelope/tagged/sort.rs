use std::fmt;

use serde::{Serialize, Serializer};

/// An order of a collection: fields, the most important first.
///
/// ```
/// use buttress::envelope::tagged::Sort;
///
/// let sort = Sort::new().descending("createdDate").ascending("name");
/// assert_eq!(sort.to_string(), "-createdDate,name");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sort(String);

impl Sort {
    /// No order, and so nothing that is sent.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// Then by this field, the least first.
    #[must_use]
    pub fn ascending(self, field: &str) -> Self {
        self.by("", field)
    }

    /// Then by this field, the greatest first.
    #[must_use]
    pub fn descending(self, field: &str) -> Self {
        self.by("-", field)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn by(mut self, sign: &str, field: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(sign);
        self.0.push_str(field);
        self
    }
}

/// An order that is written already: `-createdDate,+name`.
impl From<&str> for Sort {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Sort {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&self.0)
    }
}

/// Relations whose resources shall come along, each a path of fields: `pets.vet`.
///
/// ```
/// use buttress::envelope::tagged::Include;
///
/// let include = Include::new().path("pets.vet").path("address");
/// assert_eq!(include.to_string(), "pets.vet,address");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Include(String);

impl Include {
    /// None, and so nothing that is sent.
    #[must_use]
    pub const fn new() -> Self {
        Self(String::new())
    }

    /// This one, too.
    #[must_use]
    pub fn path(mut self, path: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push(',');
        }
        self.0.push_str(path);
        self
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Include {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Include {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        writer.serialize_str(&self.0)
    }
}
