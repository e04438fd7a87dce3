use std::error::Error;
use std::fmt;

use buttress_kernel::BoxError;

/// A store could not be opened. What it says tells what to do about it.
#[derive(Debug)]
pub struct OpenFailed {
    what: String,
    source: Option<BoxError>,
}

#[cfg(any(feature = "disk", feature = "redis"))]
impl OpenFailed {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            source: None,
        }
    }

    pub(super) fn because(mut self, error: impl Into<BoxError>) -> Self {
        self.source = Some(error.into());
        self
    }
}

impl fmt::Display for OpenFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(f, "{} ({source})", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl Error for OpenFailed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
