//! The limit from outside: who goes, who waits, who is refused.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod body;
mod cancellation;
mod keys;
mod limits;
#[cfg(feature = "metrics")]
mod measured;
mod order;
mod support;
mod telemetry;
