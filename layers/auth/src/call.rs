//! What is kept of a request while it is under way.

use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use buttress_kernel::{Attempt, Cause, Deadline, Explain, Head, Replay};
use http::{Extensions, Request, Response, StatusCode};

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

/// A request under way with a token.
pub(crate) struct Call<S, B> {
    carried: Carried,
    /// To send it again with.
    again: Option<(S, Kept<B>)>,
    settings: Arc<Settings>,
    explain: Option<Explain>,
}

/// The response, or the wait for another token.
type Next<S, B, R> = ControlFlow<Response<R>, Pin<Box<Pause<S, B, R>>>>;

impl<S, B> Call<S, B> {
    #[inline(always)]
    pub(crate) const fn new(
        carried: Carried,
        again: Option<(S, Kept<B>)>,
        settings: Arc<Settings>,
        explain: Option<Explain>,
    ) -> Self {
        Self {
            carried,
            again,
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

    /// What follows a response.
    #[cold]
    pub(crate) fn after<R>(&mut self, mut response: Response<R>) -> Next<S, B, R>
    where
        B: Replay,
        R: http_body::Body,
    {
        let status = response.status();
        if verdict::may_reject(status, self.settings.forbidden) {
            if verdict::is_rejected(response.headers())
                && let Some(token) = self.reject(status)
                && let Some((service, request)) = self.again(&response)
            {
                telemetry::replaying(self.explain.as_ref(), status);
                let settings = Arc::clone(&self.settings);
                let pause = Pause::again(service, settings, token, request, response.into_body());
                return ControlFlow::Continue(Box::pin(pause));
            }
        } else if let Some(held) = &self.carried.unproven
            && verdict::is_accepted(status)
        {
            held.prove();
        }
        if let Some(explain) = &self.explain {
            explain.attach(response.extensions_mut());
        }
        ControlFlow::Break(response)
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

    /// The request once more, if it can be sent again and there is time for it.
    fn again<R>(&mut self, rejection: &Response<R>) -> Option<(S, Request<B>)>
    where
        B: Replay,
    {
        let (service, Kept { head, body }) = self.again.take()?;
        let deadline = head.extensions().get::<Deadline>();
        if deadline.is_some_and(|deadline| deadline.has_passed(now())) || !body.is_whole() {
            return None;
        }
        let mut request = head.restore(body)?;
        let number = |extensions: &Extensions| {
            let attempt = extensions.get::<Attempt>();
            attempt.map_or(NonZeroU32::MIN, |attempt| attempt.number())
        };
        let sent = number(request.extensions()).max(number(rejection.extensions()));
        let attempt = Attempt::new(sent.saturating_add(1), Cause::Status(rejection.status()));
        request.extensions_mut().insert(attempt);
        Some((service, request))
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
            // A layer further in may have counted on.
            let extensions = response.extensions_mut();
            extensions.get_or_insert_with(|| replay.attempt);
        }
        if let Some(explain) = &self.explain {
            explain.attach(response.extensions_mut());
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
