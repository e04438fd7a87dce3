use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::OpaqueCursor;
use crate::query::value_of;

/// What a server of the [tagged](super) envelope was asked for: the other end of
/// [`CollectionParams`](super::CollectionParams).
///
/// Its names begin with two underscores where it is handed on, so that they cannot be mistaken for fields to
/// filter by.
///
/// ```
/// use buttress::envelope::tagged::ServerParams;
///
/// // In a handler: `ServerParams::parse(uri.query().unwrap_or_default())`.
/// let asked = ServerParams::parse("pg%5Bsize%5D=25&sort=-name&filter%5Bage%5D=7")?;
/// assert_eq!(asked.pg.as_ref().and_then(|pg| pg.size), Some(25));
/// assert_eq!(asked.sort.as_deref(), Some("-name"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct ServerParams {
    /// Which page.
    #[serde(rename = "__pg", default, skip_serializing_if = "Option::is_none")]
    pub pg: Option<ServerPage>,
    /// In which order.
    #[serde(rename = "__sort", default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}

/// The page that was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct ServerPage {
    /// How many items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// From where on; from the beginning, where there is none.
    #[serde(default)]
    pub cursor: Option<OpaqueCursor>,
}

impl ServerParams {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// When the size is no number.
    pub fn parse(query: &str) -> Result<Self, InvalidParams> {
        let size = value_of(query, "pg[size]").map(|size| size.parse());
        let size = size.transpose().map_err(|_| InvalidParams(()))?;
        let cursor = value_of(query, "pg[cursor]").filter(|cursor| !cursor.is_empty());
        let cursor = cursor.map(OpaqueCursor::from);
        let is_asked = size.is_some() || cursor.is_some();
        Ok(Self {
            pg: is_asked.then_some(ServerPage { size, cursor }),
            sort: value_of(query, "sort").filter(|sort| !sort.is_empty()),
        })
    }
}

/// The size of a page that was asked for is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidParams(());

impl fmt::Display for InvalidParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`pg[size]` is no number")
    }
}

impl Error for InvalidParams {}
