use std::borrow::Cow;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use buttress_kernel::key::KeyExtractor;
use buttress_kernel::{
    Attempt, BoxError, Cause, Deadline, Delay, Explain, Failure, Head, Replay, Sent, WallClock,
};
use http::{HeaderMap, HeaderName, Request, Response};

use crate::budget::Grant;
use crate::layer::Shared;
use crate::pause::{Pause, Planned};
use crate::policy::{self, End, Moment, Progress, Reason, Verdict};
use crate::settings::Settings;
use crate::{Exhausted, Override, record};

/// Everything that another attempt needs.
pub(crate) struct Call<S, B, K> {
    pub(crate) service: S,
    shared: Arc<Shared<K>>,
    head: Head,
    copy: Option<B>,
    progress: Progress,
    /// The attempt at hand; `None` for the first of ours.
    attempt: Option<Attempt>,
    /// The most that can have happened in any attempt.
    sent: Sent,
}

/// The end of the call, or the time until the next attempt.
type Next<B, R> = ControlFlow<Result<Response<R>, BoxError>, Pin<Box<Pause<B, R>>>>;

impl<S, B, K> Call<S, B, K> {
    pub(crate) fn new(service: S, shared: Arc<Shared<K>>, first: &Request<B>, copy: B) -> Self {
        Self {
            service,
            shared,
            head: Head::of(first),
            copy: Some(copy),
            progress: Progress {
                sends: 1,
                pardoned: false,
                previous: None,
            },
            attempt: None,
            sent: Sent::No,
        }
    }

    /// Whether nothing needs to be done about this poll of an attempt: it goes on, or it ended as
    /// most calls end, with an answer to the first attempt and nobody who asked for anything special.
    #[inline]
    pub(crate) fn has_passed<R, E>(&self, polled: &Poll<Result<Response<R>, E>>) -> bool {
        let end = match polled {
            Poll::Pending => return true,
            Poll::Ready(end) => end,
        };
        let settings = &self.shared.settings;
        let answer = |r: &Response<R>| policy::is_answer(settings, r.status());
        let usual =
            self.progress.sends == 1 && end.as_ref().is_ok_and(answer) && !self.is_special();
        if usual {
            record::ended(1, Reason::Final);
        }
        usual
    }

    fn is_special(&self) -> bool {
        let extensions = self.head.extensions();
        !extensions.is_empty() && (Override::of(extensions).is_some() || self.explain().is_some())
    }

    /// Decides what follows an attempt that ended so.
    pub(crate) fn after<R>(&mut self, end: Result<Response<R>, BoxError>) -> Next<B, R>
    where
        B: Replay,
        R: http_body::Body,
        K: KeyExtractor<Request<B>>,
    {
        let settings = self.settings();
        if let Ok(response) = &end
            && policy::is_answer(&settings, response.status())
        {
            return Next::Break(self.finish(end, Reason::Final));
        }
        let now = tokio::time::Instant::now().into_std();
        let read = Read::of(&end, &settings, &*self.shared.clock);
        let moment = self.moment(&settings, now);
        let verdict = policy::decide(&settings, self.progress, moment, read.end);
        let drain = settings.drain;
        self.sent = self.sent.max(read.sent);
        match verdict {
            Verdict::Stop(reason) => Next::Break(self.finish(end, reason)),
            Verdict::Retry { wait, free } => match self.prepare(&read, free, now) {
                Err(reason) => Next::Break(self.finish(end, reason)),
                Ok((attempt, planned)) => {
                    record::retrying(attempt, wait);
                    self.progress.pardoned |= free;
                    self.progress.previous = Some(wait);
                    self.attempt = Some(attempt);
                    let failed = end.ok().map(Response::into_body);
                    Next::Continue(Box::pin(Pause::new(failed, drain, wait, planned)))
                }
            },
        }
    }

    /// The next attempt and its request, paid for.
    fn prepare(
        &mut self,
        read: &Read,
        free: bool,
        decided: Instant,
    ) -> Result<(Attempt, Planned<B>), Reason>
    where
        B: Replay,
        K: KeyExtractor<Request<B>>,
    {
        let copy = self
            .copy
            .take()
            .filter(Replay::is_whole)
            .ok_or(Reason::Body)?;
        let mut request = self.head.restore(copy).ok_or(Reason::Body)?;
        let grant = if free {
            Grant::free()
        } else {
            let key = self.shared.key.extract(&request);
            let grant = self.shared.budget.withdraw(&key, decided);
            grant.ok_or_else(|| {
                record::budget_exhausted(&key);
                Reason::Budget
            })?
        };
        let attempt = Attempt::after(self.number().max(read.number), read.cause);
        request.extensions_mut().insert(attempt);
        let planned = Planned {
            request,
            grant,
            decided,
        };
        Ok((attempt, planned))
    }

    /// Takes the request of the attempt that is now being made, and keeps what one after it needs.
    pub(crate) fn next_request<R>(&mut self, pause: Pin<&mut Pause<B, R>>) -> Request<B>
    where
        B: Replay,
    {
        let Planned {
            mut request,
            grant,
            decided,
        } = pause.take();
        grant.spend();
        self.copy = request.body_mut().replay();
        self.progress.sends = self.progress.sends.saturating_add(1);
        if let (Some(explain), Some(attempt)) = (self.explain(), self.attempt) {
            record::resent(explain, attempt, decided, self.deadline());
        }
        request
    }

    /// The inner service failed before the next attempt could be made.
    pub(crate) fn unready<R>(&self, error: BoxError) -> Result<Response<R>, BoxError> {
        self.finish(Err(error), Reason::Final)
    }

    fn finish<R>(
        &self,
        end: Result<Response<R>, BoxError>,
        reason: Reason,
    ) -> Result<Response<R>, BoxError> {
        let sends = self.progress.sends;
        record::ended(sends, reason);
        if let Some(explain) = self.explain() {
            record::explained(explain, sends, reason);
        }
        match end {
            Ok(mut response) => {
                if let Some(attempt) = self.attempt {
                    attempt.mark(response.extensions_mut());
                }
                if let Some(explain) = self.explain() {
                    explain.attach(response.extensions_mut());
                }
                Ok(response)
            }
            Err(last) if sends > 1 => {
                let attempts = self.number().get().max(Failure::of(&*last).attempts());
                Err(Exhausted::new(attempts, reason, self.sent, last).into())
            }
            Err(only) => Err(only),
        }
    }

    /// The number of the attempt at hand. A layer further out may have begun to count.
    fn number(&self) -> NonZeroU32 {
        let first = || Attempt::number_in(self.head.extensions());
        self.attempt.map_or_else(first, Attempt::number)
    }

    fn explain(&self) -> Option<&Explain> {
        Explain::of(self.head.extensions())
    }

    fn deadline(&self) -> Option<Deadline> {
        self.head.extensions().get().copied()
    }

    fn settings(&self) -> Cow<'_, Settings> {
        let settings = &self.shared.settings;
        Override::of(self.head.extensions()).map_or(Cow::Borrowed(settings), |other| {
            Cow::Owned(other.applied_to(settings))
        })
    }

    fn moment(&self, settings: &Settings, now: Instant) -> Moment {
        let repeatable = settings.idempotent.unwrap_or_else(|| {
            self.head.method().is_idempotent() || self.head.has_idempotency_key()
        });
        Moment {
            now,
            deadline: self.deadline(),
            repeatable,
            draw: self.shared.draws.next(),
        }
    }
}

/// An end as the policy sees it, and what is told of it.
struct Read {
    end: End,
    cause: Cause,
    sent: Sent,
    /// How far a layer further in has counted.
    number: NonZeroU32,
}

const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

impl Read {
    fn of<R>(
        end: &Result<Response<R>, BoxError>,
        settings: &Settings,
        clock: &dyn WallClock,
    ) -> Self {
        match end {
            Ok(response) => Self::response(response, settings, clock),
            Err(error) => Self::error(Failure::of(&**error)),
        }
    }

    fn response<R>(response: &Response<R>, settings: &Settings, clock: &dyn WallClock) -> Self {
        let status = response.status();
        let headers = response.headers();
        let advice = advice(headers);
        // What is not retried can ask for any delay.
        let delay = policy::is_retried(settings, status, advice)
            .then(|| Delay::parse(headers, clock.now()))
            .flatten();
        let end = End::Response {
            status,
            advice,
            delay: delay.map(Delay::duration),
        };
        Self {
            end,
            cause: Cause::Status(status),
            sent: Sent::Yes,
            number: Attempt::number_in(response.extensions()),
        }
    }

    fn error(failure: Failure<'_>) -> Self {
        let (kind, sent) = (failure.kind(), failure.sent());
        let end = End::Error {
            kind,
            sent,
            retry_at: failure.retry_at(),
        };
        Self {
            end,
            cause: Cause::Error(kind),
            sent,
            number: NonZeroU32::new(failure.attempts()).unwrap_or(NonZeroU32::MIN),
        }
    }
}

fn advice(headers: &HeaderMap) -> Option<bool> {
    let value = headers.get(X_SHOULD_RETRY)?.as_bytes();
    if value.eq_ignore_ascii_case(b"true") {
        Some(true)
    } else if value.eq_ignore_ascii_case(b"false") {
        Some(false)
    } else {
        None
    }
}
