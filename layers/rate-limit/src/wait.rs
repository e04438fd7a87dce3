//! The wait of one request, and its place in the queue.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Explain, Key};
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};
use tower_service::Service;

use crate::clock::Nanos;
use crate::error::{Failed, Reason, Refusal};
use crate::lane::Lane;
use crate::line::Turn;
use crate::queue::Place;
use crate::shared::{Shared, note};
use crate::telemetry;

pin_project! {
    /// Waits for tokens, then for the service, then calls it.
    pub(crate) struct Hold<S, Req> {
        service: S,
        request: Option<Req>,
        #[pin]
        sleep: Sleep,
        wait: Option<Wait>,
    }
}

impl<S, Req> Hold<S, Req> {
    /// `service` need not be ready, and has no place of the inner service while it waits.
    pub(crate) fn new(service: S, request: Req, wait: Wait) -> Self {
        let until = wait.shared.instant(wait.until);
        Self {
            service,
            request: Some(request),
            sleep: time::sleep_until(until.into()),
            wait: Some(wait),
        }
    }
}

impl<S, Req> Hold<S, Req>
where
    S: Service<Req>,
{
    /// The call's own future, once it has begun.
    ///
    /// # Panics
    ///
    /// When polled again after that.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Future, Failed<S::Error>>> {
        let mut this = self.project();
        if let Some(wait) = this.wait.as_mut() {
            ready!(wait.poll(this.sleep.as_mut(), cx)).map_err(Failed::Refused)?;
        }
        if let Err(error) = ready!(this.service.poll_ready(cx)) {
            *this.wait = None;
            return Poll::Ready(Err(Failed::Inner(error)));
        }
        if let Some(wait) = this.wait.take() {
            wait.spend();
        }
        let request = this.request.take().expect("polled after it was over");
        Poll::Ready(Ok(this.service.call(request)))
    }
}

/// A place in a lane's queue, and then what was served there; dropped unspent, it is given back.
pub(crate) struct Wait {
    pub(crate) shared: Arc<Shared>,
    pub(crate) lane: Arc<Lane>,
    pub(crate) key: Key,
    pub(crate) place: Place,
    pub(crate) cost: u32,
    pub(crate) arrived: Nanos,
    /// When to ask again.
    pub(crate) until: Nanos,
    /// When to give up, and why.
    pub(crate) limit: (Nanos, Reason),
    pub(crate) explain: Option<Explain>,
    pub(crate) state: State,
}

/// How far a wait has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Queued,
    /// It has the tokens, and has not used them yet.
    Served,
    /// There is nothing to give back.
    Over,
}

impl Wait {
    fn poll(
        &mut self,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Box<Refusal>>> {
        while self.state == State::Queued {
            let now = self.shared.now();
            let times = (self.until, self.limit.0);
            match self.lane.turn(self.place, now, times, cx.waker()) {
                Turn::Go => self.served(now),
                Turn::Late { retry_at } => return Poll::Ready(Err(self.give_up(now, retry_at))),
                Turn::Wait { until } => {
                    self.until = until;
                    let next = self.shared.instant(until.min(self.limit.0)).into();
                    if sleep.deadline() != next {
                        sleep.as_mut().reset(next);
                    }
                    ready!(sleep.as_mut().poll(cx));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn served(&mut self, now: Nanos) {
        self.state = State::Served;
        let (came, now) = (self.shared.instant(self.arrived), self.shared.instant(now));
        let waited = now.saturating_duration_since(came);
        telemetry::released(self.key.as_str(), waited);
        note(self.explain.as_ref(), came, now, || {
            format!("waited {waited:?}")
        });
    }

    fn give_up(&mut self, now: Nanos, retry_at: Nanos) -> Box<Refusal> {
        self.state = State::Over;
        let why = (retry_at, self.limit.1);
        self.shared
            .refuse(&self.key, now, why, self.explain.as_ref())
    }

    /// The tokens are used.
    fn spend(mut self) {
        self.state = State::Over;
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if self.state != State::Over {
            let now = self.shared.now();
            self.lane.leave(self.place, self.cost, now);
        }
    }
}
