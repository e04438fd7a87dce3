//! Endpoints known only at run time, by name.
//!
//! Where an API is described by data (a configuration, a plug-in, a machine-readable specification), there is no
//! type for each operation. A [`Registry`] has the rest of what an [`Endpoint`](crate::Endpoint) gives: method,
//! template, options, and the parameters that a call may and must have. Whoever has the types should use
//! them; a misspelt name is a compile error there, and an error of the call here.
//!
//! ```
//! use buttress::registry::{Definition, Parameter, Registry};
//! use buttress::{Client, Options};
//! use http::Method;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut registry = Registry::new();
//! let list = Definition::new(Method::GET, "/teams/{team}/users")?
//!     .parameter(Parameter::new("page").default("1"))
//!     .parameter(Parameter::new("since").required())
//!     .options(Options::new().retry(5));
//! registry.add("users.list", list)?;
//!
//! let client = Client::builder().base_uri("http://h").build()?;
//! let request = registry.request(&client, "users.list", &[("team", "red"), ("since", "may")]).build()?;
//! assert_eq!(request.uri(), "http://h/teams/red/users?page=1&since=may");
//!
//! let error = registry.request(&client, "users.list", &[("crew", "red")]).build().unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "GET /teams/{team}/users: the request cannot be sent: no value was given for `team`, `since`",
//! );
//! # Ok(())
//! # }
//! ```

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use http::Method;
use serde::Serialize;

use crate::{Client, RequestBuilder};

mod definition;
mod error;

pub use self::definition::{Definition, Parameter};
pub use self::error::{DuplicateEndpoint, UnknownEndpoint};

/// Names, and what each stands for.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    endpoints: BTreeMap<Cow<'static, str>, Definition>,
}

impl Registry {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an endpoint.
    ///
    /// # Errors
    ///
    /// When there is one of this name already; it stays.
    pub fn add(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        definition: Definition,
    ) -> Result<(), DuplicateEndpoint> {
        match self.endpoints.entry(name.into()) {
            Entry::Occupied(entry) => Err(DuplicateEndpoint(entry.key().to_string())),
            Entry::Vacant(entry) => {
                entry.insert(definition);
                Ok(())
            }
        }
    }

    /// What a name stands for.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Definition> {
        self.endpoints.get(name)
    }

    /// Takes an endpoint out.
    pub fn remove(&mut self, name: &str) -> Option<Definition> {
        self.endpoints.remove(name)
    }

    /// Takes all of them out.
    pub fn clear(&mut self) {
        self.endpoints.clear();
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.endpoints.keys().map(AsRef::as_ref)
    }

    /// A request of an endpoint with these values: a struct's, a map's, or a list's of pairs. A value goes to
    /// its place in the template, and else to the query, where a list is written as the definition's
    /// [options](crate::Options::arrays) say.
    ///
    /// What is wrong is told when the request is [sent](RequestBuilder::send) or
    /// [built](RequestBuilder::build): an [`UnknownEndpoint`],
    /// [`MissingParameters`](crate::MissingParameters),
    /// [`UnknownParameters`](crate::UnknownParameters) or
    /// [`InvalidParameter`](crate::InvalidParameter).
    pub fn request<T: Serialize + ?Sized>(
        &self,
        client: &Client,
        name: &str,
        values: &T,
    ) -> RequestBuilder {
        match self.get(name) {
            Some(definition) => definition.request(client, values),
            None => {
                let fault = UnknownEndpoint(name.to_owned());
                client
                    .request(Method::GET, "{unknown}")
                    .blamed(fault.into())
            }
        }
    }
}
