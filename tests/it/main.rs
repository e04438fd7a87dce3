//! One binary of integration tests.

// A helper of a test may end it, as the test itself may.
#![allow(clippy::unwrap_used)]

mod architecture;
#[cfg(all(feature = "axum", feature = "json"))]
mod axum;
#[cfg(feature = "json")]
mod calls;
mod cancellation;
mod client;
mod composition;
mod documented;
#[cfg(feature = "json")]
mod envelope;
mod gateway;
#[cfg(feature = "json")]
mod pages;
#[cfg(feature = "json")]
mod real;
mod signing_in;
mod support;
#[cfg(feature = "testing")]
mod testing;
mod timeout_over_hyper;
mod transport;
#[cfg(feature = "json")]
mod typed;
