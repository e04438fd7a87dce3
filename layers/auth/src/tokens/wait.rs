//! How a request waits for a token.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Deadline, Sent};
use tokio::runtime;
use tokio::task::JoinHandle;
use tokio::time::{timeout, timeout_at};

use super::flight::Lost;
use super::vault::Asked;
use super::{Held, Landed, Ticket, Tokens, now};
use crate::error::{Fallen, Reason};
use crate::{Credential, Unauthenticated};

/// How long before its end a token sets out for the server, at the latest.
const TRAVEL: Duration = Duration::from_secs(1);

/// How much longer than its limit a fetch may take to say that it was too slow.
const GRACE: Duration = Duration::from_secs(1);

/// What a request without a token waits for.
pub(crate) struct Need {
    tokens: Tokens,
    what: What,
}

enum What {
    /// A fetch for all.
    Fetch(Ticket),
    /// A fetch for this request alone.
    Alone,
    /// Nothing: the source is being left alone after this.
    Refused(Arc<Fallen>),
}

impl Tokens {
    pub(super) fn alone(&self) -> Need {
        self.need(What::Alone)
    }

    pub(super) fn or_need(&self, asked: Asked<Credential, Fallen>) -> Result<Arc<Held>, Need> {
        match asked {
            Asked::Use(held) => Ok(held),
            Asked::Wait(ticket) => Err(self.need(What::Fetch(ticket))),
            Asked::Refused(fallen) => Err(self.need(What::Refused(fallen))),
        }
    }

    fn need(&self, what: What) -> Need {
        let tokens = self.clone();
        Need { tokens, what }
    }
}

/// Waits for a token until the deadline. `sent` is whether the request has been sent already.
///
/// # Cancellation
///
/// A fetch for all goes on; one for this request alone is dropped.
pub(crate) async fn wait(
    need: Need,
    deadline: Option<Deadline>,
    sent: Sent,
) -> Result<Arc<Held>, Unauthenticated> {
    let end = match deadline {
        None => token(need).await,
        Some(deadline) => {
            let until = deadline.instant().into();
            match tokio::time::timeout_at(until, token(need)).await {
                Ok(end) => end,
                Err(_) => return Err(Unauthenticated::new(Reason::Deadline, sent)),
            }
        }
    };
    end.map_err(|fallen| Unauthenticated::told(&fallen, sent))
}

async fn token(mut need: Need) -> Result<Arc<Held>, Arc<Fallen>> {
    loop {
        let tokens = need.tokens;
        let ticket = match need.what {
            What::Fetch(ticket) => ticket,
            What::Alone => return alone(&tokens).await.map_err(Arc::new),
            What::Refused(fallen) => return Err(fallen),
        };
        match tokens.landed(ticket).await {
            Landed::Token(held) => return Ok(held),
            // Who waited because the end is near goes with what there is.
            Landed::Failed(fallen) => return tokens.0.vault.usable(now()).ok_or(fallen),
            Landed::Superseded => match tokens.ask() {
                Ok(held) => return Ok(held),
                Err(other) => need = other,
            },
        }
    }
}

impl Tokens {
    /// How a fetch ended, for a request: one that could go with the token at hand waits until shortly
    /// before its end.
    async fn landed(&self, ticket: Ticket) -> Landed {
        let flight = ticket.flight();
        let mut landed = pin!(ticket.landed());
        if let Some(until) = self.last_call().filter(|_| has_timers()) {
            if let Ok(end) = timeout_at(until.into(), &mut landed).await {
                return end;
            }
            if let Some(held) = self.0.vault.usable(now()) {
                return Landed::Token(held);
            }
        }
        self.ended(flight, landed).await
    }

    /// How this fetch ended, which is told by `landed`. Its task has a time limit of its own, but it may
    /// stand in a runtime that nobody drives any more, so those who wait have one, too.
    pub(super) async fn ended(
        &self,
        flight: u64,
        mut landed: Pin<&mut impl Future<Output = Landed>>,
    ) -> Landed {
        if !has_timers() {
            return landed.await;
        }
        let limit = self.0.fetch_timeout.saturating_add(GRACE);
        if let Ok(end) = timeout(limit, &mut landed).await {
            return end;
        }
        self.0.lose(flight, Lost::because(Reason::TooSlow, None));
        landed.await
    }

    /// Until when a request can wait that could go with the token at hand.
    fn last_call(&self) -> Option<Instant> {
        let now = now();
        let until = self.0.vault.usable_until(now)?.checked_sub(TRAVEL)?;
        (now < until).then_some(until)
    }
}

/// Without a runtime nothing can be timed, and a fetch has failed before it began.
fn has_timers() -> bool {
    runtime::Handle::try_current().is_ok()
}

/// A token for one request. In a task of its own, so that a panic harms nobody.
async fn alone(tokens: &Tokens) -> Result<Arc<Held>, Fallen> {
    let lost = |reason| Fallen::new(reason, None);
    let runtime = runtime::Handle::try_current().map_err(|_| lost(Reason::NoRuntime))?;
    let inner = Arc::clone(&tokens.0);
    let mut task = Aborting(runtime.spawn(async move { inner.fetch(None).await }));
    let end = (&mut task.0).await.map_err(|error| {
        lost(if error.is_panic() {
            Reason::Panicked
        } else {
            Reason::NoRuntime
        })
    })?;
    let token = end.map_err(|end| Fallen::new(end.reason, end.cause))?;
    let sent = token.credential();
    let sent = sent.map_err(|error| Fallen::new(Reason::Failed, Some(error.into())))?;
    Ok(Arc::new(Held::alone(sent)))
}

/// Nobody else waits for it.
struct Aborting<T>(JoinHandle<T>);

impl<T> Drop for Aborting<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}
