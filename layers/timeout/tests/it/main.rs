//! The layers from outside, on a paused clock.

mod attempt;
mod body;
mod support;
mod total;
mod upload;
