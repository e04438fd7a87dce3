//! The words that Buttress's layers share.
//!
//! A layer knows no other layer. What one layer learns and another needs (a server's wish to
//! wait, the instant by which all must be over, whether a request can have reached the server)
//! is said in the types of this crate, most of them carried in [`http::Extensions`].
//!
//! There is no I/O here, no runtime and no policy: nothing waits or decides. Functions that need the
//! time take it as an argument; [`SystemWallClock`] alone reads a clock.
//!
//! | question | word |
//! | --- | --- |
//! | what did the end of this attempt mean? | [`Outcome`], found by [`Classify`] |
//! | can the server have seen the request? | [`Sent`] |
//! | how long does the server want us to wait? | [`Delay`] |
//! | how much of our allowance is left? | [`Quota`] |
//! | when must everything be over? | [`Deadline`] |
//! | which attempt is this, and why? | [`Attempt`], [`Cause`] |
//! | does anybody wait for it? | [`Background`] |
//! | can this request be sent twice? | [`Replay`], [`Body`], [`Head`] |
//! | whose credentials does it carry? | [`Partition`] |
//! | which limit, circuit or hold does it belong to? | [`KeyExtractor`](key::KeyExtractor) |
//! | what does this error mean? | [`Failure`], fed by [`Facts`] |
//! | what did every layer decide? | [`Explain`], [`Trail`] |
//! | how long is that, in words? | [`Readable`] |
//!
//! # Example
//!
//! ```
//! use std::time::{Duration, SystemTime};
//! use buttress_kernel::{Classify, Delay, HttpClassify, Outcome};
//!
//! let response = http::Response::builder()
//!     .status(429)
//!     .header("retry-after", "3")
//!     .body(())?;
//!
//! assert_eq!(HttpClassify.classify(Ok(&response)), Outcome::Throttled);
//! let delay = Delay::parse(response.headers(), SystemTime::UNIX_EPOCH).unwrap();
//! assert_eq!(delay.duration(), Duration::from_secs(3));
//! # Ok::<_, http::Error>(())
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod attempt;
mod background;
pub mod body;
mod classify;
mod deadline;
mod delay;
mod explain;
mod facts;
mod failure;
mod field;
mod head;
mod idempotency;
pub mod key;
mod partition;
mod quota;
mod readable;
mod reference;
mod replay;
mod sent;
mod transport;
mod view;
mod wall_clock;

pub use self::attempt::{Attempt, Cause};
pub use self::background::Background;
pub use self::body::Body;
pub use self::classify::{Classify, HttpClassify, Outcome};
pub use self::deadline::Deadline;
pub use self::delay::{Delay, DelaySource};
pub use self::explain::{Entry, Explain, Trail};
pub use self::facts::{Facts, Kind};
pub use self::failure::Failure;
pub use self::head::Head;
pub use self::idempotency::IdempotencyHeader;
pub use self::key::Key;
pub use self::partition::{Partition, PartitionHasher};
pub use self::quota::{Policy, Quota};
pub use self::readable::Readable;
pub use self::reference::Reference;
pub use self::replay::Replay;
pub use self::sent::Sent;
pub use self::transport::TransportError;
pub use self::view::{AnyRequest, HttpRequest, RequestView};
pub use self::wall_clock::{SystemWallClock, WallClock};

/// An error of any type, as layers pass it on.
///
/// The same type as `tower::BoxError`.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
