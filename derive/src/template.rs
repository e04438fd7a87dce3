use syn::LitStr;

/// A place of a template.
pub(crate) struct Place {
    pub(crate) name: String,
    /// Of a query, where it is left out without a value.
    pub(crate) is_optional: bool,
}

/// The places of a template. What is none is left to the compiler of the endpoint, which says what is wrong
/// with it.
pub(crate) fn places(template: &LitStr) -> Vec<Place> {
    let text = template.value();
    let expressions = text.split('{').skip(1);
    let insides = expressions.map(|expression| expression.split('}').next().unwrap_or_default());
    insides.flat_map(of_expression).collect()
}

fn of_expression(inside: &str) -> impl Iterator<Item = Place> {
    let is_optional = inside.starts_with(['?', '&']);
    let list = inside.trim_start_matches(['+', '#', '.', '/', ';', '?', '&']);
    list.split(',').map(move |name| Place {
        name: name.to_owned(),
        is_optional,
    })
}
