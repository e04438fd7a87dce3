//! A client in an [axum](https://docs.rs/axum) application.
//!
//! | in axum | what it is |
//! | --- | --- |
//! | `State<Client>` | a [`Client`](crate::Client) is `Clone`, so it is a state, or a part of one by `FromRef` |
//! | `?` in a handler | [`Error`](crate::Error) is a response: 502, 503 and 429 with `Retry-After`, 504, as problem details |
//! | `forwarded: Forwarded` | what the request brings [along](crate::forward) of a [`Forward`](crate::forward::Forward) in the state |
//! | `asked: ServerParams` | the page that was asked for, in a tagged envelope (feature `json`) |
//! | `fallback_service(proxy)` | a [`Proxy`](crate::proxy::Proxy) sends what no route knows to another server |
//! | `HandleErrorLayer::new(handle_error)` | layers of this family around a server's own routes |
//!
//! The guide's chapter [on axum](crate::guide::axum) shows all of it in one program. Only `axum-core` is depended on.

mod extract;
#[cfg(feature = "json")]
mod params;
mod respond;

pub use self::respond::handle_error;
