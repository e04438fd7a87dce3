//! How those who wait for a fetch hear of its end.

use std::sync::Arc;

use tokio::sync::watch;

use super::held::Held;

/// How a fetch ended, for those who wait.
pub(crate) enum Landed<T, E> {
    Token(Arc<Held<T>>),
    Failed(Arc<E>),
    /// Somebody set or cleared the token meanwhile: ask again.
    Superseded,
}

impl<T, E> Clone for Landed<T, E> {
    fn clone(&self) -> Self {
        match self {
            Self::Token(held) => Self::Token(Arc::clone(held)),
            Self::Failed(error) => Self::Failed(Arc::clone(error)),
            Self::Superseded => Self::Superseded,
        }
    }
}

type Ending<T, E> = Option<Landed<T, E>>;

/// Those who wait for one fetch. Whoever drops it without a word has them ask again.
pub(super) struct Waiting<T, E> {
    flight: u64,
    end: watch::Sender<Ending<T, E>>,
}

impl<T, E> Waiting<T, E> {
    pub(super) fn new(flight: u64) -> Self {
        let end = watch::Sender::new(None);
        Self { flight, end }
    }

    pub(super) fn ticket(&self) -> Ticket<T, E> {
        Ticket {
            flight: self.flight,
            end: self.end.subscribe(),
        }
    }

    pub(super) fn tell(self, landed: Landed<T, E>) {
        self.end.send_replace(Some(landed));
    }
}

/// A place among those who wait for a fetch.
pub(crate) struct Ticket<T, E> {
    flight: u64,
    end: watch::Receiver<Ending<T, E>>,
}

impl<T, E> Ticket<T, E> {
    /// The fetch that is waited for.
    pub(crate) const fn flight(&self) -> u64 {
        self.flight
    }

    /// How the fetch ended.
    pub(crate) async fn landed(mut self) -> Landed<T, E> {
        let ending = self.end.wait_for(Option::is_some).await;
        // Whoever drops the sender has not said how it ended, so nobody knows more than before.
        ending.map_or(Landed::Superseded, |ending| {
            ending.clone().unwrap_or(Landed::Superseded)
        })
    }
}
