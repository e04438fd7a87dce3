//! Why a store takes no more, though nothing has failed.

use std::error::Error;
use std::{fmt, io};

/// A bound of the store's does not let it take more.
#[derive(Debug)]
pub(crate) struct NoRoom(pub(crate) &'static str);

impl NoRoom {
    /// Whether that is what an error says.
    pub(crate) fn is(error: &(dyn Error + 'static)) -> bool {
        let own = error.downcast_ref::<Self>();
        let inner = error.downcast_ref().and_then(io::Error::get_ref);
        own.or_else(|| inner?.downcast_ref()).is_some()
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Error for NoRoom {}
