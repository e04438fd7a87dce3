//! What tests of code that uses a [`Client`](crate::Client) need: a server that is not there, and
//! recordings of one that was.
//!
//! | | for |
//! | --- | --- |
//! | [`Mock`], [`Expect`], [`Reply`] | requests that must come, and what comes back: answers, delays, faults |
//! | [`Cassette`], [`Mode`] | real exchanges in a file, recorded once and replayed ever after |
//! | [`Redaction`] | what is secret, in messages as in files |
//! | [`RecordingStore`] | what a cache asks of its store |
//! | [`response`], [`failure`], [`refusal`] | a response or an error out of nothing |
//!
//! Both stand where the transport would, below the whole stack: retries, time limits, caches and
//! circuit breakers do what they do in production, and each attempt is seen. That is the
//! difference from mocks of one's own service trait, and from a server on loopback, which needs real
//! sockets and therefore real time.
//!
//! The [guide](crate::guide::testing) shows how tests are written with it.
//!
//! ```
//! use std::time::Duration;
//! use buttress::Client;
//! use buttress::testing::{Expect, Mock, Reply};
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mock = Mock::new();
//! let client = Client::builder()
//!     .base_uri("https://api.example.com")
//!     .timeout(Duration::from_secs(5))
//!     .build_over(mock.transport())?;
//!
//! mock.expect(Expect::get("/report").reply(Reply::hang()).times(3));
//! let error = client.get("/report").send().await.unwrap_err();
//! assert!(error.is_timeout());
//! assert_eq!(error.attempts(), 3);
//!
//! // Nobody expects this one.
//! let error = client.get("/reports").no_retry().send().await.unwrap_err();
//! assert!(error.to_string().contains("nobody expected GET https://api.example.com/reports"));
//! # let mut mock = mock;
//! # mock.check().unwrap_err();
//! # Ok(())
//! # }
//! ```

mod body;
mod call;
mod cassette;
mod check;
mod expect;
mod fabricate;
mod mock;
mod redaction;
mod reply;
mod report;
mod store;
mod times;
mod transport;

pub use self::call::Call;
pub use self::cassette::{
    Cassette, CassetteError, InvalidCassette, Mode, Playback, PlaybackFuture, Unrecorded,
};
pub use self::expect::Expect;
pub use self::fabricate::{failure, refusal, response};
pub use self::mock::{Expected, Mock};
pub use self::redaction::Redaction;
pub use self::reply::Reply;
pub use self::report::{Unexpected, Unmet};
pub use self::store::{RecordingStore, StoreOperation};
pub use self::times::Times;
pub use self::transport::{MockTransport, ResponseFuture};
