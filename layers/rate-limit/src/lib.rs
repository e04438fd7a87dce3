//! A token bucket with a first-come-first-served queue, as a tower layer.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod alarm;
mod bucket;
mod clock;
mod cost;
mod course;
mod error;
pub mod future;
mod handle;
mod lane;
mod layer;
mod line;
#[cfg(test)]
mod line_tests;
pub mod mode;
mod overrides;
mod priority;
mod queue;
mod rate;
mod rules;
mod service;
mod settings;
mod shared;
mod sync;
mod table;
mod telemetry;
mod wait;

pub use self::cost::{Cost, One};
pub use self::error::{CostTooHigh, RateLimited, Reason};
pub use self::handle::{Handle, Peek};
pub use self::layer::RateLimitLayer;
pub use self::overrides::Override;
pub use self::priority::Priority;
pub use self::rate::{InvalidRate, Rate};
pub use self::service::RateLimit;
