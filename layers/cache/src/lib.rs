//! An HTTP cache, RFC 9111 whole, as a tower layer.

mod policy;
pub mod store;
mod sync;

pub use self::policy::Mode;
