//! The time until a request has its token.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use buttress_kernel::{Attempt, BoxError, Deadline, Explain, Replay, Sent};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::call::{Again, Carried, Last, Replayed, Watch, add};
use crate::credential::Unplaceable;
use crate::drain::Drain;
use crate::error::Reason;
use crate::settings::Settings;
use crate::tokens::{Held, Need, now, wait};
use crate::{Unauthenticated, telemetry};

type Wait = Pin<Box<dyn Future<Output = Result<Arc<Held>, Unauthenticated>> + Send>>;

pin_project! {
    /// Waits for a token, then for the service, then calls it.
    ///
    /// A rejection is read meanwhile, so that its connection can be used again.
    pub(crate) struct Pause<S, B, R> {
        // Taken when the call begins.
        call: Option<(S, Request<B>)>,
        settings: Arc<Settings>,
        explain: Option<Explain>,
        since: Instant,
        sent: Sent,
        // The request's attempts so far, the one that waits included if it is the first.
        made: u32,
        token: Token,
        #[pin]
        drain: Drain<R>,
    }
}

enum Token {
    Awaited(Wait),
    Here(Arc<Held>),
}

/// How the call is watched once it has begun.
pub(crate) enum Watched<S, B> {
    /// It may be rejected.
    Once(Watch),
    /// It may be rejected, and sent again.
    Again(Watch, Again<S, B>),
    /// Whatever comes is the answer.
    Last(Box<Last>),
}

impl<S, B, R> Pause<S, B, R> {
    /// Before the request is sent for the first time. `service` need not be ready.
    pub(crate) fn first(
        service: S,
        settings: Arc<Settings>,
        need: Need,
        request: Request<B>,
    ) -> Self {
        Self::new(
            service,
            settings,
            Err(need),
            request,
            Drain::nothing(),
            Sent::No,
        )
    }

    /// After a rejection.
    pub(crate) fn again(
        service: S,
        settings: Arc<Settings>,
        token: Result<Arc<Held>, Need>,
        request: Request<B>,
        rejection: R,
    ) -> Self
    where
        R: http_body::Body,
    {
        let drain = Drain::of(rejection, settings.drain);
        Self::new(service, settings, token, request, drain, Sent::Yes)
    }

    fn new(
        service: S,
        settings: Arc<Settings>,
        token: Result<Arc<Held>, Need>,
        request: Request<B>,
        drain: Drain<R>,
        sent: Sent,
    ) -> Self {
        let extensions = request.extensions();
        let deadline = extensions.get::<Deadline>().copied();
        let explain = Explain::of(extensions).cloned();
        let number = Attempt::number_in(extensions).get();
        let made = number - u32::from(sent != Sent::No && number > 1);
        let token = match token {
            Ok(held) => Token::Here(held),
            Err(need) => Token::Awaited(Box::pin(wait(need, deadline, sent))),
        };
        Self {
            call: Some((service, request)),
            settings,
            explain,
            since: now(),
            sent,
            made,
            token,
            drain,
        }
    }
}

impl<S, B, R> Pause<S, B, R>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    B: Replay,
    R: http_body::Body,
{
    /// The call's own future, once it has begun.
    ///
    /// # Panics
    ///
    /// When polled again after that.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Begun<S, B>> {
        let mut this = self.project();
        let held = match this.token {
            Token::Here(held) => Arc::clone(held),
            Token::Awaited(token) => {
                this.drain.as_mut().poll(cx);
                let held = match ready!(token.as_mut().poll(cx)) {
                    Ok(held) => held,
                    Err(error) => {
                        telemetry::refused(this.explain.as_ref(), error.reason(), *this.since);
                        return Poll::Ready(Err(error.attempts(*this.made).into()));
                    }
                };
                telemetry::waited(this.explain.as_ref(), *this.since);
                *this.token = Token::Here(Arc::clone(&held));
                held
            }
        };
        this.drain.stop();
        let ended = "polled after it was over";
        let (service, _) = this.call.as_mut().expect(ended);
        ready!(service.poll_ready(cx)).map_err(Into::into)?;
        let (service, request) = this.call.take().expect(ended);
        let (settings, explain) = (Arc::clone(this.settings), this.explain.take());
        let begun = match this.sent {
            Sent::No => begin(service, request, settings, explain, &held),
            Sent::Maybe | Sent::Yes => repeat(service, request, settings, explain, held),
        };
        Poll::Ready(begun)
    }
}

/// The call's own future, and how it is watched.
type Begun<S, B> = Result<(<S as Service<Request<B>>>::Future, Watched<S, B>), BoxError>;

/// Sends a request that was not sent yet.
fn begin<S, B>(
    mut service: S,
    mut request: Request<B>,
    settings: Arc<Settings>,
    explain: Option<Explain>,
    held: &Arc<Held>,
) -> Begun<S, B>
where
    S: Service<Request<B>>,
    B: Replay,
{
    let kept = settings.keep(&mut request);
    let added = Carried::with(&settings, held, &mut request);
    let added = added.map_err(|Unplaceable| Unauthenticated::new(Reason::NoRoom, Sent::No))?;
    let attempt = service.call(request);
    let watched = match added {
        Some(carried) => {
            let watch = Watch::new(carried, settings, explain);
            match kept {
                Some(kept) => Watched::Again(watch, Again { service, kept }),
                None => Watched::Once(watch),
            }
        }
        None => Watched::Last(Box::new(Last {
            explain,
            replay: None,
        })),
    };
    Ok((attempt, watched))
}

/// Sends a request that was rejected before.
fn repeat<S, B>(
    mut service: S,
    mut request: Request<B>,
    settings: Arc<Settings>,
    explain: Option<Explain>,
    held: Arc<Held>,
) -> Begun<S, B>
where
    S: Service<Request<B>>,
{
    let added = add(&settings, &held, &mut request);
    added.map_err(|Unplaceable| Unauthenticated::new(Reason::NoRoom, Sent::Yes))?;
    let attempt = request.extensions().get::<Attempt>().copied();
    let replay = attempt.map(|attempt| Replayed {
        attempt,
        held,
        settings,
    });
    let watched = Watched::Last(Box::new(Last { explain, replay }));
    Ok((service.call(request), watched))
}
