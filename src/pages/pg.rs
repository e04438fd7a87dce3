use std::error::Error;
use std::fmt;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;

use super::{Arrived, Neighbours, Paginator, Position};
use crate::Pointer;
use crate::envelope::Envelope;
use crate::envelope::tagged::{self, OpaqueCursor, PageInfo};

/// Pages of the [tagged envelope](crate::envelope::tagged): `?pg[size]=20&pg[cursor]=…`, answered by
/// `{"t":"collection","data":[…],"meta":{"pg":{…}}}`.
///
/// Size and sort order are taken from the page that came, because with another order the cursor would
/// mean another place; filter and `include`, which the server does not repeat, stay as they were asked
/// for. An `error` is an [`Error`](crate::Error) whatever the status, and anything else that is no collection is an
/// [`UnexpectedShape`].
///
/// ```
/// use buttress::envelope::tagged::{CollectionParams, Sort};
/// use buttress::{Client, pages};
///
/// # fn users(client: &Client) -> pages::Items<serde_json::Value> {
/// let parameters = CollectionParams::new().size(20).sort(Sort::new().descending("createdDate"));
/// client.get("/users").query(&parameters).paginate(pages::Pg::new()).items()
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Pg(());

const SIZE: &str = "pg[size]";
const CURSOR: &str = "pg[cursor]";
const SORT: &str = "sort";

static DATA: Pointer = Pointer::from_static("/data");
static INFO: Pointer = Pointer::from_static("/meta/pg");
static TAG: Pointer = Pointer::from_static("/t");

impl Pg {
    /// As the request's own [parameters](tagged::CollectionParams) have it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

fn position(info: &PageInfo, cursor: &str) -> Position {
    let cursor = (CURSOR, cursor.to_owned());
    let size = (SIZE, info.size.to_string());
    let sort = info.sort.clone().map(|sort| (SORT, sort));
    Position::pairs([cursor, size].into_iter().chain(sort))
}

impl Paginator for Pg {
    fn items(&self) -> &Pointer {
        &DATA
    }

    fn accepts(&self, head: &Parts, body: &Bytes) -> Result<(), BoxError> {
        let shape = TAG.find::<String>(body)?.unwrap_or_default();
        match tagged::Tagged.error(head, body) {
            Some(error) => Err(error.into()),
            None if shape == "collection" => Ok(()),
            None => Err(UnexpectedShape(shape).into()),
        }
    }

    fn neighbours(&self, page: &Arrived<'_>) -> Result<Neighbours, BoxError> {
        let info = page.at::<PageInfo>(&INFO)?;
        let info = info.ok_or("the collection has no `meta.pg`")?;
        let there = |cursor: &Option<OpaqueCursor>| {
            let cursor = cursor.as_ref().map(OpaqueCursor::as_str);
            let cursor = cursor.filter(|cursor| !cursor.is_empty());
            cursor.map(|cursor| position(&info, cursor))
        };
        Ok(Neighbours::none()
            .next(there(&info.next_cursor))
            .prev(there(&info.prev_cursor)))
    }
}

/// A collection was asked for, and something else came.
#[derive(Clone, PartialEq, Eq)]
pub struct UnexpectedShape(String);

impl UnexpectedShape {
    /// What came: the value of `t`, empty where there is none.
    #[must_use]
    pub fn shape(&self) -> &str {
        &self.0
    }
}

impl UnexpectedShape {
    /// Anything but these is the server's text, which may be anything.
    fn known(&self) -> Option<&'static str> {
        let known = ["single", "null", "error"];
        known.into_iter().find(|known| *known == self.0)
    }
}

impl fmt::Debug for UnexpectedShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.known().unwrap_or("unknown");
        f.debug_tuple("UnexpectedShape").field(&shape).finish()
    }
}

impl fmt::Display for UnexpectedShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(shape) => write!(f, "only a `collection` has pages, and this is a `{shape}`"),
            None => f.write_str("only a `collection` has pages, and this names no shape"),
        }
    }
}

impl Error for UnexpectedShape {}
