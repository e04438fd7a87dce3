//! What the tests of this binary have in common.

#[cfg(feature = "metrics")]
pub(crate) mod counters;
pub(crate) mod events;
pub(crate) mod gateway;
pub(crate) mod raw;
pub(crate) mod upstream;
