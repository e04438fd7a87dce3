//! The circuit breaker from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancellation;
mod closed;
mod half_open;
mod opened;
mod support;
