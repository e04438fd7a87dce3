//! The total: one deadline for a whole call.

mod layer;
mod service;

pub use self::layer::{DeadlineLayer, TotalOverride};
pub use self::service::WithDeadline;
