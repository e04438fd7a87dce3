//! One fetch, in a task of its own.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::BoxError;
use tokio::runtime;

use super::backoff::Fall;
use super::life::Life;
use super::vault::Start;
use super::{Inner, Tokens, now};
use crate::error::{Fallen, Reason};
use crate::token::Lifetime;
use crate::{Credential, FetchError, Token, TokenSource, telemetry};

/// Why a fetch is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// A request has no token.
    Needed,
    /// The token at hand will end soon.
    Ahead,
    /// The token at hand was rejected.
    Rejected,
    /// Somebody asked for it.
    Demanded,
}

impl Why {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Needed => "needed",
            Self::Ahead => "ahead",
            Self::Rejected => "rejected",
            Self::Demanded => "demanded",
        }
    }
}

type Fetching = Pin<Box<dyn Future<Output = Result<Token, FetchError>> + Send>>;

/// A [`TokenSource`] without its type.
pub(super) trait Fetch: Send + Sync {
    fn fetch(self: Arc<Self>, previous: Option<Token>) -> Fetching;
    fn changed(&self, token: Option<&Token>);
}

impl<S: TokenSource> Fetch for S {
    fn fetch(self: Arc<Self>, previous: Option<Token>) -> Fetching {
        Box::pin(async move { TokenSource::fetch(&*self, previous.as_ref()).await })
    }

    fn changed(&self, token: Option<&Token>) {
        TokenSource::changed(self, token);
    }
}

impl Tokens {
    /// Makes a fetch that somebody has to make.
    pub(super) fn launch(&self, start: Option<Start<Token>>, why: Why) {
        let Some(start) = start else { return };
        telemetry::fetching(why);
        let mut landing = Landing {
            inner: Arc::clone(&self.0),
            flight: start.flight,
            asked: now(),
            over: false,
        };
        match runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(landing.fly(start.previous))),
            Err(_) => landing.fail(Lost::because(Reason::NoRuntime, None)),
        }
    }
}

impl Inner {
    /// A token of the source, within its time.
    pub(super) async fn fetch(&self, previous: Option<Token>) -> Result<Token, Lost> {
        let fetching = Arc::clone(&self.source).fetch(previous);
        match tokio::time::timeout(self.fetch_timeout, fetching).await {
            Ok(end) => end.map_err(Lost::from),
            Err(_) => Err(Lost::because(Reason::TooSlow, None)),
        }
    }

    /// This fetch brought nothing.
    pub(super) fn lose(&self, flight: u64, lost: Lost) {
        let Lost {
            reason,
            fall,
            cause,
        } = lost;
        let now = now();
        let mut rest = Duration::ZERO;
        let error = |until: Option<Instant>| {
            rest = until.map_or(rest, |until| until.saturating_duration_since(now));
            Fallen {
                retry_at: until,
                ..Fallen::new(reason, cause)
            }
        };
        if let Some(failures) = self.vault.fail(flight, now, fall, error) {
            telemetry::failed(reason, failures, rest);
        }
    }

    /// How long this token lives, which was asked for at `asked`.
    pub(super) fn life(&self, token: &Token, asked: Instant) -> Life {
        let rules = self.vault.rules();
        match token.lifetime() {
            Lifetime::Unknown => Life::of(asked, None, rules),
            Lifetime::For(life) => Life::of(asked, Some(life), rules),
            Lifetime::Until(date) => {
                let left = date.duration_since(self.clock.now()).unwrap_or_default();
                Life::of(now(), Some(left), rules)
            }
        }
    }
}

/// Why there is no token.
pub(super) struct Lost {
    pub(super) reason: Reason,
    fall: Fall,
    pub(super) cause: Option<BoxError>,
}

impl Lost {
    pub(super) fn because(reason: Reason, cause: Option<BoxError>) -> Self {
        Self {
            reason,
            fall: Fall::default(),
            cause,
        }
    }
}

impl From<FetchError> for Lost {
    fn from(error: FetchError) -> Self {
        let fall = Fall {
            terminal: error.is_terminal(),
            server_delay: error.server_delay(),
        };
        let reason = if fall.terminal {
            Reason::Ended
        } else {
            Reason::Failed
        };
        Self {
            reason,
            fall,
            cause: Some(error.into_cause()),
        }
    }
}

/// Tells how a fetch ended, however it ends: also when it panics, or is dropped with its runtime.
struct Landing {
    inner: Arc<Inner>,
    flight: u64,
    asked: Instant,
    over: bool,
}

impl Landing {
    async fn fly(mut self, previous: Option<Token>) {
        let end = self.inner.fetch(previous).await.and_then(|token| {
            let sent = token.credential();
            let sent = sent.map_err(|error| Lost::because(Reason::Failed, Some(error.into())))?;
            Ok((sent, token))
        });
        match end {
            Ok((sent, token)) => self.succeed(sent, token),
            Err(lost) => self.fail(lost),
        }
    }

    fn succeed(&mut self, sent: Credential, token: Token) {
        self.over = true;
        let now = now();
        let life = self.inner.life(&token, self.asked);
        let generation = self.inner.vault.land(self.flight, now, sent, token, life);
        if let Some(generation) = generation {
            let life = life.end().map(|end| end.saturating_duration_since(now));
            let took = now.saturating_duration_since(self.asked);
            telemetry::renewed(generation, life, took);
        }
    }

    fn fail(&mut self, lost: Lost) {
        self.over = true;
        self.inner.lose(self.flight, lost);
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if !self.over {
            let reason = if std::thread::panicking() {
                Reason::Panicked
            } else {
                Reason::NoRuntime
            };
            self.fail(Lost::because(reason, None));
        }
    }
}
