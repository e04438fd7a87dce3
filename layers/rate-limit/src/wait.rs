//! The wait of one request: its place in the queue, and the store's word.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::{Explain, Key, Readable};
use tokio::time::Sleep;

use crate::backing::{Asking, Purchase, Receipt};
use crate::clock::{Nanos, nanos};
use crate::error::{Reason, Refusal};
use crate::lane::Lane;
use crate::line::Turn;
use crate::queue::Place;
use crate::rate::Rate;
use crate::rules::Ask;
use crate::shared::{Shared, note};
use crate::store::Verdict;
use crate::telemetry;

/// A store that names a longer time than its bucket takes to fill is asked again after so long.
const LONGEST: Duration = Duration::from_secs(60);

/// A place in a lane's queue, and then what was served there; dropped unspent, it is given back.
pub(crate) struct Wait {
    pub(crate) shared: Arc<Shared>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) key: Key,
    pub(crate) place: Place,
    pub(crate) ask: Ask,
    pub(crate) arrived: Nanos,
    /// When to look again.
    pub(crate) until: Nanos,
    pub(crate) has_waited: bool,
    pub(crate) explain: Option<Explain>,
    pub(crate) state: State,
}

/// How far a wait has come.
pub(crate) enum State {
    Queued,
    /// It has the tokens of this process. A store, if there is one, does not know yet.
    Paid,
    Asking(Asking),
    /// It may go, and has not yet.
    Served(Option<Receipt>),
    /// There is nothing to give back.
    Over,
}

impl Wait {
    pub(crate) fn poll(
        &mut self,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Box<Refusal>>> {
        loop {
            match &mut self.state {
                State::Queued => ready!(self.queue(sleep.as_mut(), cx))?,
                State::Paid => self.share(),
                State::Asking(asking) => {
                    let verdict = ready!(asking.poll(cx));
                    self.hear(verdict)?;
                }
                State::Served(_) | State::Over => return Poll::Ready(Ok(())),
            }
        }
    }

    /// One look at the queue.
    fn queue(
        &mut self,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Box<Refusal>>> {
        let now = self.shared.now();
        let (limit, reason) = self.ask.limit(self.arrived);
        let times = (self.until, limit);
        match self.lane.turn(self.place, now, times, cx.waker()) {
            Turn::Go => self.state = State::Paid,
            Turn::Late { retry_at } => {
                return Poll::Ready(Err(self.give_up(now, (retry_at, reason))));
            }
            Turn::Wait { until } => {
                self.until = until;
                let next = self.shared.instant(until.min(limit)).into();
                if sleep.deadline() != next {
                    sleep.as_mut().reset(next);
                }
                ready!(sleep.poll(cx));
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Asks the store, if there is one.
    fn share(&mut self) {
        let settings = &self.shared.settings;
        let Some(store) = &settings.store else {
            return self.serve(None);
        };
        let what = Purchase {
            key: self.shared.table.name(&self.lane, &self.key),
            cost: self.ask.cost,
            rate: Rate::of(self.lane.pace()),
        };
        match store.ask(what, settings.trust) {
            Some(asking) => self.state = State::Asking(asking),
            None => self.go_alone(),
        }
    }

    /// The store has answered, or cannot say.
    fn hear(&mut self, verdict: Option<Verdict>) -> Result<(), Box<Refusal>> {
        let State::Asking(asking) = mem::replace(&mut self.state, State::Over) else {
            return Ok(());
        };
        // When it looked is not known. Counted from then on the way back is not waited for twice, and
        // nothing is held back that is there.
        let asked = self.shared.table.clock.nanos(asking.asked);
        match verdict {
            Some(Verdict::RetryIn(wait)) => return self.defer(asked, wait),
            Some(Verdict::Granted { remaining }) => {
                self.lane.cap(asked, remaining.into());
                self.serve(Some(asking.receipt));
            }
            None => self.go_alone(),
        }
        Ok(())
    }

    /// The store has not enough: back to the queue, if that is worth it.
    fn defer(&mut self, asked: Nanos, wait: Duration) -> Result<(), Box<Refusal>> {
        let shared = &self.shared;
        let now = shared.now();
        // Whatever a store says, it is asked again in the end.
        let longest = self.lane.pace().span.max(nanos(LONGEST));
        let ready = asked.saturating_add(nanos(wait).min(longest));
        let times = (self.arrived, now, ready.max(now + 1));
        let is_news = !mem::replace(&mut self.has_waited, true);
        let rules = &shared.settings.rules;
        let (answer, alarm) = self
            .lane
            .defer(self.place, times, is_news, &self.ask, rules);
        if alarm {
            shared.raise_alarm(&self.key);
        }
        let until = answer.map_err(|why| self.give_up(now, why))?;
        if is_news {
            let wait = self.shared.instant(until) - self.shared.instant(now);
            telemetry::delayed(self.key.as_str(), wait);
        }
        self.until = until;
        self.state = State::Queued;
        Ok(())
    }

    /// The tokens of this process have to do.
    fn go_alone(&mut self) {
        telemetry::unshared();
        self.serve(None);
    }

    fn serve(&mut self, receipt: Option<Receipt>) {
        let shared = &self.shared;
        let (came, now) = (shared.instant(self.arrived), shared.instant(shared.now()));
        let waited = now.saturating_duration_since(came);
        if self.has_waited {
            telemetry::released(self.key.as_str(), waited);
        }
        let alone = shared.settings.store.is_some() && receipt.is_none();
        note(self.explain.as_ref(), came, now, || {
            let alone = if alone { ", without the store" } else { "" };
            match self.has_waited {
                true => format!("waited {}{alone}", Readable(waited)),
                false => format!("granted at once{alone}"),
            }
        });
        self.state = State::Served(receipt);
    }

    fn give_up(&mut self, now: Nanos, why: (Nanos, Reason)) -> Box<Refusal> {
        self.state = State::Over;
        self.shared
            .refuse(&self.key, now, why, self.explain.as_ref())
    }

    /// The tokens are used.
    pub(crate) fn spend(mut self) {
        self.state = State::Over;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let state = mem::replace(&mut self.state, State::Over);
        if matches!(state, State::Over) {
            return;
        }
        let now = self.shared.now();
        self.lane.leave(self.place, self.ask.cost, now);
        match state {
            State::Asking(asking) => asking.give_up(),
            State::Served(Some(receipt)) => receipt.give_back(),
            _ => {}
        }
    }
}
