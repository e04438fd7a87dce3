use syn::{Attribute, Error, Field, Ident, LitStr, Result};

use crate::template::Place;

/// A field, and where it goes.
pub(crate) struct Value<'a> {
    pub(crate) field: &'a Ident,
    pub(crate) name: String,
    pub(crate) goes: Goes,
}

/// Where a field goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goes {
    Path,
    Query,
    Json,
    Form,
    Body,
    Nowhere,
}

impl Goes {
    pub(crate) const fn is_body(self) -> bool {
        matches!(self, Self::Json | Self::Form | Self::Body)
    }
}

impl<'a> Value<'a> {
    /// Where a field goes: where it says, else to the place of its name, else to the query.
    pub(crate) fn of(field: &'a Field, places: &[Place]) -> Result<Self> {
        let Some(ident) = &field.ident else {
            return Err(Error::new_spanned(field, "an endpoint's fields have names"));
        };
        let mut value = Self {
            field: ident,
            name: ident.to_string().trim_start_matches("r#").to_owned(),
            goes: Goes::Query,
        };
        let mut said = None;
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("endpoint")) {
            value.read(attribute, &mut said)?;
        }
        let by_name = if places.iter().any(|place| place.name == value.name) {
            Goes::Path
        } else {
            Goes::Query
        };
        value.goes = said.unwrap_or(by_name);
        Ok(value)
    }

    fn read(&mut self, attribute: &Attribute, said: &mut Option<Goes>) -> Result<()> {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("rename") {
                self.name = meta.value()?.parse::<LitStr>()?.value();
                return Ok(());
            }
            let goes = [
                ("json", Goes::Json),
                ("form", Goes::Form),
                ("body", Goes::Body),
                ("query", Goes::Query),
                ("skip", Goes::Nowhere),
            ];
            let Some((_, goes)) = goes.into_iter().find(|(word, _)| meta.path.is_ident(word))
            else {
                let message =
                    "expected `json`, `form`, `body`, `query`, `skip` or `rename = \"…\"`";
                return Err(meta.error(message));
            };
            match said.replace(goes) {
                None => Ok(()),
                Some(_) => Err(meta.error("a field goes to one place")),
            }
        })
    }
}
