use serde::Serialize;
use serde::ser::{Error, SerializeMap, Serializer};

use super::{Include, OpaqueCursor, Sort};

/// What a collection is asked for; for [`RequestBuilder::query`](crate::RequestBuilder::query). What is not set
/// is not sent, and neither is a cursor, an order or a list of relations with nothing in it.
///
/// ```
/// use buttress::Client;
/// use buttress::envelope::tagged::{CollectionParams, FilterEncoding, Sort};
/// use serde::Serialize;
///
/// #[derive(Serialize)]
/// struct Filter {
///     age: u8,
/// }
///
/// let client = Client::builder().base_uri("http://h").build()?;
/// let parameters = CollectionParams::new()
///     .size(25)
///     .sort(Sort::new().descending("createdDate"))
///     .filter(Filter { age: 7 }, FilterEncoding::Bracketed);
/// let request = client.get("/users").query(&parameters).build()?;
/// assert_eq!(request.uri().query(), Some("pg%5Bsize%5D=25&sort=-createdDate&filter%5Bage%5D=7"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CollectionParams<F = ()> {
    size: Option<u64>,
    cursor: Option<OpaqueCursor>,
    sort: Option<Sort>,
    include: Option<Include>,
    filter: Option<(F, FilterEncoding)>,
}

/// How a filter is written.
// Closed: servers of this kind read one of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterEncoding {
    /// `filter[age]=7`
    Bracketed,
    /// `filter={"age":7}`, in one parameter
    Json,
}

impl CollectionParams {
    /// As the server likes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: None,
            cursor: None,
            sort: None,
            include: None,
            filter: None,
        }
    }

    /// Only what a filter lets through: a struct or a map. A list of pairs is a list here.
    #[must_use]
    pub fn filter<F: Serialize>(self, filter: F, encoding: FilterEncoding) -> CollectionParams<F> {
        CollectionParams {
            size: self.size,
            cursor: self.cursor,
            sort: self.sort,
            include: self.include,
            filter: Some((filter, encoding)),
        }
    }
}

impl<F> CollectionParams<F> {
    /// How many items a page shall have.
    #[must_use]
    pub const fn size(mut self, items: u64) -> Self {
        self.size = Some(items);
        self
    }

    /// From this cursor on.
    #[must_use]
    pub fn cursor(mut self, cursor: impl Into<OpaqueCursor>) -> Self {
        self.cursor = Some(cursor.into());
        self
    }

    /// In this order.
    #[must_use]
    pub fn sort(mut self, sort: impl Into<Sort>) -> Self {
        self.sort = Some(sort.into());
        self
    }

    /// With these relations.
    #[must_use]
    pub fn include(mut self, include: Include) -> Self {
        self.include = Some(include);
        self
    }
}

impl Default for CollectionParams {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Serialize> Serialize for CollectionParams<F> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut fields = writer.serialize_map(None)?;
        if let Some(size) = self.size {
            fields.serialize_entry("pg[size]", &size)?;
        }
        if let Some(cursor) = self.cursor.as_ref().filter(|one| !one.as_str().is_empty()) {
            fields.serialize_entry("pg[cursor]", cursor)?;
        }
        if let Some(sort) = self.sort.as_ref().filter(|sort| !sort.is_empty()) {
            fields.serialize_entry("sort", sort)?;
        }
        if let Some(include) = self.include.as_ref().filter(|one| !one.is_empty()) {
            fields.serialize_entry("include", include)?;
        }
        match &self.filter {
            Some((filter, FilterEncoding::Bracketed)) => {
                fields.serialize_entry("filter", filter)?;
            }
            Some((filter, FilterEncoding::Json)) => {
                let text = serde_json::to_string(filter).map_err(S::Error::custom)?;
                fields.serialize_entry("filter", &text)?;
            }
            None => {}
        }
        fields.end()
    }
}
