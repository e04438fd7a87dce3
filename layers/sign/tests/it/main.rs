//! What the crate promises, from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(feature = "digest")]
mod digest;
#[cfg(feature = "hmac")]
mod hmac;
#[cfg(feature = "digest")]
mod httpbin;
mod layer;
#[cfg(feature = "message-signatures")]
mod message;
#[cfg(feature = "metrics")]
mod metrics;
mod secrets;
#[cfg(feature = "sigv4")]
mod sigv4;
mod support;
mod telemetry;
