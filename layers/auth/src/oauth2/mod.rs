//! Tokens from OAuth 2 servers, asked for through your own stack.
//!
//! A [`TokenEndpoint`] sends through any service that you give it, so that timeouts, retries, proxies
//! and certificates are those of your other requests. Each grant is a
//! [`TokenSource`](crate::TokenSource), or ends in a [`Token`](crate::Token) for
//! [`Handle::set`](crate::Handle::set):
//!
//! | who the token is for | grant | |
//! | --- | --- | --- |
//! | the program itself | [`ClientCredentials`] | source |
//! | a user who has signed in before | [`RefreshToken`], with [`Stored`](crate::Stored) | source |
//! | a user with a browser | [`AuthorizationCode`] | token |
//! | a user with another device | [`DeviceCode`] | token |
//! | a user whose token we were sent | [`TokenExchange`] | source |
#![cfg_attr(
    feature = "jwt",
    doc = "| whoever a signed assertion names | [`JwtBearer`] | source |"
)]
//!
//! # Errors
//!
//! [`NotGranted`] says what stood in the way, by the codes of
//! [RFC 6749 §5.2](https://www.rfc-editor.org/rfc/rfc6749#section-5.2) where the server used one. As a
//! source's error it is behind [`Unauthenticated`](crate::Unauthenticated).
//!
//! | what came back | means |
//! | --- | --- |
//! | no answer, 408, 429, 5xx, `temporarily_unavailable`, `server_error` | asked again after a pause, or the server's own |
//! | `invalid_grant` for a refresh token | the session has ended |
//! | any other refusal of a refresh token | the session stays: sign-in would not help |
//! | another error of an RFC | final: asked again only after the longest pause |
//! | a code of the server's own, HTML, JSON that is cut off, over 64 KiB | a failure like others |
//!
//! # What is tolerated
//!
//! Servers take liberties, so answers are read by what they can only mean. `expires_in` may be text or
//! a fraction; where it is absent, zero or less, the token is good until it is rejected, and nothing
//! lives longer than a hundred years. Lives are counted from when the request was sent. `token_type` is
//! `Bearer` in any case, and may be missing; any other is refused, because such tokens need more than
//! a header. A refusal is one with any status. The types of the `oauth2` crate are stricter, and keep
//! an answer's text, tokens included, in their errors; so its types are used where users meet them
//! (PKCE, state, authorization URIs), and requests and answers are our own. [`HttpClient`] lends a
//! service to that crate for what is not here.
//!
//! # What it tells
//!
//! Besides the events of the crate, at the level debug: `asked an OAuth 2 endpoint` (`grant`, `status`,
//! `took_ms`), and `turned a visitor of the redirect listener away` (`status`).
//!
//! | file | purpose |
//! | --- | --- |
//! | `endpoint.rs`, `carry.rs`, `client_auth.rs`, `form.rs` | a request and its answer |
//! | `answer.rs`, `refusal.rs`, `callback.rs`, `polling.rs` | decisions: pure |
//! | `client_credentials.rs`, `refresh_token.rs`, `authorization_code.rs`, `device_code.rs`, `jwt_bearer.rs`, `token_exchange.rs` | a grant each |
//! | `jwt.rs`, `key_pair.rs` | tokens that the client signs |
//! | `loopback.rs` | where a browser comes back to |
//! | `file_store.rs`, `stored_token.rs` | tokens in files |

mod answer;
mod authorization_code;
mod callback;
mod carry;
mod client_auth;
mod client_credentials;
mod device_code;
mod endpoint;
mod file_store;
mod form;
mod http_client;
mod invalid;
#[cfg(feature = "jwt")]
mod invalid_key;
#[cfg(feature = "jwt")]
mod jwt;
#[cfg(feature = "jwt")]
mod jwt_bearer;
#[cfg(feature = "jwt")]
mod key_pair;
#[cfg(feature = "oauth2-loopback")]
mod loopback;
mod not_granted;
mod polling;
mod refresh_token;
mod refusal;
mod stored_token;
mod telemetry;
mod token_exchange;

#[cfg(feature = "jwt")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
pub use jsonwebtoken::Algorithm;

pub use self::authorization_code::{AuthorizationCode, SignIn};
pub use self::client_auth::ClientAuth;
pub use self::client_credentials::ClientCredentials;
pub use self::device_code::{DeviceCode, DeviceSignIn};
pub use self::endpoint::TokenEndpoint;
pub use self::file_store::FileStore;
pub use self::http_client::HttpClient;
pub use self::invalid::InvalidUrl;
#[cfg(feature = "oauth2-loopback")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth2-loopback")))]
pub use self::loopback::Loopback;
pub use self::not_granted::{NotGranted, Problem};
pub use self::refresh_token::RefreshToken;
pub use self::token_exchange::{TokenExchange, TokenType};
#[cfg(feature = "jwt")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwt")))]
pub use self::{invalid_key::InvalidKey, jwt::JwtKey, jwt_bearer::JwtBearer};
