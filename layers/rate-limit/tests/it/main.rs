//! The limit from outside: who goes, who waits, who is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bucket;
mod cancellation;
mod feedback;
mod handle;
mod keys;
#[cfg(feature = "metrics")]
mod measured;
mod order;
#[cfg(feature = "redis")]
mod redis;
mod remote;
mod server;
mod store;
mod support;
mod telemetry;
