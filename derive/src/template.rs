use syn::{Error, LitStr, Result};

use crate::faults::Faults;

/// A place of a template.
pub(crate) struct Place {
    pub(crate) name: String,
    /// What is left out without a value: all but the plain parts of a path.
    pub(crate) is_optional: bool,
}

/// The places of a template. What else is wrong with it is left to the compiler of the endpoint, which says
/// so.
///
/// # Errors
///
/// When a place has a modifier, which its field's name could not have.
pub(crate) fn places(template: &LitStr) -> Result<Vec<Place>> {
    let text = template.value();
    let expressions = text.split('{').skip(1);
    let insides = expressions.map(|expression| expression.split('}').next().unwrap_or_default());
    let places: Vec<_> = insides.flat_map(of_expression).collect();
    let mut faults = Faults::default();
    for place in &places {
        if let Some(at) = place.name.find([':', '*']) {
            faults.add(modified(template, place, &place.name[..at]));
        }
    }
    faults.end().map(|()| places)
}

fn of_expression(inside: &str) -> impl Iterator<Item = Place> {
    let is_optional = inside.starts_with(['?', '&', ';', '#']);
    let list = inside.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']);
    list.split(',').map(move |name| Place {
        name: name.to_owned(),
        is_optional,
    })
}

fn modified(template: &LitStr, place: &Place, name: &str) -> Error {
    let shown = &place.name;
    let message = format!(
        "`{{{shown}}}` is of level 4 of RFC 6570, and templates are supported up to level 3, \
         without prefixes (`:3`) and explosion (`*`): write `{{{name}}}`, and give the value as it \
         shall be"
    );
    Error::new(template.span(), message)
}
