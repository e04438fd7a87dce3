use std::error::Error;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Resource;
use crate::error::Place;
use crate::response::json;

/// What has an identifier and a type, by which [`Included`] finds it.
pub trait Identified {
    /// The identifier, unique among those of one type.
    fn id(&self) -> Option<&str>;

    /// The type.
    fn kind(&self) -> Option<&str>;
}

impl Identified for Value {
    fn id(&self) -> Option<&str> {
        self.get("id")?.as_str()
    }

    fn kind(&self) -> Option<&str> {
        self.get("type")?.as_str()
    }
}

/// The resources that go with a response.
///
/// ```
/// use buttress::envelope::tagged::{Resource, Single};
/// use serde::Deserialize;
///
/// #[derive(Debug, Deserialize, PartialEq)]
/// struct Pet { name: String }
///
/// impl Resource for Pet {
///     const TYPE: &'static str = "pets";
/// }
///
/// let body = r#"{"t":"single","data":7,"included":[{"id":"1","type":"pets","name":"Rex"}]}"#;
/// let user: Single<u8> = serde_json::from_str(body)?;
/// assert_eq!(user.included().find::<Pet>("1")?, Some(Pet { name: "Rex".into() }));
/// assert_eq!(user.included().by_type("cars").count(), 0);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Included<'a, I>(&'a [I]);

// Derived, both would ask the same of `I`.

impl<I> Clone for Included<'_, I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Included<'_, I> {}

impl<'a, I> Included<'a, I> {
    pub(super) const fn new(resources: &'a [I]) -> Self {
        Self(resources)
    }

    /// All of them.
    #[must_use]
    pub const fn as_slice(self) -> &'a [I] {
        self.0
    }
}

impl<'a, I: Identified> Included<'a, I> {
    /// The first of this identifier, whatever its type.
    #[must_use]
    pub fn by_id(self, id: &str) -> Option<&'a I> {
        self.0.iter().find(|one| one.id() == Some(id))
    }

    /// All of this type.
    pub fn by_type(self, kind: &str) -> impl Iterator<Item = &'a I> {
        self.0.iter().filter(move |one| one.kind() == Some(kind))
    }

    /// The one of this type and identifier.
    #[must_use]
    pub fn get(self, kind: &str, id: &str) -> Option<&'a I> {
        self.by_type(kind).find(|one| one.id() == Some(id))
    }
}

impl<'a> Included<'a, Value> {
    /// All of this type, and where they stand.
    fn of<T: Resource>(self) -> impl Iterator<Item = (usize, &'a Value)> {
        let all = self.0.iter().enumerate();
        all.filter(|(_, one)| one.kind() == Some(T::TYPE))
    }

    /// The resource of this type and identifier.
    ///
    /// # Errors
    ///
    /// When it is there and is no `T`.
    pub fn find<T: Resource + DeserializeOwned>(
        self,
        id: &str,
    ) -> Result<Option<T>, UnexpectedResource> {
        let mut found = self.of::<T>().filter(|(_, one)| one.id() == Some(id));
        let found = found.next();
        found.map(|(index, one)| read(index, one)).transpose()
    }

    /// All resources of this type.
    ///
    /// # Errors
    ///
    /// When one of them is no `T`.
    pub fn all<T: Resource + DeserializeOwned>(self) -> Result<Vec<T>, UnexpectedResource> {
        let all = self.of::<T>();
        all.map(|(index, one)| read(index, one)).collect()
    }
}

fn read<T: DeserializeOwned>(index: usize, one: &Value) -> Result<T, UnexpectedResource> {
    json::read_value(one, &format!("included[{index}]")).map_err(UnexpectedResource)
}

/// An included resource that is not what its type was said to be. Neither it nor its causes show what the
/// resource holds.
#[derive(Debug)]
pub struct UnexpectedResource(Place);

impl UnexpectedResource {
    /// Where in the document it went wrong, such as `included[3].name`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }
}

impl fmt::Display for UnexpectedResource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "an included resource is not what was expected: {}",
            self.0
        )
    }
}

impl Error for UnexpectedResource {}
