//! What can go wrong.

mod invalid;
mod unauthenticated;

pub use self::invalid::{InvalidCredential, InvalidOrigin, InvalidTokens};
pub(crate) use self::invalid::{Rule, TokensRule};
pub(crate) use self::unauthenticated::Fallen;
pub use self::unauthenticated::{Reason, Unauthenticated};
