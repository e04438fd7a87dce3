//! The wait of one request, and its place in the queue.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use buttress_kernel::{BoxError, Entry, Explain, Readable};
use http::Request;
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};
use tower_service::Service;

use crate::error::Held;
use crate::listener::Listener;
use crate::places::Places;
use crate::rules::{Ask, Reason};
use crate::scope::Scope;
use crate::shared::{NAME, now};
use crate::source::Source;
use crate::state::Answer;
use crate::telemetry;

pin_project! {
    /// Waits for the release, then for the service, then calls it.
    pub(crate) struct Hold<S, B> {
        service: S,
        call: Option<(Request<B>, Listener)>,
        #[pin]
        sleep: Sleep,
        wait: Option<Wait>,
    }
}

impl<S, B> Hold<S, B> {
    /// `service` need not be ready, and has no place of the inner service while it waits.
    pub(crate) fn new(
        service: S,
        request: Request<B>,
        listener: Listener,
        wait: Wait,
        until: Instant,
    ) -> Self {
        Self {
            service,
            call: Some((request, listener)),
            sleep: time::sleep_until(until.into()),
            wait: Some(wait),
        }
    }
}

impl<S, B> Hold<S, B>
where
    S: Service<Request<B>>,
    S::Error: Into<BoxError>,
{
    /// The call's own future, once it has begun, and who waits for the response.
    ///
    /// # Panics
    ///
    /// When polled again after that.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(S::Future, Listener), BoxError>> {
        let mut this = self.project();
        if let Some(wait) = this.wait {
            ready!(wait.poll(this.sleep.as_mut(), cx))?;
            *this.wait = None;
        }
        ready!(this.service.poll_ready(cx)).map_err(Into::into)?;
        let (request, listener) = this.call.take().expect("polled after it was over");
        Poll::Ready(Ok((this.service.call(request), listener)))
    }
}

/// Places in the queues; dropped, they are given back.
pub(crate) struct Wait {
    places: Places,
    scope: Scope,
    ask: Ask,
    source: Source,
    explain: Option<Explain>,
}

impl Wait {
    pub(crate) fn new(places: Places, ask: Ask, source: Source, explain: Option<Explain>) -> Self {
        let scope = places.objector();
        Self {
            places,
            scope,
            ask,
            source,
            explain,
        }
    }

    fn poll(
        &mut self,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BoxError>> {
        loop {
            let now = now();
            match self.places.turn(now, &self.ask, cx.waker()) {
                Answer::Go => {
                    self.release(now);
                    return Poll::Ready(Ok(()));
                }
                Answer::Refuse { retry_at, reason } => {
                    let scope = self.places.objector();
                    let error = refuse(scope, now, retry_at, reason, self.explain.as_ref());
                    return Poll::Ready(Err(error));
                }
                Answer::Wait { until, .. } => {
                    let until = until.into();
                    if sleep.deadline() != until {
                        sleep.as_mut().reset(until);
                    }
                    ready!(sleep.as_mut().poll(cx));
                }
            }
        }
    }

    fn release(&self, now: Instant) {
        let waited = now.saturating_duration_since(self.ask.arrived);
        telemetry::released(&self.scope, waited);
        if let Some(explain) = &self.explain {
            let note = format!("held for {} ({})", Readable(waited), self.source);
            explain.record(Entry::new(NAME, note, self.ask.arrived, now));
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// The error of a request that cannot wait.
pub(crate) fn refuse(
    scope: Scope,
    now: Instant,
    retry_at: Instant,
    reason: Reason,
    explain: Option<&Explain>,
) -> BoxError {
    let wait = retry_at.saturating_duration_since(now);
    telemetry::rejected(&scope, wait, reason);
    if let Some(explain) = explain {
        let note = format!("rejected, {} left ({})", Readable(wait), reason.as_str());
        explain.record(Entry::new(NAME, note, now, now));
    }
    Held::new(scope, reason, retry_at, now).into()
}
