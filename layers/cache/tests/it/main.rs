//! The cache from outside.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod anyone;
#[cfg(all(feature = "disk", feature = "redis"))]
mod apart;
#[cfg(all(feature = "disk", feature = "redis"))]
mod aside;
mod basics;
mod bodies;
mod cancellation;
mod coalescing;
mod completing;
mod cookies;
#[cfg(all(feature = "disk", feature = "redis"))]
mod crash;
mod directives;
mod doubt;
mod failing;
mod forgetting;
mod guesses;
mod handing_on;
mod handle;
mod in_pieces;
mod keys;
mod lean;
mod left_behind;
#[cfg(all(feature = "disk", feature = "redis"))]
mod long_bodies;
#[cfg(all(feature = "disk", feature = "redis"))]
mod lost;
#[cfg(feature = "metrics")]
mod measured;
mod moody;
mod not_resumed;
mod one_store;
mod overtaken;
#[cfg(all(feature = "disk", feature = "redis"))]
mod persistent;
mod posts;
mod resumed;
mod rows;
#[cfg(all(feature = "disk", feature = "redis"))]
mod sealed;
mod slow;
mod stale;
#[cfg(all(feature = "disk", feature = "redis"))]
mod stores;
mod streaming;
mod support;
mod telemetry;
mod variants;
