//! The layers from outside, on a paused clock.

mod attempt;
mod body;
#[cfg(feature = "metrics")]
mod metrics;
mod source;
mod support;
mod telemetry;
mod total;
mod upload;
