//! The circuit breaker from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bodies;
mod cancellation;
mod closed;
mod half_open;
mod handle;
mod keys;
mod opened;
mod overrides;
mod settings;
mod support;
mod telemetry;
