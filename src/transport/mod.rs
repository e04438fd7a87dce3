//! The way to the server: hyper-util's client, with errors that say whether the request left.
//!
//! A retry may repeat any request that provably never reached the server, and must not repeat a
//! `POST` that might have. Only the transport knows which of the two it was, and a bare HTTP client
//! keeps it to itself: hyper's `IncompleteMessage`, for one, is what a dead keep-alive connection *and*
//! a server that crashed half-way through a payment look like. [`Transport`] is a
//! [`tower::Service`] over hyper-util's legacy client whose every error is a
//! [`TransportError`](buttress_kernel::TransportError) with an answer:
//!
//! | what happened | kind | sent |
//! | --- | --- | --- |
//! | refused, unknown name, TLS failed, proxy refused, [connect timeout](TransportBuilder::connect_timeout) | `Connect` | `No` |
//! | a kept connection was found closed before the request was written | `Transport` | `No` |
//! | HTTP/2: `REFUSED_STREAM`, or `GOAWAY` whose last stream is before ours | `Transport` | `No` |
//! | the connection ended after the request, without an answer | `Transport` | `Maybe` |
//! | HTTP/2: any other reset, or the connection broke | `Transport` | `Maybe` |
//! | the connection ended inside the head of the response | `Transport` | `Yes` |
//! | the head is not HTTP, or larger than [allowed](TransportBuilder::max_header_bytes) | `Transport` | `Yes` |
//! | the response's body broke off, or is framed wrongly | `Transport` | `Yes` |
//! | the request's URI has no host, no such host or port, another scheme, or credentials | `Request` | `No` |
//! | the request's own body failed | `RequestBody` | `Maybe` |
//!
//! What cannot be known is `Maybe`: a server that closes a kept connection at the very moment at which
//! the next request is written looks like one that read it and died. A head that broke off counts as
//! an answer, because the server spoke after it was spoken to.
//!
//! # Differs from the bare client
//!
//! - Nothing is sent twice behind your back: hyper-util's own
//!   [`retry_canceled_requests`](TransportBuilder::retry_canceled_requests) is off, so that one place
//!   decides about retries, with one budget.
//! - Connecting has a limit in time, and it covers name, TCP, proxy and TLS together.
//! - A response carries [`Connection`] in its extensions in place of `HttpInfo`.
//!
//! The pool is hyper-util's. It bounds the idle connections of a host, not the open ones: how many
//! requests are in flight is a matter for a limit above the transport.
//!
//! # Example
//!
//! ```no_run
//! use buttress::transport::Transport;
//! use buttress_kernel::{Body, Failure};
//! use tower::ServiceExt;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//! let transport = Transport::new()?;
//! let request = http::Request::post("https://api.example.com/orders").body(Body::from("{}"))?;
//! match transport.oneshot(request).await {
//!     Ok(response) => println!("{}", response.status()),
//!     Err(error) if Failure::of(&*error).sent().is_provably_unsent() => println!("safe to repeat"),
//!     Err(error) => println!("ask before repeating: {error}"),
//! }
//! # Ok(())
//! # }
//! ```

mod body;
mod builder;
mod connector;
mod framing;
mod invalid;
mod proxy;
mod resolver;
mod route;
mod service;
mod settings;
mod stream;
mod te;
mod tls;
mod unsendable;
mod upload;
mod verdict;
mod wire;

pub use rustls;

pub use self::body::ResponseBody;
pub use self::builder::TransportBuilder;
pub use self::connector::ConnectTimedOut;
pub(crate) use self::framing::without_false_length;
pub use self::invalid::InvalidTransport;
pub use self::proxy::Proxy;
pub use self::service::{ResponseFuture, Transport};
pub use self::tls::Roots;
pub(crate) use self::unsendable::is_place;
pub use self::wire::Connection;
