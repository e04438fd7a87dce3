//! The circuit breaker from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod acceptance;
mod bodies;
mod cancellation;
mod closed;
mod half_open;
mod handle;
mod keys;
#[cfg(feature = "metrics")]
mod measured;
mod opened;
mod overrides;
mod settings;
mod slow;
mod support;
mod telemetry;
mod trails;
