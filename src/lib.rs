//! Tower middleware that holds an outbound HTTP call up, and a thin client over it.
//!
//! A call to somebody else's API fails in more ways than one function can handle: it is refused,
//! throttled, cut, stalled, or answered late. Each remedy is a [`tower::Layer`] in a crate of its own,
//! useful alone and next to anybody else's. This crate brings them together: a [`transport`] over
//! hyper that knows whether a request has left, a [`Client`] with the layers in an order that works,
//! and the [`guide`].
//!
//! ```
//! use std::time::Duration;
//! use buttress::{Client, Explain};
//! use http_body_util::BodyExt;
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! # let server = Scripted::new([Step::status(503), Step::ok().body("Ada")]);
//! // `server` stands for any service: here one that fails the first time.
//! let client = Client::builder()
//!     .base_uri("https://api.example.com/v1")
//!     .header("accept", "text/plain")
//!     .timeout(Duration::from_secs(5))
//!     .total(Duration::from_secs(20))
//!     .build_over(server)?; // `build()?` takes a transport of its own
//!
//! let explain = Explain::new();
//! let response = client.get("/users/42").explain(&explain).send().await?;
//! assert_eq!(response.into_body().collect().await?.to_bytes(), "Ada");
//!
//! // retry: attempt 2 after 503, waited …
//! assert!(explain.trail().summary().contains("attempt 2 after 503"));
//! # Ok(())
//! # }
//! ```
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`Client`], [`ClientBuilder`], [`RequestBuilder`] | the client; errors are [`Error`] and [`InvalidClient`] |
//! | [`Template`], [`Payload`], [`Response`], [`FromResponse`] | what is sent, and what comes back |
//! | [`Endpoint`], [`Options`] | an operation of an API, said once in types |
//! | [`pages`] | lists that come in pages, as one stream |
//! | [`envelope`] | what APIs wrap around what they say |
//! | [`timeout`] | limits until the head, between body frames, and over everything |
//! | [`cache`] | answers from a store what RFC 9111 allows |
//! | [`retry`] | another attempt where it can do no harm, within a budget |
//! | [`auth`] | credentials that renew themselves, and go to their origins alone |
//! | `sign` | signatures of each attempt: HMAC, AWS, HTTP message signatures, Digest (features `sign…`) |
//! | [`retry_after`] | a server's wish for a pause, honoured by everyone |
//! | [`rate_limit`] | a token bucket, first come first served |
//! | [`priority`] | so many requests at once, the most urgent first |
//! | [`circuit_breaker`] | no calls to a server that keeps failing, and a probe now and then |
//! | [`decompression`], [`progress`] | compressed responses; counts of what has gone and come |
//! | [`registry`] | endpoints known only at run time |
//! | [`redirect`] | follows redirects, as far as a policy allows |
//! | [`idempotency`] | one key for all attempts of a call |
//! | [`fallback`] | an answer for when everything else has failed |
//! | [`batch`], [`polling`] | many calls at once; one call again and again |
//! | [`observers`] | functions that are told of calls, by pattern |
//! | [`forward`], [`proxy`], `axum` | in a server: what goes along with calls, errors as responses (feature `axum` for extractors) |
//! | [`transport`] | the way to the server |
//! | [`observe`], [`defaults`] | events of a call; headers of a client |
//! | `testing` | a mock server, and recordings of real ones (feature `testing`) |
//! | [`kernel`] | the words that layers share |
//! | [`guide`] | architecture, ordering, writing a layer |
//!
//! # Features
//!
//! | feature | default | what it adds |
//! | --- | --- | --- |
//! | `http2` | yes | HTTP/2, chosen by ALPN over TLS |
//! | `json` | yes | bodies in JSON, and endpoints that speak it |
//! | `webpki-roots` | yes | trust in Mozilla's certificate authorities, compiled in |
//! | `native-roots` | no | trust in the operating system's certificate authorities |
//! | `axum` | no | a client in [axum](https://docs.rs/axum): errors as responses, and extractors |
//! | `derive` | no | `#[derive(Endpoint)]` |
//! | `multipart` | no | forms of several parts |
//! | `fs` | no | bodies from files, downloads to files |
//! | `form` | no | forms in URL encoding as responses |
//! | `gzip`, `br`, `zstd`, `deflate` | no | responses in these encodings, once [`decompression`] is on |
//! | `compression` | no | requests in gzip |
//! | `charset` | no | text in every charset of the web, instead of UTF-8 and Latin 1 alone |
//! | `oauth2` | no | OAuth 2: client credentials, refresh tokens, authorization code, device code, token exchange |
//! | `oauth2-loopback` | no | a listener on loopback, for the sign-in of a command-line program |
//! | `jwt` | no | key pairs for OAuth 2 |
//! | `cache-disk` | no | a cache's responses in files, which survive a restart |
//! | `cache-redis` | no | a cache's responses in Redis, shared by several processes |
//! | `redis` | no | rate limits that several processes share, in a Redis server |
//! | `sign` | no | signatures of each attempt, with any signer |
//! | `sign-digest` | no | HTTP Digest (RFC 7616) |
//! | `sign-hmac` | no | HMAC over a form that you set |
//! | `sign-message-signatures` | no | HTTP message signatures (RFC 9421), both sides |
//! | `sign-sigv4` | no | AWS Signature Version 4 |
//! | `testing` | no | a mock server, and recordings of real ones |
//! | `metrics` | no | counters and histograms through the `metrics` facade |
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "axum")]
pub mod axum;
mod base_uri;
pub mod batch;
#[cfg(feature = "fs")]
mod blocking;
mod builder;
mod client;
#[cfg(feature = "decompression")]
pub mod decompression;
pub mod defaults;
#[cfg(feature = "fs")]
mod download;
mod endpoint;
#[cfg(feature = "json")]
pub mod envelope;
mod error;
pub mod forward;
pub mod future;
pub mod guide;
mod header;
mod invalid;
#[cfg(feature = "multipart")]
mod multipart;
pub mod observe;
pub mod observers;
#[cfg(feature = "json")]
pub mod pages;
mod payload;
mod pipeline;
#[cfg(feature = "json")]
mod pointer;
pub mod polling;
pub mod progress;
pub mod proxy;
mod query;
pub mod redirect;
pub mod registry;
mod request;
mod response;
mod segments;
mod template;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transport;

pub use buttress_auth as auth;
pub use buttress_cache as cache;
pub use buttress_circuit_breaker as circuit_breaker;
pub use buttress_fallback as fallback;
pub use buttress_idempotency as idempotency;
pub use buttress_kernel as kernel;
pub use buttress_priority as priority;
pub use buttress_rate_limit as rate_limit;
pub use buttress_retry as retry;
pub use buttress_retry_after as retry_after;
#[cfg(feature = "sign")]
#[cfg_attr(docsrs, doc(cfg(feature = "sign")))]
pub use buttress_sign as sign;
pub use buttress_timeout as timeout;

pub use self::base_uri::{BaseUri, InvalidUri};
pub use self::builder::ClientBuilder;
pub use self::client::Client;
/// For the code that `#[derive(Endpoint)]` writes, and nobody else.
#[cfg(feature = "derive")]
#[doc(hidden)]
pub use self::endpoint::derived as __private;

#[cfg(feature = "derive")]
pub use buttress_derive::Endpoint;

#[cfg(feature = "fs")]
pub use self::download::{Download, Downloaded};
pub use self::endpoint::{Endpoint, EndpointCall, Options, Tags};
#[cfg(feature = "json")]
pub use self::envelope::{ApiError, Envelope};
#[cfg(feature = "json")]
pub use self::error::Problem;
pub use self::error::{DecodeError, Error, ErrorKind, StatusError, TooLarge};
pub use self::header::InvalidHeader;
pub use self::invalid::InvalidClient;
#[cfg(feature = "multipart")]
pub use self::multipart::{Multipart, Part};
#[cfg(feature = "json")]
pub use self::pages::Paginator;
pub use self::payload::Payload;
#[cfg(feature = "json")]
pub use self::pointer::{InvalidPointer, Pointer};
pub use self::query::{ArrayStyle, Unwritable};
pub use self::request::{NotReplayable, RequestBuilder};
#[cfg(feature = "form")]
pub use self::response::decode::Form;
pub use self::response::decode::{Binary, FromResponse, NoContent, Text};
pub use self::response::optional::Optional;
pub use self::response::{Pieces, Response};
pub use self::template::{
    InvalidParameter, InvalidTemplate, MissingParameters, Template, UnknownParameters,
};

#[doc(no_inline)]
pub use buttress_auth::{AuthLayer, Credential};
#[doc(no_inline)]
pub use buttress_cache::CacheLayer;
#[doc(no_inline)]
pub use buttress_circuit_breaker::CircuitBreakerLayer;
#[doc(no_inline)]
pub use buttress_kernel::{
    Attempt, Body, BoxError, Deadline, Entry, Explain, Facts, Failure, Kind, Partition, Replay,
    Sent, Trail,
};
#[doc(no_inline)]
pub use buttress_priority::PriorityLayer;
#[doc(no_inline)]
pub use buttress_rate_limit::RateLimitLayer;
#[doc(no_inline)]
pub use buttress_retry::RetryLayer;
#[doc(no_inline)]
pub use buttress_retry_after::RetryAfterLayer;
#[doc(no_inline)]
pub use buttress_timeout::{DeadlineLayer, TimeoutLayer};

/// The README's code is compiled with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
