//! Tokens that are fetched, kept, and replaced in time.

mod backoff;
mod builder;
mod doubt;
mod flight;
mod handle;
mod held;
mod life;
mod rules;
mod state;
mod status;
mod sync;
mod ticket;
mod vault;
mod wait;
mod watch;

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use buttress_kernel::WallClock;

use self::vault::{Asked, Vault};
use crate::error::Fallen;
use crate::source::TokenSource;
use crate::{Credential, Credentials, Token};

pub use self::builder::Builder;
pub use self::handle::Handle;
pub use self::status::Status;
pub use self::watch::Watch;

pub(crate) use self::flight::Why;
pub(crate) use self::wait::{Need, wait};

/// A token in use, as it is sent.
pub(crate) type Held = held::Held<Credential>;
pub(crate) type Ticket = ticket::Ticket<Credential, Fallen>;
pub(crate) type Landed = ticket::Landed<Credential, Fallen>;

/// Tokens from a [`TokenSource`]: fetched when they are needed, kept while they live, and replaced in
/// time. Clones share them.
///
/// - The first request fetches a token, and all that come meanwhile wait for the same one. The fetch
///   is a task of its own: no caller that goes away stops it, and [its own time
///   limit](Builder::fetch_timeout) ends it.
/// - When a fifth of a token's life is left, five minutes at most, the next request has the next one
///   fetched, and does not wait. In the last ten seconds requests do wait, until one second before the
///   end. Nothing is fetched while there are no requests.
/// - A fetch that fails is not an outage while the token at hand lives. The next one is made after a
///   pause that doubles from half a second to half a minute; until then requests that have no token
///   fail at once with the same cause, and [`retry_at`](buttress_kernel::Failure::retry_at) says
///   when that ends. No error is kept beyond it.
/// - A [terminal](crate::FetchError::terminal) error (the session has ended) forgets the session. It
///   is told to all who wait, and then for the longest pause; after that, or at once after
///   [`Handle::set`], [`Handle::invalidate`] or [`Handle::refresh`], the source is asked from the
///   beginning.
/// - A token that was rejected is replaced once, however many requests it was rejected for, and never
///   at the expense of a newer one. If the new one is rejected as well, or one replacement follows
///   another, pauses come between them that double from two seconds to half a minute, whatever other
///   endpoints accept; meanwhile the rejections are the answers. Half a minute of quiet ends that.
/// - A token that is over when it comes, or within a second, is used all the same (the clocks may
///   disagree), and the next one is fetched after the same pause as after a failure.
///
/// ```
/// use std::time::Duration;
/// use buttress_auth::{AuthLayer, Origins, Token, Tokens};
///
/// let tokens = Tokens::new(|| async {
///     // ask an identity provider
///     Token::new("2YotnFZFEjr1zCsicMWpAA").map(|token| token.expires_in(Duration::from_secs(3600)))
/// });
/// let layer = AuthLayer::new(tokens, Origins::only("https://api.example.com")?);
/// # drop(layer);
/// # Ok::<_, buttress_auth::InvalidOrigin>(())
/// ```
#[derive(Clone)]
pub struct Tokens(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    vault: Vault<Credential, Token, Fallen>,
    source: Arc<dyn flight::Fetch>,
    /// Held by whoever changes the token from outside, so that the source hears of the last change
    /// last.
    changing: Mutex<()>,
    fetch_timeout: Duration,
    /// Each request has a token of its own.
    each: bool,
    clock: Arc<dyn WallClock>,
}

impl Tokens {
    /// The tokens of this source, with the settings as they come.
    #[must_use]
    pub fn new(source: impl TokenSource) -> Self {
        Builder::new(source).finish()
    }

    /// The tokens of this source, with other settings.
    pub fn builder(source: impl TokenSource) -> Builder {
        Builder::new(source)
    }

    /// These tokens, and a credential that stays as it is, on the same request.
    #[must_use]
    pub fn and(self, fixed: Credential) -> Credentials {
        Credentials::both(self, fixed)
    }

    /// Looks at the tokens from outside, and changes them.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::new(self.clone())
    }

    /// The token at hand, if it can be sent without a thought. Takes no lock.
    #[inline]
    pub(crate) fn at_hand<R>(&self, with: impl FnOnce(&Arc<Held>) -> R) -> Option<R> {
        // A handle may have set one, but it has no say where each request has a token of its own.
        if self.0.each {
            return None;
        }
        let current = self.0.vault.current();
        let held = current.as_ref().as_ref()?;
        held.is_fresh(now).then(|| with(held))
    }

    /// The token at hand, or what has to be waited for.
    pub(crate) fn ask(&self) -> Result<Arc<Held>, Need> {
        if self.0.each {
            return Err(self.alone());
        }
        let (asked, start) = self.0.vault.ask(now());
        let why = match asked {
            Asked::Use(_) => Why::Ahead,
            Asked::Wait(_) | Asked::Refused(_) => Why::Needed,
        };
        self.launch(start, why);
        self.or_need(asked)
    }

    /// A request that was sent again was rejected again, with the token of this generation.
    pub(crate) fn reject_again(&self, generation: u64) {
        if !self.0.each {
            self.0.vault.reject_again(generation, now());
        }
    }

    /// What a request does whose token was rejected; `None` when the rejection is the answer.
    pub(crate) fn reject(&self, generation: u64, proven: bool) -> Option<Result<Arc<Held>, Need>> {
        if self.0.each {
            return Some(Err(self.alone()));
        }
        let (asked, start) = self.0.vault.reject(generation, proven, now())?;
        self.launch(start, Why::Rejected);
        Some(self.or_need(asked))
    }
}

/// The clock that durations are measured with; tests pause it.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("vault", &self.0.vault)
            .field("fetch_timeout", &self.0.fetch_timeout)
            .field("each_request", &self.0.each)
            .finish_non_exhaustive()
    }
}
