//! Credentials that renew themselves and never go astray, as a tower layer.
//!
//! Adding a header is easy. What goes wrong is around it: a hundred requests that find the token
//! expired and sign in a hundred times; a 401 that throws away the token which another request has
//! just renewed; a refresh that dies with the caller who happened to begin it, or an error of it that
//! is remembered for ever; a redirect that takes the credentials to somebody else's server.
//! [`AuthLayer`] adds credentials to requests and takes care of that.
//!
//! # Example
//!
//! A token that expires is fetched once for all who need it, renewed before it ends, and replaced
//! when the server rejects it:
//!
//! ```
//! use std::time::Duration;
//! use buttress_auth::{AuthLayer, Origins, Token, Tokens};
//! use buttress_kernel::{Body, BoxError};
//! use http::{Request, Response};
//! use tower::{ServiceBuilder, ServiceExt, service_fn};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! # let signed_in = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
//! // Asks an identity provider; what it answers here is numbered.
//! let tokens = Tokens::new(move || {
//!     let number = signed_in.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//!     async move {
//!         let token = Token::new(format!("token-{number}"))?;
//!         Ok::<_, BoxError>(token.expires_in(Duration::from_secs(3600)))
//!     }
//! });
//! // A server that has come to reject the first one.
//! let server = service_fn(|request: Request<Body>| async move {
//!     let accepted = request.headers()["authorization"] == "Bearer token-1";
//!     let status = if accepted { 200 } else { 401 };
//!     Response::builder().status(status).body(Body::empty())
//! });
//! let client = ServiceBuilder::new()
//!     .layer(AuthLayer::new(tokens, Origins::only("https://api.example.com")?))
//!     .service(server);
//!
//! let request = Request::get("https://api.example.com/users/42").body(Body::empty())?;
//! assert_eq!(client.oneshot(request).await?.status(), 200);
//! # Ok(()) }
//! ```
//!
//! Credentials that stay as they are (bearer, basic, an API key in a header, a parameter or a cookie,
//! several at once) are a [`Credential`].
//!
//! # Where credentials go
//!
//! To the [`Origins`] that the layer was told, and nowhere else, wherever a request's URI came from. A
//! request to any other origin goes without them, and an event says so. Put the layer inside whatever
//! follows redirects, so that it sees each request's URI.
//!
//! What a request has itself stays: one with an `Authorization` header of its own is left alone, unless
//! [`overwrite`](AuthLayer::overwrite) says otherwise. An [`Override`] gives one request other
//! credentials or none.
//!
//! # What a rejection means
//!
//! | response | followed by |
//! | --- | --- |
//! | 401 | another token and one replay |
//! | 401 with `error="insufficient_scope"` | nothing: another token would be no better |
//! | 401 with `error="insufficient_user_authentication"` | nothing: the user has to sign in again, in a stronger way |
//! | 403 | nothing, unless [`forbidden`](AuthLayer::forbidden) is set |
//! | 407 | nothing: it is about the proxy's credentials |
//! | any to a replay | nothing: it is the answer, a second 401 too |
//!
//! The token that was rejected is out of use at once; if a newer one is there already, the request is
//! sent again with that. However many requests were rejected with one token, there is one fetch. A
//! request whose body cannot [`Replay`](buttress_kernel::Replay) gets its 401, and the next one the new
//! token.
//!
//! Before a request waits for a token, what was held for it is given back: the rejection's connection,
//! the inner service's place. If the fetch then fails, the request fails with [`Unauthenticated`], the
//! source's error behind it. Where it is clear before that another token cannot be had, the 401 is
//! the answer: because the source is being left alone after a failure, or because it keeps giving
//! tokens that are rejected though they are new.
//!
//! A replay counts as an [`Attempt`](buttress_kernel::Attempt), after a 401. Inside a retry layer each
//! attempt has the token of its own moment, and at most one replay; a retry layer never repeats a 401
//! itself, nor an [`Unauthenticated`]. Attempts are numbered over the whole call, whichever of the two sends
//! again.
//!
//! # How it differs
//!
//! - From tower-http's `SetRequestHeader` and `AddAuthorization`: credentials are bound to origins,
//!   tokens renew themselves, a 401 is acted on.
//! - From the token caches of API clients (octocrab, the AWS SDKs): one fetch for all who wait, keyed by
//!   the token that was rejected; it survives its caller; its errors are told once and not kept; and it
//!   is a layer of its own, over any service.
//!
//! # What it tells
//!
//! | event | level | fields |
//! | --- | --- | --- |
//! | `fetching a token` | debug | `why` (`needed`, `ahead`, `rejected`, `demanded`) |
//! | `a new token` | info | `generation`, `life_s`, `took_ms` |
//! | `no token could be fetched` | warn | `reason`, `failures`, `rest_ms` |
//! | `waited for a token` | debug | `wait_ms` |
//! | `a request has no token` | debug | `reason` |
//! | `a token was rejected` | debug | `status`, `generation` |
//! | `sending it again` | debug | `status` |
//! | `credentials were withheld` | warn | `scheme`, `host`, `port`, `reason` |
//! | `the store of tokens failed` | warn | `what`, `malformed` |
//!
//! With the feature `metrics`: the counters `buttress.auth.{fetches,failures,rejections,replays,refused,withheld}`
//! and the histograms `buttress.auth.fetch_duration` and `buttress.auth.wait`, in seconds.
//!
//! No secret is in any of them, nor in an error or a `Debug`. Header values are marked as sensitive
//! and wiped from memory when the last request that carries them is gone.
//!
//! | file | purpose |
//! | --- | --- |
//! | `layer.rs`, `settings.rs`, `origins.rs`, `overrides.rs` | what the layer, or one request, was told |
//! | `service.rs`, `future.rs`, `call.rs`, `pause.rs`, `drain.rs` | the way of a request |
//! | `verdict.rs`, `challenge.rs` | decisions: what a rejection means |
//! | `credential/`, `secret.rs` | what stays as it is |
//! | `source/`, `token.rs` | where tokens come from, and where they are kept |
//! | `oauth2/` | tokens from OAuth 2 servers (feature `oauth2`) |
//! | `tokens/{state,doubt,life,backoff,rules}.rs` | decisions: pure, with `now` as an argument |
//! | `tokens/{vault,held,ticket,flight,wait,sync}.rs` | the shared token, one fetch, and the wait for it |
//! | `tokens/{builder,handle,status,watch}.rs` | how it looks from outside |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod call;
mod challenge;
mod credential;
mod drain;
mod error;
pub mod future;
mod layer;
#[cfg(feature = "oauth2")]
#[cfg_attr(docsrs, doc(cfg(feature = "oauth2")))]
pub mod oauth2;
mod origins;
mod overrides;
mod pause;
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
