use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::Uri;
use tower_layer::Layer;

use super::Redaction;

mod error;
mod exchange;
mod file;
mod mode;
mod playback;

pub use self::error::{CassetteError, InvalidCassette, Unrecorded};
use self::exchange::{Exchange, Question};
pub use self::mode::Mode;
pub use self::playback::{Playback, PlaybackFuture};

/// Real exchanges in a file, recorded once and replayed ever after, as a layer around the transport.
///
/// What is replayed must be asked as it was recorded: method, URI and body are compared, without
/// their secrets and the boundaries of forms; headers are not. Of exchanges that are alike each is replayed once, in their order,
/// so that a retry that ended well ends well again. Anything else is an error that says what was asked
/// and what there was: nothing goes out to the network by mistake.
///
/// Secrets are taken out before anything is written; see [`Redaction`]. Where a secret was, code under
/// test reads `REDACTED` (a number is 0), and that is so while recording, too, for what comes from
/// the file; what comes from the network passes as it is. So that secrets can be found, servers are asked not
/// to compress. What comes compressed all the same is not recorded, nor is a body of a kind in which nothing finds
/// secrets ([which are these](Redaction#bodies)): the call fails, and the error says what to do.
///
/// Bodies are read whole while recording, and the file is written after each exchange, with the
/// blocking calls of std: this is for tests. A call that ends in an error instead of a response is not
/// recorded.
///
/// # Example
///
/// ```no_run
/// use buttress::Client;
/// use buttress::testing::Cassette;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// // `BUTTRESS_CASSETTE=record cargo test` asks the real server.
/// let cassette = Cassette::open("tests/cassettes/users.json")?;
/// let client = Client::builder()
///     .base_uri("https://api.example.com")
///     .attempt_layer(cassette.clone())
///     .build()?;
///
/// let users: Vec<String> = client.get("/users").send().await?.json().await?;
/// assert_eq!(cassette.unused(), [""; 0]);
/// # let _ = users;
/// # Ok(())
/// # }
/// ```
///
/// # The file
///
/// JSON, made to be read and reviewed. The fields that are absent are those that are empty.
///
/// ```json
/// {
///   "version": 1,
///   "exchanges": [
///     {
///       "request": {
///         "method": "POST",
///         "uri": "https://api.example.com/users?api_key=REDACTED",
///         "headers": ["authorization: REDACTED", "content-type: application/json"],
///         "text": "{\"name\":\"Ada\"}"
///       },
///       "response": {
///         "status": 201,
///         "headers": ["content-type: image/png"],
///         "base64": "iVBORw0KGgo="
///       }
///     }
///   ]
/// }
/// ```
///
/// A body is `text` where it is UTF-8, else `base64` (RFC 4648 §4). A header's bytes beyond ASCII are
/// written as the characters of Latin 1. What a version does not know is an error and never passed
/// over; a version that changes the meaning of a field has another number.
#[derive(Clone)]
pub struct Cassette {
    shared: Arc<Shared>,
}

/// What a cassette, its clones and its services share.
struct Shared {
    path: PathBuf,
    mode: Mode,
    redaction: Redaction,
    tape: Mutex<Tape>,
}

#[derive(Clone, Debug, Default)]
struct Tape {
    exchanges: Vec<Recorded>,
}

#[derive(Clone, Debug)]
struct Recorded {
    exchange: Exchange,
    is_used: bool,
}

impl Cassette {
    /// The recording in this file, in the mode that the environment asks for:
    /// [`Mode::from_env`].
    ///
    /// # Errors
    ///
    /// As [`with`](Self::with), and when the environment's mode is none.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, InvalidCassette> {
        Self::with(path, Mode::from_env()?, Redaction::new())
    }

    /// The recording in this file, in this mode. [`Mode::Record`] starts afresh, and writes over what
    /// is there with its first exchange.
    ///
    /// # Errors
    ///
    /// When the file is no recording, or, in [`Mode::Replay`], is not there.
    pub fn with(
        path: impl AsRef<Path>,
        mode: Mode,
        redaction: Redaction,
    ) -> Result<Self, InvalidCassette> {
        let path = path.as_ref().to_owned();
        let exchanges = match mode {
            Mode::Record => Vec::new(),
            Mode::Replay => file::read(&path)?.ok_or_else(|| InvalidCassette::absent(&path))?,
            Mode::ReplayOrRecord => file::read(&path)?.unwrap_or_default(),
        };
        let recorded = |exchange| Recorded {
            exchange,
            is_used: false,
        };
        let exchanges = exchanges.into_iter().map(recorded).collect();
        let shared = Shared {
            path,
            mode,
            redaction,
            tape: Mutex::new(Tape { exchanges }),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The mode.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.shared.mode
    }

    /// The requests that were recorded and not replayed, as `METHOD URI`. A test that asks less than
    /// it did when it was recorded has them left.
    #[must_use]
    pub fn unused(&self) -> Vec<String> {
        let tape = self.shared.lock();
        let unused = tape.exchanges.iter().filter(|recorded| !recorded.is_used);
        unused
            .map(|recorded| recorded.exchange.question().to_string())
            .collect()
    }
}

impl<S> Layer<S> for Cassette {
    type Service = Playback<S>;

    fn layer(&self, inner: S) -> Playback<S> {
        Playback::new(inner, Arc::clone(&self.shared))
    }
}

impl fmt::Debug for Cassette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cassette")
            .field("path", &self.shared.path)
            .field("mode", &self.shared.mode)
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Tape> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The recorded answer to a question, where there is one that was not given yet.
    fn replay(&self, question: &Question) -> Option<Exchange> {
        let mut tape = self.lock();
        let mut unused = tape
            .exchanges
            .iter_mut()
            .filter(|recorded| !recorded.is_used);
        let found = unused.find(|recorded| recorded.exchange.question() == *question)?;
        found.is_used = true;
        Some(found.exchange.clone())
    }

    /// Why a question has no answer.
    fn unrecorded(&self, question: &Question, uri: &Uri) -> Unrecorded {
        let tape = self.lock();
        let known: Vec<_> = tape
            .exchanges
            .iter()
            .map(|recorded| (recorded.exchange.question(), recorded.is_used))
            .collect();
        Unrecorded::new(question, uri, &known, &self.path)
    }

    /// Keeps an exchange, and writes the file.
    fn keep(&self, exchange: Exchange) -> Result<(), CassetteError> {
        let mut tape = self.lock();
        tape.exchanges.push(Recorded {
            exchange,
            is_used: true,
        });
        let exchanges = tape.exchanges.iter().map(|recorded| &recorded.exchange);
        file::write(&self.path, exchanges)
    }
}
