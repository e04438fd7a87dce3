//! The wait of one request, and its place in the queue.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use buttress_kernel::{BoxError, Explain, Key, Readable};
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};
use tower_service::Service;

use crate::error::Crowded;
use crate::lane::Lane;
use crate::limit::{Limit, Reason};
use crate::line::Turn;
use crate::permit::Permit;
use crate::queue::Place;
use crate::table::now;
use crate::telemetry;

pin_project! {
    /// Waits for a permit, then for the service, then calls it.
    pub(crate) struct Hold<S, Req> {
        service: S,
        request: Option<Req>,
        #[pin]
        sleep: Option<Sleep>,
        wait: Wait,
        permit: Option<Permit>,
    }
}

impl<S, Req> Hold<S, Req> {
    /// `service` need not be ready, and has no place of the inner service while it waits.
    pub(crate) fn new(service: S, request: Req, wait: Wait) -> Self {
        let at = wait.ask.limit.map(|limit| limit.at);
        Self {
            service,
            request: Some(request),
            sleep: at.map(|at| time::sleep_until(at.into())),
            wait,
            permit: None,
        }
    }
}

/// The call's own future, and its permit.
pub(crate) type Begun<F> = Result<(F, Option<Permit>), BoxError>;

impl<S, Req> Hold<S, Req>
where
    S: Service<Req>,
    S::Error: Into<BoxError>,
{
    /// The call, once it has begun.
    ///
    /// # Panics
    ///
    /// When polled again after that.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Begun<S::Future>> {
        let mut this = self.project();
        if this.permit.is_none() {
            // A cast: the conversion would put the box into another one.
            let permit = ready!(this.wait.poll(this.sleep.as_mut(), cx));
            *this.permit = Some(permit.map_err(|refusal| refusal as BoxError)?);
        }
        if let Err(error) = ready!(this.service.poll_ready(cx)) {
            *this.permit = None;
            return Poll::Ready(Err(error.into()));
        }
        let request = this.request.take().expect("polled after it was over");
        let call = this.service.call(request);
        Poll::Ready(Ok((call, this.permit.take())))
    }
}

/// Who waits, since when, and for how long.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) key: Key,
    pub(crate) came: Instant,
    pub(crate) limit: Option<Limit>,
    pub(crate) explain: Option<Explain>,
}

impl Ask {
    /// The answer to a request that cannot wait, or not any longer.
    pub(crate) fn refuse(&self, now: Instant, reason: Reason) -> Box<Crowded> {
        let waited = self.waited(now);
        telemetry::refused(self.key.as_str(), waited, reason);
        telemetry::note(self.explain.as_ref(), (self.came, now), || {
            format!("refused after {} ({})", Readable(waited), reason.as_str())
        });
        Box::new(Crowded::new(self.key.clone(), reason, waited))
    }

    fn released(&self, now: Instant) {
        let waited = self.waited(now);
        telemetry::released(self.key.as_str(), waited);
        telemetry::note(self.explain.as_ref(), (self.came, now), || {
            format!("waited {}", Readable(waited))
        });
    }

    fn waited(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.came)
    }
}

/// A place in a lane's queue; dropped before its holder knows how its wait ended, it is given up, and
/// what was served there goes to the next.
pub(crate) struct Wait {
    ask: Ask,
    lane: Arc<Lane>,
    place: Option<Place>,
}

impl Wait {
    pub(crate) const fn new(ask: Ask, lane: Arc<Lane>, place: Place) -> Self {
        let place = Some(place);
        Self { ask, lane, place }
    }

    fn poll(
        &mut self,
        mut sleep: Pin<&mut Option<Sleep>>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Permit, Box<Crowded>>> {
        loop {
            let place = self.place.expect("polled after it was over");
            let (now, limit) = (now(), self.ask.limit);
            let late = limit.filter(|limit| limit.has_passed(now));
            let turn = self.lane.turn(place, late.is_some(), cx.waker());
            if turn == Turn::Wait {
                match sleep.as_mut().as_pin_mut() {
                    Some(sleep) => ready!(sleep.poll(cx)),
                    None => return Poll::Pending,
                }
                continue;
            }
            self.place = None;
            let refusal = match (turn, late) {
                (Turn::Displaced, _) => Reason::Displaced,
                (Turn::Late, Some(limit)) => limit.reason,
                _ => {
                    let permit = Permit::granted(Arc::clone(&self.lane));
                    self.ask.released(now);
                    return Poll::Ready(Ok(permit));
                }
            };
            return Poll::Ready(Err(self.ask.refuse(now, refusal)));
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.lane.leave(place);
        }
    }
}
