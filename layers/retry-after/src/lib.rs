//! A server's pushback, honoured by every request to the same key, as a tower layer.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
pub mod future;
mod gate;
mod handle;
mod hold;
mod layer;
mod lesson;
mod memo;
mod overrides;
mod rules;
mod service;
mod settings;
mod shared;
mod source;
mod state;
#[cfg(test)]
mod state_tests;
mod sync;
mod telemetry;
mod window;

pub use self::error::{Held, Reason};
pub use self::handle::{Handle, Peek};
pub use self::layer::RetryAfterLayer;
pub use self::overrides::Override;
pub use self::service::RetryAfter;
