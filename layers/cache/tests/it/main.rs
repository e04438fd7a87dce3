//! The cache from outside.

mod basics;
mod coalescing;
mod failing;
mod handle;
mod keys;
mod stale;
mod streaming;
mod support;
mod telemetry;
