//! Why a store takes no more, though nothing has failed.

use std::error::Error;
use std::{fmt, io};

/// A bound of the store's does not let it take more.
#[derive(Debug)]
#[cfg_attr(
    not(feature = "disk"),
    allow(dead_code, reason = "the other stores have no such bound")
)]
pub(crate) enum NoRoom {
    /// The response takes more than there may be.
    TooLong,
    /// So much else is on its way in.
    Crowded,
}

impl NoRoom {
    /// What an error says of that, if it does.
    pub(crate) fn of<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Self> {
        let own = error.downcast_ref::<Self>();
        let inner = error.downcast_ref().and_then(io::Error::get_ref);
        own.or_else(|| inner?.downcast_ref())
    }
}

impl fmt::Display for NoRoom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "a response is too long for the cache's folder",
            Self::Crowded => "more is on its way into the cache's folder than there may be",
        })
    }
}

impl Error for NoRoom {}
