use buttress_kernel::BoxError;
use http::Uri;

use crate::query::{merge, push};
use crate::template::{Draft, Values, fill};
use crate::{Client, InvalidUri};

/// Where a request goes, as far as that is not settled yet.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// What was given, where it has places to fill.
    pub(super) template: Option<Draft>,
    pub(super) values: Values,
    pub(super) open: bool,
    pub(super) query: String,
}

impl Target {
    /// Writes the URI down.
    ///
    /// # Errors
    ///
    /// When the template, its values, or what they make together is wrong.
    pub(super) fn settle(&mut self, client: &Client, uri: &mut Uri) -> Result<(), BoxError> {
        const NONE: Draft = Draft::fixed("");
        let template = self.template.as_ref();
        let filled = fill(template.unwrap_or(&NONE), &self.values, self.open)?;
        let added = with_surplus(std::mem::take(&mut self.query), &filled.surplus);
        if template.is_some() {
            let mut reference = filled.reference;
            // A fragment is the template's own (`{#a}`), and belongs to whoever reads the answer.
            reference.truncate(position(&reference, b'#'));
            add_query(&mut reference, &added);
            *uri = client.locate(reference.into())?;
        } else if !added.is_empty() {
            *uri = with_query(uri, &added)?;
        }
        Ok(())
    }

    /// Whether the URI says all there is.
    pub(super) const fn is_settled(&self) -> bool {
        self.template.is_none() && self.values.is_empty() && self.query.is_empty()
    }
}

/// The query, and before it the values without a place; a name that it has replaces theirs.
fn with_surplus(query: String, surplus: &[(&str, &str)]) -> String {
    if surplus.is_empty() {
        return query;
    }
    let mut added = String::new();
    for (name, value) in surplus {
        let mut pair = String::new();
        push(&mut pair, name, value);
        merge(&mut added, &pair);
    }
    merge(&mut added, &query);
    added
}

fn add_query(reference: &mut String, added: &str) {
    if added.is_empty() {
        return;
    }
    let path = position(reference, b'?');
    if path == reference.len() {
        reference.push('?');
        reference.push_str(added);
        return;
    }
    let mut query = reference.split_off(path + 1);
    merge(&mut query, added);
    reference.push_str(&query);
}

fn with_query(uri: &Uri, added: &str) -> Result<Uri, InvalidUri> {
    let mut query = uri.query().unwrap_or_default().to_owned();
    merge(&mut query, added);
    let mut parts = uri.clone().into_parts();
    let path = format!("{}?{query}", uri.path());
    parts.path_and_query = Some(path.try_into().map_err(|_| InvalidUri::malformed())?);
    Uri::from_parts(parts).map_err(|_| InvalidUri::malformed())
}

/// Where this stands first, else the end: references are short.
fn position(reference: &str, sign: u8) -> usize {
    let found = reference.bytes().position(|byte| byte == sign);
    found.unwrap_or(reference.len())
}
