//! The token of one source, shared by all requests.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::backoff::Fall;
use super::held::Held;
use super::life::Life;
use super::rules::Rules;
use super::state::{Answer, Rejection, State};
use super::status::Status;
use super::sync::{Current, Mutex, MutexGuard};
use super::ticket::{Landed, Ticket, Waiting};

/// A fetch that is to be made, by whoever got this, and told of with [`Vault::land`].
#[must_use = "everybody waits for it"]
pub(crate) struct Start<P> {
    pub(crate) flight: u64,
    pub(crate) previous: Option<P>,
}

/// What a request does.
pub(crate) enum Asked<T, E> {
    Use(Arc<Held<T>>),
    Wait(Ticket<T, E>),
    Refused(Arc<E>),
}

/// With the fetch that has to be started, if there is one.
pub(crate) type Answered<T, P, E> = (Asked<T, E>, Option<Start<P>>);

/// `P` is the token as its source gave it.
pub(crate) struct Vault<T, P, E> {
    rules: Rules,
    current: Current<Held<T>>,
    desk: Mutex<Desk<T, P, E>>,
    changes: watch::Sender<Status>,
}

struct Desk<T, P, E> {
    state: State,
    held: Option<Arc<Held<T>>>,
    previous: Option<P>,
    waiting: Option<Waiting<T, E>>,
    /// Why the last fetch failed.
    error: Option<Arc<E>>,
    draws: fastrand::Rng,
}

impl<T, P: Clone, E> Vault<T, P, E> {
    pub(crate) fn new(rules: Rules, draws: fastrand::Rng) -> Self {
        let desk = Desk {
            state: State::default(),
            held: None,
            previous: None,
            waiting: None,
            error: None,
            draws,
        };
        Self {
            rules,
            current: Current::empty(),
            desk: Mutex::new(desk),
            changes: watch::Sender::new(Status::default()),
        }
    }

    pub(crate) const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The token at hand, whatever its age. Takes no lock.
    #[inline]
    pub(crate) fn current(&self) -> impl AsRef<Option<Arc<Held<T>>>> + use<T, P, E> {
        self.current.load()
    }

    /// The token at hand, if it may still be sent.
    pub(crate) fn usable(&self, now: Instant) -> Option<Arc<Held<T>>> {
        let desk = self.desk();
        let usable = desk.state.is_usable(now);
        desk.held.clone().filter(|_| usable)
    }

    /// Until when the token at hand may be sent, if it ends at all.
    pub(crate) fn usable_until(&self, now: Instant) -> Option<Instant> {
        let desk = self.desk();
        let life = desk.state.life().filter(|_| desk.state.is_usable(now))?;
        life.end()
    }

    /// A request needs a token.
    pub(crate) fn ask(&self, now: Instant) -> Answered<T, P, E> {
        let mut desk = self.desk();
        let answer = desk.state.ask(now);
        self.answer(&mut desk, answer)
    }

    /// A request's token was rejected; `None` when the rejection is the answer.
    pub(crate) fn reject(
        &self,
        generation: u64,
        proven: bool,
        now: Instant,
    ) -> Option<Answered<T, P, E>> {
        let mut desk = self.desk();
        let draw = desk.draws.u32(..);
        match desk
            .state
            .reject(generation, proven, now, &self.rules, draw)
        {
            Rejection::Final => None,
            Rejection::Again(answer) => Some(self.answer(&mut desk, answer)),
        }
    }

    /// A request that was sent again was rejected again.
    pub(crate) fn reject_again(&self, generation: u64, now: Instant) {
        let mut desk = self.desk();
        let draw = desk.draws.u32(..);
        desk.state.reject_again(generation, now, &self.rules, draw);
    }

    /// Somebody waits for a new token, whatever there is.
    pub(crate) fn demand(&self) -> (Ticket<T, E>, Option<Start<P>>) {
        let mut desk = self.desk();
        let begun = desk.state.demand();
        let start = begun.map(|flight| self.begin(&mut desk, flight));
        (desk.ticket(), start)
    }

    fn answer(&self, desk: &mut Desk<T, P, E>, answer: Answer) -> Answered<T, P, E> {
        // What is not to be sent is not to be found either.
        let usable = desk.state.life().is_some();
        if !usable && desk.held.take().is_some() {
            self.current.store(None);
            self.publish(desk);
        }
        let start = match answer {
            Answer::UseAndBegin(flight) | Answer::Begin(flight) => Some(self.begin(desk, flight)),
            Answer::Use | Answer::Join | Answer::Refuse => None,
        };
        let asked = match (answer, &desk.held, &desk.error) {
            (Answer::Use | Answer::UseAndBegin(_), Some(held), _) => Asked::Use(Arc::clone(held)),
            (Answer::Refuse, _, Some(error)) => Asked::Refused(Arc::clone(error)),
            _ => Asked::Wait(desk.ticket()),
        };
        (asked, start)
    }

    fn begin(&self, desk: &mut Desk<T, P, E>, flight: u64) -> Start<P> {
        desk.waiting = Some(Waiting::new(flight));
        self.publish(desk);
        Start {
            flight,
            previous: desk.previous.clone(),
        }
    }

    /// A fetch brought a token. Returns its generation, unless the fetch was superseded.
    pub(crate) fn land(
        &self,
        flight: u64,
        now: Instant,
        value: T,
        token: P,
        life: Life,
    ) -> Option<u64> {
        let mut desk = self.desk();
        let draw = desk.draws.u32(..);
        let landed = desk.state.succeed(flight, life, now, &self.rules, draw);
        let (generation, life) = landed?;
        let held = self.hold(&mut desk, generation, value, token, life);
        tell(desk, Landed::Token(held));
        Some(generation)
    }

    /// A fetch failed. Returns how many did in a row, unless the fetch was superseded.
    pub(crate) fn fail(
        &self,
        flight: u64,
        now: Instant,
        fall: Fall,
        error: impl FnOnce(Option<Instant>) -> E,
    ) -> Option<u32> {
        let mut desk = self.desk();
        let draw = desk.draws.u32(..);
        let failures = desk.state.fail(flight, now, fall, &self.rules, draw)?;
        if fall.terminal {
            desk.previous = None;
        }
        let error = Arc::new(error(desk.state.rest_until()));
        desk.error = Some(Arc::clone(&error));
        self.publish(&desk);
        tell(desk, Landed::Failed(error));
        Some(failures)
    }

    /// Puts a token in place, which supersedes a fetch under way.
    pub(crate) fn set(&self, value: T, token: P, life: Life) -> u64 {
        let mut desk = self.desk();
        let generation = desk.state.set(life);
        self.hold(&mut desk, generation, value, token, life);
        tell(desk, Landed::Superseded);
        generation
    }

    fn hold(
        &self,
        desk: &mut Desk<T, P, E>,
        generation: u64,
        value: T,
        token: P,
        life: Life,
    ) -> Arc<Held<T>> {
        let held = Arc::new(Held::new(value, generation, life));
        desk.previous = Some(token);
        desk.error = None;
        desk.held = Some(Arc::clone(&held));
        self.current.store(Some(Arc::clone(&held)));
        self.publish(desk);
        held
    }

    /// The token at hand is not sent any more; it is still known to the source.
    pub(crate) fn invalidate(&self) {
        let mut desk = self.desk();
        desk.state.invalidate();
        self.empty(&mut desk);
    }

    /// Everything is forgotten, and a fetch under way superseded.
    pub(crate) fn clear(&self) {
        let mut desk = self.desk();
        desk.state.clear();
        desk.previous = None;
        self.empty(&mut desk);
        tell(desk, Landed::Superseded);
    }

    fn empty(&self, desk: &mut Desk<T, P, E>) {
        desk.held = None;
        desk.error = None;
        self.current.store(None);
        self.publish(desk);
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Status> {
        self.changes.subscribe()
    }

    /// Under the lock, so that the last word is the last change.
    fn publish(&self, desk: &Desk<T, P, E>) {
        let status = Status::of(&desk.state);
        self.changes.send_if_modified(|told| {
            let changed = *told != status;
            *told = status;
            changed
        });
    }

    /// Nothing runs under the lock that could leave things half done, so poison says nothing.
    fn desk(&self) -> MutexGuard<'_, Desk<T, P, E>> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T, P, E> Desk<T, P, E> {
    fn ticket(&mut self) -> Ticket<T, E> {
        let flight = self.state.flight().unwrap_or(0);
        let waiting = self.waiting.get_or_insert_with(|| Waiting::new(flight));
        waiting.ticket()
    }
}

/// Tells those who wait, when the lock is free again: they are somebody else's code.
fn tell<T, P, E>(mut desk: MutexGuard<'_, Desk<T, P, E>>, landed: Landed<T, E>) {
    let waiting = desk.waiting.take();
    drop(desk);
    if let Some(waiting) = waiting {
        waiting.tell(landed);
    }
}

impl<T, P, E> fmt::Debug for Vault<T, P, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault")
            .field("rules", &self.rules)
            .field("status", &*self.changes.borrow())
            .finish_non_exhaustive()
    }
}
