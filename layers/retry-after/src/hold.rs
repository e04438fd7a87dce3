//! The wait of one request, and its place in the queue.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use buttress_kernel::{BoxError, Entry, Explain, Key, Readable};
use http::Request;
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};
use tower_service::Service;

use crate::error::Held;
use crate::listener::Listener;
use crate::rules::{Ask, Reason};
use crate::shared::{NAME, Shared, now};
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

/// A place in a key's queue; dropped, it is given back.
pub(crate) struct Wait {
    shared: Arc<Shared>,
    key: Key,
    ticket: u64,
    ask: Ask,
    source: Source,
    explain: Option<Explain>,
    over: bool,
}

impl Wait {
    pub(crate) fn new(
        shared: Arc<Shared>,
        key: Key,
        ticket: u64,
        ask: Ask,
        source: Source,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            shared,
            key,
            ticket,
            ask,
            source,
            explain,
            over: false,
        }
    }

    fn poll(
        &mut self,
        mut sleep: Pin<&mut Sleep>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), BoxError>> {
        loop {
            let now = now();
            match self.ask(now, cx.waker()) {
                Answer::Go => {
                    self.release(now);
                    return Poll::Ready(Ok(()));
                }
                Answer::Refuse { retry_at, reason } => {
                    self.over = true;
                    let error = refuse(&self.key, now, retry_at, reason, self.explain.as_ref());
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

    fn ask(&self, now: Instant, waker: &Waker) -> Answer {
        let rules = &self.shared.settings.rules;
        let place = (self.key.as_str(), self.ticket);
        self.shared.gate.turn(place, now, &self.ask, rules, waker)
    }

    fn release(&mut self, now: Instant) {
        self.over = true;
        let waited = now.saturating_duration_since(self.ask.arrived);
        telemetry::released(self.key.as_str(), waited);
        if let Some(explain) = &self.explain {
            let note = format!("held for {} ({})", Readable(waited), self.source);
            explain.record(Entry::new(NAME, note, self.ask.arrived, now));
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.over {
            self.shared.gate.leave(self.key.as_str(), self.ticket);
        }
    }
}

impl fmt::Debug for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// The error of a request that cannot wait.
pub(crate) fn refuse(
    key: &Key,
    now: Instant,
    retry_at: Instant,
    reason: Reason,
    explain: Option<&Explain>,
) -> BoxError {
    let wait = retry_at.saturating_duration_since(now);
    telemetry::rejected(key.as_str(), wait, reason);
    if let Some(explain) = explain {
        let note = format!("rejected, {} left ({})", Readable(wait), reason.as_str());
        explain.record(Entry::new(NAME, note, now, now));
    }
    Held::new(key.clone(), reason, retry_at, now).into()
}
