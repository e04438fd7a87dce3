//! What tests of layers need: a scripted server, a calendar to set, and the contract that every
//! layer must keep.
//!
//! Most bugs of tower middleware are the same few: one service is made ready and another one called,
//! a dropped future keeps a permit, a body is read whole before it is passed on, an error loses its
//! reason. They need no knowledge of what a layer is for, so one set of checks finds them in any
//! layer, and [`contract!`] runs it in one line.
//!
//! # Testing a layer of your own
//!
//! In `tests/contract.rs`:
//!
//! ```
//! //! The contract of every layer.
//!
//! use http::{HeaderValue, Request};
//! use tower::util::MapRequestLayer;
//!
//! /// Says who is calling.
//! fn agent<B>(mut request: Request<B>) -> Request<B> {
//!     let name = HeaderValue::from_static("example/1.0");
//!     request.headers_mut().insert("user-agent", name);
//!     request
//! }
//!
//! buttress_testkit::contract!(|| MapRequestLayer::new(agent));
//! # fn main() {}
//! ```
//!
//! One test for each promise comes out; the module [`contract`](mod@contract) lists them, and says
//! what it cannot check. What the layer is for is tested with a [`Scripted`] server:
//!
//! ```
//! use std::time::Duration;
//! use buttress_testkit::{Scripted, Step};
//! use tower::{ServiceBuilder, ServiceExt};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let server = Scripted::new([Step::ok().after(Duration::from_secs(20)), Step::ok()]);
//! let client = ServiceBuilder::new()
//!     .timeout(Duration::from_secs(5))
//!     .service(server.clone());
//!
//! let request = || http::Request::get("http://example.com/").body(()).unwrap();
//! assert!(client.clone().oneshot(request()).await.is_err());
//! assert!(client.oneshot(request()).await.is_ok());
//! assert_eq!(server.dropped(), 1, "a timeout ends the call");
//!
//! let calls = server.calls();
//! assert_eq!(calls[1].at - calls[0].at, Duration::from_secs(5));
//! # }
//! ```
//!
//! # Differences from tower-test
//!
//! tower-test's mock is ready without end until it is told otherwise and is answered by hand from a
//! second task. [`Scripted`] insists on readiness, answers by itself, counts what is under way, and
//! knows HTTP bodies.
//!
//! | part | for |
//! | --- | --- |
//! | [`Scripted`], [`Step`], [`Call`] | a server that follows a script and keeps a record |
//! | [`channel`] | a body whose frames come when the test says so |
//! | [`ManualWallClock`] | dates |
//! | [`Events`], [`Metrics`] | what a layer tells its operators |
//! | [`rng`] | random numbers that are the same in every run |
//! | [`contract!`] | what every layer promises |
//! | [`peer`] | real servers on this machine |

mod awake;
mod channel;
pub mod contract;
mod events;
mod metrics;
pub mod peer;
mod rng;
pub mod scripted;
mod wall_clock;

pub use self::awake::listen;
pub use self::channel::{FrameSender, channel};
pub use self::events::Events;
pub use self::metrics::Metrics;
pub use self::rng::rng;
pub use self::scripted::{Call, Collecting, Scripted, Step};
pub use self::wall_clock::ManualWallClock;
