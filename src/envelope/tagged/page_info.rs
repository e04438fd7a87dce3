use serde::{Deserialize, Serialize};

use super::marks::required;
use super::{Meta, OpaqueCursor};

/// The `meta` of a collection: `pg`, and beside it whatever else the API says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CollectionMeta<M = Meta> {
    /// Which page it is.
    pub pg: PageInfo,
    /// The rest.
    #[serde(flatten)]
    pub rest: M,
}

/// Which page of a collection it is, and where its neighbours are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// How many items were asked for; there may be fewer.
    pub size: u64,
    /// Where the next page begins; `null` on the last. It is always sent.
    #[serde(deserialize_with = "required")]
    pub next_cursor: Option<OpaqueCursor>,
    /// Where the page before begins; `null` on the first. It is always sent.
    #[serde(deserialize_with = "required")]
    pub prev_cursor: Option<OpaqueCursor>,
    /// How the collection is sorted, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sort: Option<String>,
}
