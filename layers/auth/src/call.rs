//! What is kept of a request while it is under way.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use buttress_kernel::{Attempt, BoxError, Cause, Deadline, Explain, Head, Replay};
use http::{Request, Response, StatusCode};

use crate::credential::Unplaceable;
use crate::pause::Pause;
use crate::settings::Settings;
use crate::tokens::{Held, Need, now};
use crate::{telemetry, verdict};

/// The token that a request was sent with.
pub(crate) struct Carried {
    generation: u64,
    /// The token, as long as nobody knows whether the server accepts it.
    unproven: Option<Arc<Held>>,
}

impl Carried {
    /// Adds the token to the request; `None` where the request keeps its own credentials.
    #[inline]
    pub(crate) fn with<B>(
        settings: &Settings,
        held: &Arc<Held>,
        request: &mut Request<B>,
    ) -> Result<Option<Self>, Unplaceable> {
        let added = add(settings, held, request)?;
        Ok(added.then(|| Self {
            generation: held.generation,
            unproven: (!held.is_proven()).then(|| Arc::clone(held)),
        }))
    }
}

/// The request as it was before anything was added, for another try.
pub(crate) struct Kept<B> {
    head: Head,
    body: B,
}

impl<B: Replay> Kept<B> {
    #[inline]
    pub(crate) fn of(request: &mut Request<B>) -> Option<Self> {
        let body = request.body_mut().replay()?;
        let head = Head::of(request);
        Some(Self { head, body })
    }
}

/// Adds a token, and what goes with it. Returns whether the token was added.
#[inline]
pub(crate) fn add<B>(
    settings: &Settings,
    held: &Held,
    request: &mut Request<B>,
) -> Result<bool, Unplaceable> {
    // A token that is an `Authorization` header finds the request's own by itself.
    let own = !held.value.is_authorization() && settings.keeps_own(request);
    let added = !own && held.value.apply(request, settings.overwrite)?;
    settings.add_fixed(request)?;
    Ok(added)
}

/// What is known of a request under way with a token.
pub(crate) struct Watch {
    carried: Carried,
    settings: Arc<Settings>,
    explain: Option<Explain>,
}

/// What a request is sent again with.
pub(crate) struct Again<S, B> {
    pub(crate) service: S,
    pub(crate) kept: Kept<B>,
}

/// The response, or the wait for another token.
type Next<S, B, R> = ControlFlow<Response<R>, Pin<Box<Pause<S, B, R>>>>;

impl Watch {
    #[inline(always)]
    pub(crate) const fn new(
        carried: Carried,
        settings: Arc<Settings>,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            carried,
            settings,
            explain,
        }
    }

    /// Whether nothing needs to be done about this poll: the request is still under way, or it ended
    /// as most do.
    #[inline]
    pub(crate) fn has_passed<R, E>(&self, polled: &Poll<Result<Response<R>, E>>) -> bool {
        match polled {
            Poll::Ready(Ok(response)) => {
                self.carried.unproven.is_none()
                    && self.explain.is_none()
                    && !verdict::may_reject(response.status(), self.settings.forbidden)
            }
            Poll::Ready(Err(_)) | Poll::Pending => true,
        }
    }

    /// What follows a response to a request that is sent once.
    #[cold]
    pub(crate) fn ended<R>(&self, response: Response<R>) -> Response<R> {
        let status = response.status();
        if !verdict::may_reject(status, self.settings.forbidden) {
            self.prove(status);
        } else if verdict::is_rejected(response.headers()) {
            self.reject(status);
        }
        self.explained(response)
    }

    /// What follows a response to a request that may be sent again.
    #[cold]
    pub(crate) fn after<S, B, R>(
        &self,
        again: &mut Option<Again<S, B>>,
        response: Response<R>,
    ) -> Next<S, B, R>
    where
        B: Replay,
        R: http_body::Body,
    {
        let status = response.status();
        let rejects = verdict::may_reject(status, self.settings.forbidden)
            && verdict::is_rejected(response.headers());
        if !rejects {
            return ControlFlow::Break(self.ended(response));
        }
        if let Some(token) = self.reject(status)
            && let Some((service, request)) =
                again.take().and_then(|again| again.request(&response))
        {
            telemetry::replaying(self.explain.as_ref(), status);
            let settings = Arc::clone(&self.settings);
            let pause = Pause::again(service, settings, token, request, response.into_body());
            return ControlFlow::Continue(Box::pin(pause));
        }
        ControlFlow::Break(self.explained(response))
    }

    /// Tells that the token was rejected; `None` when that is the answer.
    fn reject(&self, status: StatusCode) -> Option<Result<Arc<Held>, Need>> {
        let proven = self
            .carried
            .unproven
            .as_ref()
            .is_none_or(|held| held.is_proven());
        telemetry::rejected(status, self.carried.generation);
        let tokens = self.settings.credentials.tokens.as_ref()?;
        tokens.reject(self.carried.generation, proven)
    }

    /// Tells that the token was accepted, if it was.
    fn prove(&self, status: StatusCode) {
        if let Some(held) = &self.carried.unproven
            && verdict::is_accepted(status)
        {
            held.prove();
        }
    }

    fn explained<R>(&self, mut response: Response<R>) -> Response<R> {
        if let Some(explain) = &self.explain {
            explain.attach(response.extensions_mut());
        }
        response
    }
}

impl<S, B: Replay> Again<S, B> {
    /// The request once more, if it can be sent again and there is time for it.
    fn request<R>(self, rejection: &Response<R>) -> Option<(S, Request<B>)> {
        let Kept { head, body } = self.kept;
        let deadline = head.extensions().get::<Deadline>();
        if deadline.is_some_and(|deadline| deadline.has_passed(now())) || !body.is_whole() {
            return None;
        }
        let mut request = head.restore(body)?;
        let made = Attempt::number_in(request.extensions());
        let made = made.max(Attempt::number_in(rejection.extensions()));
        let attempt = Attempt::after(made, Cause::Status(rejection.status()));
        request.extensions_mut().insert(attempt);
        Some((self.service, request))
    }
}

/// What is left to do when a request that is not sent again ends.
pub(crate) struct Last {
    pub(crate) explain: Option<Explain>,
    pub(crate) replay: Option<Replayed>,
}

/// A request that was sent again.
pub(crate) struct Replayed {
    pub(crate) attempt: Attempt,
    /// The token that it was sent with.
    pub(crate) held: Arc<Held>,
    pub(crate) settings: Arc<Settings>,
}

impl Last {
    pub(crate) fn explained(explain: Explain) -> Box<Self> {
        Box::new(Self {
            explain: Some(explain),
            replay: None,
        })
    }

    pub(crate) fn finish<R>(&self, response: &mut Response<R>) {
        if let Some(replay) = &self.replay {
            replay.judge(response);
            replay.attempt.mark(response.extensions_mut());
        }
        if let Some(explain) = &self.explain {
            explain.attach(response.extensions_mut());
        }
    }

    pub(crate) fn fail(&self, error: BoxError) -> BoxError {
        match &self.replay {
            Some(replay) => replay.attempt.mark_error(error),
            None => error,
        }
    }
}

impl Replayed {
    /// Tells what the server thinks of the token.
    fn judge<R>(&self, response: &Response<R>) {
        let status = response.status();
        if verdict::is_accepted(status) {
            self.held.prove();
        } else if verdict::may_reject(status, self.settings.forbidden)
            && verdict::is_rejected(response.headers())
        {
            telemetry::rejected(status, self.held.generation);
            if let Some(tokens) = &self.settings.credentials.tokens {
                tokens.reject_again(self.held.generation);
            }
        }
    }
}
