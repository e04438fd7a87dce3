//! The layer from outside, over a scripted server and a scripted source of tokens, with time paused.
#![allow(clippy::unwrap_used)] // helpers of tests may fail where they stand

mod acceptance;
mod cancellation;
mod credentials;
mod crowds;
mod deadlines;
mod failures;
mod handle;
mod httpbin;
#[cfg(feature = "metrics")]
mod metrics;
mod origins;
mod overrides;
mod rejections;
mod renewal;
mod replays;
mod secrets;
mod source;
mod store;
mod support;
mod telemetry;
