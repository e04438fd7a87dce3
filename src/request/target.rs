use buttress_kernel::BoxError;
use http::Uri;

use crate::query::merge;
use crate::template::{Encoding, Value, encode, fill};
use crate::{Client, InvalidUri};

/// Where a request goes, as far as that is not settled yet.
#[derive(Debug, Default)]
pub(super) struct Target {
    /// What was given, where it has places to fill.
    pub(super) template: Option<String>,
    pub(super) values: Vec<Value>,
    pub(super) open: bool,
    pub(super) query: String,
}

impl Target {
    /// Writes the URI down.
    ///
    /// # Errors
    ///
    /// When the template, its values, or what they make together is wrong.
    pub(super) fn settle(&self, client: &Client, uri: &mut Uri) -> Result<(), BoxError> {
        let template = self.template.as_deref();
        let filled = fill(template.unwrap_or_default(), &self.values, self.open)?;
        if template.is_some() {
            // A fragment is the template's own (`{#a}`), and belongs to whoever reads the answer.
            let sent = filled.reference.split('#').next().unwrap_or_default();
            *uri = client.locate(sent)?;
        }
        let mut added = String::new();
        for (name, value) in filled.surplus {
            let mut pair = String::new();
            encode(name, Encoding::Component, &mut pair);
            pair.push('=');
            encode(value, Encoding::Component, &mut pair);
            merge(&mut added, &pair);
        }
        merge(&mut added, &self.query);
        if added.is_empty() {
            return Ok(());
        }
        *uri = with_query(uri, &added)?;
        Ok(())
    }

    /// Whether the URI says all there is.
    pub(super) const fn is_settled(&self) -> bool {
        self.template.is_none() && self.values.is_empty() && self.query.is_empty()
    }
}

fn with_query(uri: &Uri, added: &str) -> Result<Uri, InvalidUri> {
    let mut query = uri.query().unwrap_or_default().to_owned();
    merge(&mut query, added);
    let mut parts = uri.clone().into_parts();
    let path = format!("{}?{query}", uri.path());
    parts.path_and_query = Some(path.try_into().map_err(|_| InvalidUri::malformed())?);
    Uri::from_parts(parts).map_err(|_| InvalidUri::malformed())
}
