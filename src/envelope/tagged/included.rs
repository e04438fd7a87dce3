use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Resource;

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
/// # Ok::<_, serde_json::Error>(())
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

impl Included<'_, Value> {
    /// The resource of this type and identifier.
    ///
    /// # Errors
    ///
    /// When it is there and is no `T`.
    pub fn find<T: Resource + DeserializeOwned>(
        self,
        id: &str,
    ) -> Result<Option<T>, serde_json::Error> {
        let found = self.get(T::TYPE, id);
        found.map(T::deserialize).transpose()
    }

    /// All resources of this type.
    ///
    /// # Errors
    ///
    /// When one of them is no `T`.
    pub fn all<T: Resource + DeserializeOwned>(self) -> Result<Vec<T>, serde_json::Error> {
        self.by_type(T::TYPE).map(T::deserialize).collect()
    }
}
