//! What the tests of this binary have in common.

pub(crate) mod events;
pub(crate) mod gateway;
pub(crate) mod raw;
pub(crate) mod upstream;
