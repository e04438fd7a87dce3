//! Credentials that renew themselves and never go astray, as a tower layer.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod challenge;
mod credential;
mod drain;
mod error;
pub mod future;
mod head;
mod layer;
mod origins;
mod overrides;
mod pause;
mod plan;
mod secret;
mod service;
mod settings;
mod source;
mod telemetry;
mod token;
mod tokens;
mod verdict;

pub use self::credential::{Carrier, Credential, Credentials};
pub use self::error::{InvalidCredential, InvalidOrigin, InvalidTokens, Reason, Unauthenticated};
pub use self::layer::AuthLayer;
pub use self::origins::Origins;
pub use self::overrides::Override;
pub use self::service::Auth;
pub use self::source::{FetchError, MemoryStore, StoreError, Stored, TokenSource, TokenStore};
pub use self::token::Token;
pub use self::tokens::{Builder, Handle, Status, Tokens, Watch};
