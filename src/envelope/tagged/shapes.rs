use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::marks::{CollectionMark, NullMark, SingleMark, required};
use super::{CollectionMeta, Included, Meta, PageInfo};

/// One resource: `{"t":"single","data":…}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>, I: Deserialize<'de>, M: Deserialize<'de>"))]
pub struct Single<R, I = Value, M = Meta> {
    t: SingleMark,
    /// The resource. It is always sent, be it `null`.
    #[serde(deserialize_with = "required")]
    pub data: R,
    /// Resources that go with it.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub included: Option<Vec<I>>,
    /// What else is to be said.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub meta: Option<M>,
}

/// Several resources: `{"t":"collection","data":[…],"meta":{"pg":…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Collection<R, I = Value, M = Meta> {
    t: CollectionMark,
    /// The resources.
    pub data: Vec<R>,
    /// Resources that go with them.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub included: Option<Vec<I>>,
    /// Which page it is, and what else is to be said.
    pub meta: CollectionMeta<M>,
}

/// Nothing, as after a deletion: `{"t":"null","data":null}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Null<M = Meta> {
    t: NullMark,
    #[serde(deserialize_with = "required")]
    data: (),
    /// What else is to be said.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub meta: Option<M>,
}

/// What is written: `{"data":…}`. Pass it to [`RequestBuilder::json`](crate::RequestBuilder::json).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub struct Data<T> {
    /// The resource. It is always sent, be it `null`.
    #[serde(deserialize_with = "required")]
    pub data: T,
}

/// Unlike `Default::default`, asks nothing of the type that is not there.
const fn none<T>() -> Option<T> {
    None
}

impl<R, I, M> Single<R, I, M> {
    /// A resource alone.
    #[must_use]
    pub const fn new(data: R) -> Self {
        Self {
            t: SingleMark,
            data,
            included: None,
            meta: None,
        }
    }

    /// What goes with the resource; nothing, where nothing was sent.
    #[must_use]
    pub fn included(&self) -> Included<'_, I> {
        Included::new(self.included.as_deref().unwrap_or_default())
    }
}

impl<R, I, M> Collection<R, I, M> {
    /// Resources, and which page of them it is.
    #[must_use]
    pub const fn new(data: Vec<R>, pg: PageInfo, rest: M) -> Self {
        Self {
            t: CollectionMark,
            data,
            included: None,
            meta: CollectionMeta { pg, rest },
        }
    }

    /// What goes with the resources; nothing, where nothing was sent.
    #[must_use]
    pub fn included(&self) -> Included<'_, I> {
        Included::new(self.included.as_deref().unwrap_or_default())
    }
}

impl<M> Null<M> {
    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            t: NullMark,
            data: (),
            meta: None,
        }
    }
}

impl<T> Data<T> {
    /// The resource to be written.
    #[must_use]
    pub const fn new(data: T) -> Self {
        Self { data }
    }
}
