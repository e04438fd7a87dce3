use std::error::Error;
use std::io;
use std::iter;
use std::time::Instant;

use crate::{Facts, Kind, Sent};

/// What an error means, whichever layer it came from.
///
/// A view on any error: it walks the source chain from the outside in and answers each question
/// with the first link that knows, so an outer layer can say more (retry: how many attempts) without
/// hiding what an inner one knew (the transport: whether anything was sent).
///
/// # Example
///
/// ```
/// use buttress_kernel::{Failure, Kind, Sent, TransportError};
///
/// let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
/// let error = TransportError::connect(refused);
///
/// let failure = Failure::of(&error);
/// assert_eq!(failure.kind(), Kind::Connect);
/// assert_eq!(failure.sent(), Sent::No);
/// assert_eq!(failure.attempts(), 1);
/// assert!(failure.find::<std::io::Error>().is_some());
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Failure<'a>(&'a (dyn Error + 'static));

impl<'a> Failure<'a> {
    /// The view on `error`. For a [`BoxError`](crate::BoxError), pass `&*error`.
    #[must_use]
    pub fn of(error: &'a (dyn Error + 'static)) -> Self {
        Self(error)
    }

    /// What sort of thing went wrong; [`Kind::Other`] for an error that says nothing.
    #[must_use]
    pub fn kind(self) -> Kind {
        self.ask(Facts::kind_fact).unwrap_or(Kind::Other)
    }

    /// Whether the request can have reached the server; [`Sent::Maybe`] when nobody knows, since
    /// that is the answer that cannot cause harm.
    #[must_use]
    pub fn sent(self) -> Sent {
        self.ask(Facts::sent_fact).unwrap_or(Sent::Maybe)
    }

    /// The instant before which trying again is pointless, if there is one.
    #[must_use]
    pub fn retry_at(self) -> Option<Instant> {
        self.ask(Facts::retry_at_fact)
    }

    /// How many attempts were made; 1 unless a layer counted more.
    #[must_use]
    pub fn attempts(self) -> u32 {
        self.ask(Facts::attempts_fact).unwrap_or(1)
    }

    /// The first link of the chain that is a `T`.
    #[must_use]
    pub fn find<T: Error + 'static>(self) -> Option<&'a T> {
        self.chain().find_map(|link| link.downcast_ref())
    }

    /// The error and its sources, from the outside in. What an [`io::Error`] was made from is a link
    /// as well, and so is what an error has [told](Facts::told), although their `source()` passes over it.
    pub fn chain(self) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
        iter::successors(Some(self.0), |link| behind(*link))
    }

    pub(crate) fn ask<T>(self, question: impl Fn(&Facts) -> Option<T>) -> Option<T> {
        self.chain()
            .filter_map(|link| link.downcast_ref::<Facts>())
            .find_map(question)
    }
}

fn behind<'a>(link: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let told = || link.downcast_ref().and_then(Facts::behind);
    let held = link
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    held.or_else(told)
        .map(|held| held as &(dyn Error + 'static))
        .or_else(|| link.source())
}
