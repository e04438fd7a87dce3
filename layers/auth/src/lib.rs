//! Credentials that renew themselves and never go astray, as a tower layer.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod credential;
mod error;
mod secret;
mod source;
mod telemetry;
mod token;

pub use self::credential::{Carrier, Credential};
pub use self::error::InvalidCredential;
pub use self::source::{FetchError, MemoryStore, StoreError, Stored, TokenSource, TokenStore};
pub use self::token::Token;
