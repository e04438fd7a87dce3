//! The cache from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod basics;
mod cancellation;
mod coalescing;
mod cookies;
mod directives;
mod failing;
mod handle;
mod keys;
#[cfg(feature = "metrics")]
mod measured;
mod rows;
mod stale;
mod streaming;
mod support;
mod telemetry;
