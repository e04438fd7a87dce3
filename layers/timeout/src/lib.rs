//! Time limits for tower: until the response's head, between body frames, over a whole call.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod body;
mod deadline;
mod error;
pub mod future;
mod idle;
mod layer;
mod limits;
pub mod mode;
mod plan;
mod race;
mod reply;
mod report;
mod rule;
mod service;
mod timer;
mod upload;

pub use self::deadline::{DeadlineLayer, TotalOverride, WithDeadline};
pub use self::error::{Elapsed, Phase};
pub use self::layer::TimeoutLayer;
pub use self::limits::Override;
pub use self::service::Timeout;
