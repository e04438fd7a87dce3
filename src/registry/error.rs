use std::error::Error;
use std::fmt;

/// A name that no endpoint has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEndpoint(pub(super) String);

impl UnknownEndpoint {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UnknownEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.escape_debug();
        write!(f, "no endpoint is called `{name}`; add it, or see `names`")
    }
}

impl Error for UnknownEndpoint {}

/// A name that an endpoint has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DuplicateEndpoint(pub(super) String);

impl DuplicateEndpoint {
    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DuplicateEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.escape_debug();
        write!(
            f,
            "an endpoint is called `{name}` already; `remove` it first"
        )
    }
}

impl Error for DuplicateEndpoint {}
