//! An HTTP cache for tower, RFC 9111 whole: what was asked for already is not asked for again.
//!
//! The quickest call is the one that is not made, and the server that is spared it has time for the
//! others. [`CacheLayer`] answers from a store what it can, validates what is stale, and stores what
//! it may while it passes. Requests that miss at the same time share one fetch.
//!
//! # Example
//!
//! ```
//! use buttress_cache::CacheLayer;
//! use buttress_kernel::{Body, BoxError};
//! use http::{Request, Response};
//! use http_body_util::BodyExt;
//! use std::sync::atomic::{AtomicU32, Ordering};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), BoxError> {
//! static CALLS: AtomicU32 = AtomicU32::new(0);
//! let server = tower::service_fn(|_: Request<Body>| async {
//!     let number = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
//!     let response = Response::builder().header("cache-control", "max-age=60");
//!     response.body(Body::from(format!("answer {number}")))
//! });
//! let service = ServiceBuilder::new().layer(CacheLayer::private()).service(server);
//!
//! for _ in 0..3 {
//!     let request = Request::get("https://api.example.com/users/42").body(Body::empty())?;
//!     let response = service.clone().oneshot(request).await?;
//!     assert_eq!(response.into_body().collect().await?.to_bytes(), "answer 1");
//! }
//! # Ok(()) }
//! ```
//!
//! An API that sends no caching fields is cached where that is asked for: by a request's
//! [`Override`], by a [route](CacheLayer::route), or by the layer's [defaults](CacheLayer::defaults).
//!
//! # What is stored, and for whom
//!
//! | | [private](CacheLayer::private) | [shared](CacheLayer::shared) |
//! | --- | --- | --- |
//! | key | URI, [`Partition`](buttress_kernel::Partition), and a digest of `Authorization` | URI and `Partition` |
//! | a request with `Authorization` | is stored for that user | is stored only where the response allows it (RFC 9111 §3.5) |
//! | `private` | is stored | is not |
//! | `s-maxage`, `proxy-revalidate`, `CDN-Cache-Control` | mean nothing | are obeyed |
//!
//! Whatever the status, a response is stored if it says how long it is fresh, or has something to
//! validate it by, and nothing forbids it. It answers GET and HEAD, whole or in part, and a caller's
//! own conditions with 304. An unsafe request that succeeds makes what is stored under its URI out of
//! date, in its own partition with its own credentials and without any, and for anyone; and what is being fetched
//! under it meanwhile is not stored; what others see by their credentials is a cache of their own.
//! What the origin answers with another response when it is asked about it is forgotten, even if the
//! new one cannot be kept. A request with content is neither answered from the store nor stored: a
//! body counts as content unless it [says](http_body::Body::is_end_stream) that it is none.
//!
//! A response's age counts from when the layer sent its request on: time spent waiting in layers below
//! makes it older than it is, and never younger.
//!
//! Cookies of a response go to others only where the origin says how long the response is for all of
//! them, by a lifetime or by `public`
//! ([RFC 9111 §7.3](https://www.rfc-editor.org/rfc/rfc9111#section-7.3)); those of a 304, which are
//! for the one who asked, only in place of such cookies. A private cache keeps its user's.
//!
//! A private cache takes a partition, and requests without one, for one user. Requests that are passed on for
//! others who have not said who they are carry [`Partition::anyone`](buttress_kernel::Partition::anyone) instead: they
//! share what the rules for shared caches let them, in a place of its own, and cookies only where the response says
//! `public` or `s-maxage`.
//!
//! # How bodies flow
//!
//! A body streams to its caller while it is stored. One that breaks off, or is not as long as it
//! announced, is never stored as whole; where the rest can be asked for later, the part is kept. One
//! that is longer than [`max_entry`](CacheLayer::max_entry) passes unstored. When its caller goes, the
//! rest is not fetched, unless others read along.
//!
//! # One fetch for all
//!
//! Of the requests that miss at the same time, one leads, and the others wait for the head of its
//! response:
//!
//! | what becomes of the leader's fetch | those who wait |
//! | --- | --- |
//! | a response that each may be given | read its body, from the start, as it comes |
//! | a variant that answers other requests | share a fetch of their own |
//! | 304 | are answered from the store, where it may be used now without asking |
//! | a response that nobody may use without asking | ask by themselves, all at once; for 10 s nobody waits for this key |
//! | a response for one request alone | ask by themselves, all at once; for 10 s nobody waits for this key |
//! | an error | are given a stale response, where that is allowed, or the same error ([`FetchFailed`]) |
//! | a status that speaks of one request or of a bad moment: 400, 401, 408, 429, any 5xx and their kin | are given a stale response, where that is allowed; else one of them takes the lead |
//! | an error of its own: a faulty request, its own deadline, or any if it carries more or fewer extensions than they | one of them takes the lead |
//! | its caller goes | one of them takes the lead; in the middle of the body, they read on |
//! | nothing comes of the body for 5 s | those who read it read on; whoever comes later leads a fetch anew |
//!
//! Who has waited for two failures asks by itself: a response that nobody may store answers no other request
//! ([RFC 9111 §4](https://www.rfc-editor.org/rfc/rfc9111#section-4)), so each of those who wait needs one of its
//! own, and one after the other would be late. Where one failure is meant to do for all, say so by
//! [`negative_for`](Override::negative_for), for a second perhaps, and it is stored; to spread such a crowd is the
//! work of a limit of concurrency or a circuit breaker below this layer.
//!
//! Extensions count because other layers are told by them what one request wants: a time limit of its own, or no
//! retries. Those that this layer or all layers know the meaning of (`Override`, `Deadline`, `Partition`, `Explain`, `Background`) do not.
//!
//! At most `max_entry` bytes of a shared body are held, and [`max_bytes`](CacheLayer::max_bytes) of
//! all bodies under way. Once a body is longer than that, nobody can join any more: whoever comes then leads
//! another fetch, which others join. And a reader who is further behind the others than that loses it, with an
//! error ([`FetchFailed`]), even before his first byte: nobody waits for one who has stopped reading. Where there is no room for another body, those that have not grown for
//! 5 s make it: they are not stored, and a reader who is behind the others loses them.
//!
//! A body that goes into its store [in pieces](store#long-bodies) can be
//! joined for its first 4 MiB; behind that, as much of it is held as its readers are apart. A reader who has fallen
//! behind so far that the bytes which he needs are gone goes on from the store, as soon as all of the body is there.
//! Where it does not get there, he loses it.
//!
//! # Stores
//!
//! Responses are kept in memory, unless the layer is given another [store]: a folder (feature `disk`)
//! that a later process finds again, Redis (feature `redis`) that several processes share, or one of
//! your own. [What each promises](store#which-one) about durability, sharing and failure stands there.
//! A store that fails or stalls is a miss and an event. One that fails in the middle of a long body is an event,
//! and the rest comes from the origin: the caller's request is sent, with all it carries, for the missing bytes
//! of the response with that very entity tag (`Range` and `If-Range`). The body ends with the store's error, as
//! from an origin that breaks off, only where the origin answers with anything else, the response has no strong
//! tag, or its caller wants nothing forwarded or has [given up](buttress_kernel::Deadline).
//!
//! A private cache keeps users apart by a keyed digest of their `Authorization`. The key is random, and
//! so another one in each process: what was stored for requests with credentials is not found again by
//! a later process, or another one, unless both are given the same `CacheLayer::partition_secret`.
//!
//! # How it differs
//!
//! - From a memoizing layer, which keeps what a key gave: HTTP says how long a response may be used,
//!   for whom, and how to ask whether it is still right.
//! - From other caches for tower: bodies are never buffered before they are passed on, the service
//!   that was ready is the one that is called, a hit costs the same for any size, variants are kept
//!   side by side, and `stale-while-revalidate` happens in the background.
//!
//! # In the background
//!
//! What may be served stale while it is validated (RFC 5861) is validated in a task of its own, with
//! a [limit](CacheLayer::revalidation_timeout) of its own. That, and a store that answers later, need
//! a tokio runtime; without one the response is served all the same, and validated later.
//!
//! The request for that is the caller's: his fields but for conditions, and all extensions but `Override`,
//! `Deadline`, `Explain` and `Attempt`, since a layer below may be told by one of them whose credentials to
//! add. It has a [`Background`](buttress_kernel::Background) beside them, which tells the layers of this family
//! to leave aside what he wished of his own call: a time limit that is shorter than theirs, no retries, a
//! priority. A layer of your own that finds such wishes in extensions reads them by `Background::wish`.
//!
//! # What it tells
//!
//! | event | level | fields |
//! | --- | --- | --- |
//! | `hit` | debug | `key`, `age_s`, `ttl_s` |
//! | `forwarded` | debug | `key`, `reason` |
//! | `collapsed` | debug | `key` |
//! | `refused` | debug | `key` |
//! | `stored` | debug | `key`, `bytes` |
//! | `not stored` | debug | `key`, `reason` |
//! | `invalidated` | debug | `key`, `responses` |
//! | `invalidated by hand` | debug | `what`, `responses` |
//! | `revalidating` | debug | `key` |
//! | `not revalidated` | warn | `key`, `reason` |
//! | `stale: the origin failed` | warn | `key`, `age_s`, `status` |
//! | `the store failed` | warn | `operation`, `error` |
//! | `resumed at the origin` | debug | `key`, `bytes` |
//! | `not resumed` | warn | `key`, `reason` |
//! | `the store could not be opened: memory is used` | warn | `error` |
//! | `the store has no bound: set maxmemory and an eviction policy` | warn | `address` |
//! | `the store was searched` | debug | `keys`, `bytes`, `removed` |
//! | `asked too often: is there a loop?` | error | `key`, `times`, `window_ms` |
//!
//! Keys are told without their query. With the feature `metrics`: the counters
//! `buttress.cache.requests` (by `result`), `.stored`, `.not_stored` (by `reason`), `.invalidated`,
//! `.revalidations` and `.resumptions` (by `end`), `.store_failures` (by `operation`) and
//! `.asked_too_often`, and the histogram `.entry_bytes`. A response says what was done in a [`Cache-Status`](CacheLayer::name)
//! field or a [`CacheStatus`] where that is asked for.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod again;
mod archived;
mod asked;
pub mod body;
mod error;
mod fetch;
mod flight;
pub mod future;
mod handle;
mod joined;
mod journal;
mod keep;
mod kept;
mod layer;
mod lean;
mod now;
mod outdated;
mod overrides;
mod past;
mod pieces;
mod policy;
mod recent;
mod refresh;
mod resumed;
#[cfg(feature = "persistent")]
mod secret;
mod seek;
mod serve;
mod service;
mod settings;
mod shared;
mod status;
mod step;
pub mod store;
mod stream;
mod sync;
mod telemetry;
mod trail;
mod unsettled;
mod wakers;

pub use self::error::{FetchFailed, InvalidSettings, Unmatched};
pub use self::handle::{Change, Changes, Handle, Optimistic};
pub use self::layer::CacheLayer;
pub use self::overrides::{Override, Target};
pub use self::policy::Mode;
pub use self::service::Cache;
pub use self::status::CacheStatus;
