use std::error::Error;
use std::fmt;
use std::sync::Arc;

use buttress_kernel::BoxError;

use crate::error::Misplaced;

/// Why a page does not say where the pages around it are; told to each who asks.
#[derive(Clone, Debug)]
pub(super) struct Lost(Arc<dyn Error + Send + Sync>);

impl Lost {
    pub(super) fn new(fault: BoxError) -> Self {
        Self(fault.into())
    }

    /// The cause of an error. A place in the document stays one.
    pub(super) fn told(&self) -> BoxError {
        match self.0.downcast_ref::<Misplaced>() {
            Some(misplaced) => Misplaced(misplaced.0.clone()).into(),
            None => self.clone().into(),
        }
    }
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the page does not say where the list goes on")
    }
}

impl Error for Lost {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}
