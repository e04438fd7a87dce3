//! What the tests of this binary have in common.

#[cfg(feature = "metrics")]
pub(crate) mod counters;
pub(crate) mod events;
pub(crate) mod gateway;
pub(crate) mod raw;
#[allow(dead_code, reason = "the cache's tests need more of it")]
#[path = "../../../layers/cache/src/store/redis/server.rs"]
pub(crate) mod redis;
pub(crate) mod upstream;
