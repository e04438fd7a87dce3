use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Unexpected};
use serde::ser::{SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use super::marks::required;
use super::{Meta, PageInfo};

/// A type of resource, and the name that it goes by.
pub trait Resource {
    /// The value of `type` in its identifiers.
    const TYPE: &'static str;
}

/// A pointer to a resource: `{"id":"1","type":"users"}`. One of another type is refused.
pub struct ResourceId<T> {
    /// The identifier.
    pub id: String,
    resource: PhantomData<fn() -> T>,
}

impl<T> ResourceId<T> {
    /// The identifier of a `T`.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        let (id, resource) = (id.into(), PhantomData);
        Self { id, resource }
    }
}

impl<T: Resource> Serialize for ResourceId<T> {
    fn serialize<S: Serializer>(&self, writer: S) -> Result<S::Ok, S::Error> {
        let mut fields = writer.serialize_struct("ResourceId", 2)?;
        fields.serialize_field("id", &self.id)?;
        fields.serialize_field("type", T::TYPE)?;
        fields.end()
    }
}

impl<'de, T: Resource> Deserialize<'de> for ResourceId<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Plain {
            id: String,
            r#type: String,
        }
        let Plain { id, r#type: kind } = Plain::deserialize(reader)?;
        if kind == T::TYPE {
            Ok(Self::new(id))
        } else {
            let expected = format!("`{}`", T::TYPE);
            Err(D::Error::invalid_value(
                Unexpected::Str(&kind),
                &expected.as_str(),
            ))
        }
    }
}

// Derived, each would ask the same of `T`, of which there is none in it.

impl<T> Clone for ResourceId<T> {
    fn clone(&self) -> Self {
        Self::new(&self.id)
    }
}

impl<T> fmt::Debug for ResourceId<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ResourceId").field(&self.id).finish()
    }
}

impl<T> PartialEq for ResourceId<T> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl<T> Eq for ResourceId<T> {}

impl<T> Hash for ResourceId<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id.hash(state);
    }
}

/// A relation to one resource: of a [`ResourceId`], or of an `Option` of one where there need not be any.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(deserialize = "I: Deserialize<'de>"))]
pub struct ToOne<I> {
    /// The pointer. It is always sent, be it `null`.
    #[serde(deserialize_with = "required")]
    pub data: I,
    /// Where more of it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
}

/// A relation to several resources.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(bound(serialize = "T: Resource", deserialize = "T: Resource"))]
pub struct ToMany<T> {
    /// The pointers; `None` when they are not loaded, which is not the same as there being none. It is
    /// always sent, be it `null`.
    #[serde(deserialize_with = "required")]
    pub data: Option<Vec<ResourceId<T>>>,
    /// Where more of them is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<Links>,
    /// Which page of them it is, and what else is to be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<RelationMeta>,
}

impl<T> ToMany<T> {
    /// Whether the pointers have been loaded.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.data.is_some()
    }
}

/// Where more of a relation is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Links {
    /// Where all of the related data is.
    #[serde(rename = "self", default, skip_serializing_if = "Option::is_none")]
    pub this: Option<String>,
}

/// What is said of a relation to several resources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct RelationMeta {
    /// Which page of them it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pg: Option<PageInfo>,
    /// The rest.
    #[serde(flatten)]
    pub rest: Meta,
}
