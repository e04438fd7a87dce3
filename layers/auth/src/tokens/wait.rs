//! How a request waits for a token.

use std::sync::Arc;

use buttress_kernel::{Deadline, Sent};
use tokio::runtime;
use tokio::task::JoinHandle;

use super::ticket::Landed;
use super::vault::Asked;
use super::{Held, Ticket, Tokens, now};
use crate::error::{Fallen, Reason};
use crate::{Credential, Unauthenticated};

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
        match ticket.landed().await {
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
