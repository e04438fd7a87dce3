//! An HTTP cache, RFC 9111 whole, as a tower layer.

mod policy;

pub use self::policy::Mode;
