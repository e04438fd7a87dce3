//! The gate from outside: what it holds, for how long, and how it lets go.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod cancellation;
mod holds;
mod learning;
mod pacing;
mod partitions;
mod support;
mod telemetry;
