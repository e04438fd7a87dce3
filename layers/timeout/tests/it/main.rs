//! The layers from outside, on a paused clock.

mod attempt;
mod body;
#[cfg(feature = "metrics")]
mod metrics;
mod support;
mod telemetry;
mod total;
mod upload;
