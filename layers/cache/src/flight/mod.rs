//! Fetches under way, and those who wait for them.
//!
//! Of the requests that miss at the same time, one leads: it asks the origin. The others wait until
//! the head of the response is known. Then each of them reads the same body, if the response is one
//! that it may be given, or else goes on by itself.

mod table;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderMap, StatusCode};

use crate::error::FetchFailed;
use crate::store::{Head, Key, Tags};
use crate::stream::Stream;
use crate::sync::{Mutex, lock};
use crate::wakers::{Wakers, wake};

pub(crate) use self::table::{Entrance, Entrant, LayerId, Left, Table};

/// What became of a fetch, for those who waited.
#[derive(Clone, Debug)]
pub(crate) enum Landing {
    /// A response that may be shared.
    Shared(Candidate),
    /// The store was brought up to date: look there again.
    Again,
    /// The response was for its request alone, so each goes by itself.
    Alone,
    /// The origin failed, and this is how: with an error, or with this status.
    Failed(Failing),
    /// Nobody leads any more, so somebody else has to.
    Left,
}

/// How the origin failed.
#[derive(Clone, Debug)]
pub(crate) enum Failing {
    /// With an error, of a request whose caller wanted so much of other layers.
    Error(FetchFailed, Extras),
    Status(StatusCode),
}

/// How many things a request carries for other layers: limits of its own, for example. What becomes of
/// it becomes of one that carries as many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extras(pub(crate) usize);

/// A response under way.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// As if the body had ended already.
    pub(crate) head: Head,
    pub(crate) stream: Arc<Stream>,
}

impl AsRef<crate::policy::Head> for Candidate {
    fn as_ref(&self) -> &crate::policy::Head {
        self.head.as_ref()
    }
}

/// One fetch.
#[derive(Debug)]
pub(crate) struct Flight {
    layer: LayerId,
    key: Key,
    tags: Option<Tags>,
    /// The fields of its request.
    asked: Arc<HeaderMap>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    landing: Option<Landing>,
    wakers: Wakers,
    /// Whether another one brings the same beside it.
    has_rivals: bool,
}

impl Flight {
    fn land(&self, landing: Landing) {
        let mut state = lock(&self.state);
        let wakers = if state.landing.is_none() {
            state.landing = Some(landing);
            state.wakers.take()
        } else {
            Vec::new()
        };
        drop(state);
        wake(wakers);
    }

    fn landing(&self) -> Option<Landing> {
        lock(&self.state).landing.clone()
    }

    /// Whether it may be of use to somebody who comes now, unless it has landed with a body that can be
    /// read from its start no more, or gives nothing.
    fn is_open(&self) -> bool {
        match self.landing() {
            Some(Landing::Shared(one)) => one.stream.is_open(),
            _ => true,
        }
    }

    fn set_has_rivals(&self) {
        lock(&self.state).has_rivals = true;
    }

    /// Whether somebody waits for it.
    fn is_awaited(&self) -> bool {
        lock(&self.state).wakers.len() > 0
    }
}

/// Waits for a flight's head.
#[derive(Debug)]
pub(crate) struct Waiting {
    flight: Arc<Flight>,
    seat: usize,
}

impl Waiting {
    fn new(flight: Arc<Flight>) -> Self {
        let seat = lock(&flight.state).wakers.sit();
        Self { flight, seat }
    }
}

impl Future for Waiting {
    type Output = Landing;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Landing> {
        let mut state = lock(&self.flight.state);
        if let Some(landing) = &state.landing {
            return Poll::Ready(landing.clone());
        }
        state.wakers.wait(self.seat, cx.waker());
        Poll::Pending
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.flight.state).wakers.leave(self.seat);
    }
}

/// The right, and the duty, to fetch for all who wait. Dropped, it passes to one of them.
#[derive(Debug)]
pub(crate) struct Leader(Seat);

impl Leader {
    /// Tells those who wait how the fetch ended; nobody can join any more.
    pub(crate) fn land(self, landing: Landing) {
        // First the way in is closed, so that whoever is told to look again does not find this.
        self.0.close();
        self.0.flight.land(landing);
    }

    /// What tells those who wait that there is something to read, and the place in the table. Others
    /// can join as long as the place is kept.
    pub(crate) fn split(self) -> (Lander, Seat) {
        (Lander(Arc::clone(&self.0.flight)), self.0)
    }

    pub(crate) fn is_awaited(&self) -> bool {
        self.0.flight.is_awaited()
    }
}

/// Tells those who wait.
#[derive(Debug)]
pub(crate) struct Lander(Arc<Flight>);

impl Lander {
    pub(crate) fn share(self, candidate: Candidate) {
        self.0.land(Landing::Shared(candidate));
    }
}

/// A flight's place in the table.
#[derive(Debug)]
pub(crate) struct Seat {
    table: Arc<Table>,
    flight: Arc<Flight>,
}

impl Seat {
    /// Tells those who wait, if they have not been told more, that the response is not for them.
    pub(crate) fn alone(self) {
        self.close();
        self.flight.land(Landing::Alone);
    }

    /// The fields of its request, if another fetch brings the same beside this.
    pub(crate) fn rivals(&self) -> Option<Arc<HeaderMap>> {
        let has_rivals = lock(&self.flight.state).has_rivals;
        has_rivals.then(|| Arc::clone(&self.flight.asked))
    }

    fn close(&self) {
        self.table.remove(&self.flight);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.close();
        self.flight.land(Landing::Left);
    }
}
