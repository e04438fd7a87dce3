use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::{Attribute, Error, Field, Ident, LitStr, Result};

use crate::faults::Faults;
use crate::template::Place;

/// A field, and where it goes.
pub(crate) struct Value<'a> {
    pub(crate) field: &'a Ident,
    pub(crate) name: String,
    pub(crate) goes: Goes,
    /// Where the name is said.
    pub(crate) named_at: Span,
}

/// Where a field goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    Path,
    Query,
    Json,
    Form,
    Body,
    /// The body of a call that is given away.
    IntoBody,
    Nowhere,
}

impl Goes {
    pub(crate) const fn is_body(self) -> bool {
        matches!(self, Self::Json | Self::Form | Self::Body | Self::IntoBody)
    }

    /// Where a word sends a field.
    fn said(word: &syn::Path) -> Option<Self> {
        let words = [
            ("json", Self::Json),
            ("form", Self::Form),
            ("body", Self::Body),
            ("into_body", Self::IntoBody),
            ("query", Self::Query),
            ("skip", Self::Nowhere),
        ];
        let (_, goes) = words.into_iter().find(|(known, _)| word.is_ident(known))?;
        Some(goes)
    }
}

/// What a field's attributes say.
#[derive(Default)]
struct Said {
    goes: Option<Goes>,
    name: Option<LitStr>,
    faults: Faults,
}

impl<'a> Value<'a> {
    /// Where a field goes: where it says, else to the place of its name, else to the query.
    pub(crate) fn of(field: &'a Field, places: &[Place]) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new_spanned(field, "an endpoint's fields have names"));
        };
        let mut said = Said::default();
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("endpoint")) {
            said.read(attribute);
        }
        said.check();
        said.faults.end()?;
        let named_at = said.name.as_ref().map_or(ident.span(), Spanned::span);
        let own = || ident.to_string().trim_start_matches("r#").to_owned();
        let name = said.name.map_or_else(own, |name| name.value());
        let has_place = places.iter().any(|place| place.name == name);
        let by_name = if has_place { Goes::Path } else { Goes::Query };
        Ok(Self {
            field: ident,
            name,
            goes: said.goes.unwrap_or(by_name),
            named_at,
        })
    }

    /// A second field of a name, which would be sent in place of the first or beside it.
    pub(crate) fn doubles(&self, other: &Self) -> bool {
        let has_name = matches!(self.goes, Goes::Path | Goes::Query);
        has_name && self.goes == other.goes && self.name == other.name
    }
}

impl Said {
    fn read(&mut self, attribute: &Attribute) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                let name = meta.value()?.parse()?;
                if self.name.replace(name).is_some() {
                    self.faults.add(meta.error("a field has one name"));
                }
                return Ok(());
            }
            let Some(goes) = Goes::said(&meta.path) else {
                let message = "expected `json`, `form`, `body`, `into_body`, `query`, `skip` or `rename = \"…\"`";
                return Err(meta.error(message));
            };
            if self.goes.replace(goes).is_some() {
                self.faults.add(meta.error("a field goes to one place"));
            }
            Ok(())
        });
        self.faults.keep(read);
    }

    /// A name is of what is sent under it.
    fn check(&mut self) {
        let Some(name) = &self.name else { return };
        let message = match self.goes {
            Some(Goes::Nowhere) => "a field that is skipped is sent under no name",
            Some(goes) if goes.is_body() => "a body is sent under no name",
            _ if name.value().is_empty() => "a parameter has a name",
            _ => return,
        };
        self.faults.add(Error::new(name.span(), message));
    }
}
