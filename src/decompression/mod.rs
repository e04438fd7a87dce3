//! Responses that come compressed, unpacked on the way.
//!
//! Off unless [`ClientBuilder::decompression`](crate::ClientBuilder::decompression) turns it on; the encodings
//! are those whose features are compiled in: `gzip`, `br`, `zstd`, `deflate`. Compiling one in changes
//! nothing by itself.
//!
//! ```
//! use buttress::Client;
//!
//! let client = Client::builder().base_uri("https://api.example.com").decompression(true).build()?;
//! # let _ = client;
//! # Ok::<_, buttress::InvalidClient>(())
//! ```
//!
//! | a request | is sent with | and its response |
//! | --- | --- | --- |
//! | without `Accept-Encoding` | the encodings compiled in | is unpacked; `Content-Encoding` and `Content-Length` are gone |
//! | with an `Accept-Encoding`, its own or the client's default | that | is left as it is: whoever asks for an encoding wants it |
//! | with a `Range` | none | is left as it is: the range counts the bytes of what was sent |
//! | `HEAD` | the encodings compiled in | is left as it is: it says what a `GET` would be sent |
//!
//! What has no body, part of one (206), several encodings, or one that is not compiled in is left as it is as
//! well. Names are compared without regard to case, and `x-gzip` is `gzip`
//! ([RFC 9110 §8.4.1](https://www.rfc-editor.org/rfc/rfc9110#section-8.4.1)).
//!
//! It stands outside the cache, which so keeps what the server sent, smaller and with the validator that
//! belongs to it; a hit is unpacked each time. Limits ([`Response::limit`](crate::Response::limit))
//! count the bytes that come out, and no more than a few kilobytes are unpacked ahead of whoever reads, so
//! that a small body which swells to gigabytes costs no memory. A Zstandard frame that asks for a window of more
//! than 8 MiB is refused ([RFC 9659 §3](https://www.rfc-editor.org/rfc/rfc9659#section-3)).
//!
//! A body that is cut, damaged, or goes on behind the end of what was compressed is an error ([`NotDecoded`]), and
//! never a shorter body. Zstandard's frames may follow one another; of gzip one member is unpacked, and a
//! second one is such an error, since hardly anybody sends several and a body must not be unpacked in part.
//!
//! The decoding is that of `tower_http::decompression`, which this differs from by the table above: alone
//! it also unpacks what was asked for explicitly, and parts.

mod body;
mod checked;
mod layer;
mod service;
mod wrap;
mod zstd;

pub use self::body::{DecodedBody, NotDecoded};
pub use self::layer::DecompressionLayer;
pub use self::service::{Decompression, ResponseFuture};
