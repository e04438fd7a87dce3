//! The layer from outside, over a scripted server, with time paused.
#![allow(clippy::unwrap_used)] // helpers of tests may fail where they stand

mod attempts;
mod bodies;
mod budget;
mod common;
mod composition;
mod delays;
mod explain;
mod overrides;
mod presets;
mod readiness;
mod statuses;
mod telemetry;
mod transport;
