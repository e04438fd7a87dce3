use std::fmt;
use std::mem;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::key::{Authority, KeyExtractor};
use buttress_kernel::{Attempt, Background, BoxError, Deadline, Explain, Key};
use http::{Request, Response};
use tower_service::Service;

use crate::future::ResponseFuture;
use crate::hold::{Hold, Wait, refuse};
use crate::listener::Listener;
use crate::overrides::Override;
use crate::peers::Peers;
use crate::places::Places;
use crate::rules::Ask;
use crate::scope::Scope;
use crate::shared::now;
use crate::state::Answer;
use crate::telemetry;

/// Makes requests wait while the server has asked for a pause; see
/// [`RetryAfterLayer`](crate::RetryAfterLayer).
///
/// Ready when the inner service is: which key a request belongs to is known only with the request,
/// so the wait is in the call. A request that waits holds no place of the inner service; it asks
/// for a new one when it is released.
#[derive(Clone)]
pub struct RetryAfter<S, K = Authority> {
    inner: S,
    key: K,
    peers: Arc<Peers>,
}

impl<S, K> RetryAfter<S, K> {
    pub(crate) const fn new(inner: S, key: K, peers: Arc<Peers>) -> Self {
        Self { inner, key, peers }
    }
}

impl<S, K, B, C> Service<Request<B>> for RetryAfter<S, K>
where
    S: Service<Request<B>, Response = Response<C>> + Clone,
    S::Error: Into<BoxError>,
    K: KeyExtractor<Request<B>> + 'static,
{
    type Response = Response<C>;
    type Error = BoxError;
    type Future = ResponseFuture<S, B, S::Future>;

    #[inline]
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    #[inline]
    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.peers.gate.is_quiet()
            && let Some(listener) = Listener::at_a_glance::<B, K>(&self.peers, &request)
        {
            return ResponseFuture::calling(self.inner.call(request), listener);
        }
        self.consider(request)
    }
}

impl<S, K> RetryAfter<S, K> {
    /// By itself, so that a request that needs no thought is handed on without being moved.
    #[inline(never)]
    fn consider<B>(&mut self, request: Request<B>) -> ResponseFuture<S, B, S::Future>
    where
        S: Service<Request<B>> + Clone,
        K: KeyExtractor<Request<B>> + 'static,
    {
        if self.peers.gate.is_quiet() {
            self.pass(request)
        } else {
            self.consult(request)
        }
    }

    /// The request goes at once.
    fn pass<B>(&mut self, request: Request<B>) -> ResponseFuture<S, B, S::Future>
    where
        S: Service<Request<B>>,
        K: KeyExtractor<Request<B>> + 'static,
    {
        let listener = Listener::of(&self.peers, &self.key, &request);
        ResponseFuture::calling(self.inner.call(request), listener)
    }

    /// Somebody is held: is it this request?
    #[cold]
    fn consult<B>(&mut self, request: Request<B>) -> ResponseFuture<S, B, S::Future>
    where
        S: Service<Request<B>> + Clone,
        K: KeyExtractor<Request<B>> + 'static,
    {
        let now = now();
        let gate = &self.peers.gate;
        let change = Background::wish(request.extensions())
            .copied()
            .unwrap_or(Override::new());
        if gate.has_settled(now) || change.ignore {
            return self.pass(request);
        }
        let settings = &self.peers.shared.settings;
        let ask = Ask {
            arrived: now,
            patience: change.patience.unwrap_or(settings.patience),
            deadline: request.extensions().get::<Deadline>().copied(),
            hurried: request.extensions().get::<Attempt>().is_some(),
        };
        let name = self.key.extract(&request);
        let shared = &self.peers.shared;
        let (answer, places) = match shared.partition(request.extensions()) {
            None => match gate.arrive(&name, now, &ask, &settings.rules) {
                (Answer::Go, _) => return self.pass(request),
                (answer, ticket) => {
                    let key = Key::from(&*name);
                    let places = Places::taken(Arc::clone(shared), key, answer, ticket);
                    (answer, places)
                }
            },
            Some(partition) => {
                let scope = Scope {
                    key: Key::from(&*name),
                    partition: Some(partition.clone()),
                };
                let mut places = Places::new(Arc::clone(shared), scope);
                (places.arrive(now, &ask), places)
            }
        };
        match answer {
            Answer::Go => self.pass(request),
            answer => self.detain(request, places, ask, answer),
        }
    }

    /// The request waits, or is refused.
    fn detain<B>(
        &mut self,
        request: Request<B>,
        places: Places,
        ask: Ask,
        answer: Answer,
    ) -> ResponseFuture<S, B, S::Future>
    where
        S: Service<Request<B>> + Clone,
        K: KeyExtractor<Request<B>> + 'static,
    {
        // The place that readiness may have taken goes to somebody who can use it.
        let fresh = self.inner.clone();
        drop(mem::replace(&mut self.inner, fresh));
        let explain = Explain::of(request.extensions()).cloned();
        match answer {
            Answer::Wait { until, source } => {
                let wait = until.saturating_duration_since(ask.arrived);
                telemetry::held(&places.objector(), wait, source);
                let listener = Listener::of(&self.peers, &self.key, &request);
                let wait = Wait::new(places, ask, source, explain);
                let hold = Hold::new(self.inner.clone(), request, listener, wait, until);
                ResponseFuture::holding(hold)
            }
            Answer::Refuse { retry_at, reason } => {
                let scope = places.objector();
                let error = refuse(scope, ask.arrived, retry_at, reason, explain.as_ref());
                ResponseFuture::refused(error)
            }
            Answer::Go => self.pass(request),
        }
    }
}

impl<S: fmt::Debug, K> fmt::Debug for RetryAfter<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryAfter")
            .field("inner", &self.inner)
            .field("settings", &self.peers.shared.settings)
            .finish_non_exhaustive()
    }
}
