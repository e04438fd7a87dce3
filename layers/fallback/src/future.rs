//! The future that a [`FallbackService`](crate::FallbackService) answers with.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError, Explain};
use bytes::Bytes;
use http::{HeaderValue, Response};
use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::body::ResponseBody;
use crate::cause::{Failed, Fallback};
use crate::layer::Settings;
use crate::substitute::{Substitute, fixed};
use crate::telemetry;

/// What is to be done about a failure.
pub(crate) struct Plan<T, K> {
    pub(crate) settings: Arc<Settings<T>>,
    /// What a substitute is made of, or the request's own.
    pub(crate) kept: Result<K, Box<Response<Bytes>>>,
    pub(crate) explain: Option<Explain>,
}

pin_project! {
    /// The inner service's answer, or a substitute.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner service's call, or the substitute in the making together with the
    /// failed response.
    pub struct ResponseFuture<F, T, B, R>
    where
        T: Substitute<B>,
    {
        #[pin]
        state: State<F, T::Future, Plan<T, T::Kept>, Aside<T, R>>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, G, P, A> {
        // The inner service is at work. It ends the call, or it failed ⇒ Answering.
        Calling { #[pin] call: F, plan: Option<P> },
        // The substitute is. It ends the call.
        Answering { #[pin] answer: G, aside: Option<A> },
    }
}

/// What failed, laid aside while a substitute is made, and what to do with it then.
pub(crate) struct Aside<T, R> {
    end: Result<Response<R>, BoxError>,
    settings: Arc<Settings<T>>,
    explain: Option<Explain>,
    since: Instant,
}

impl<F, T: Substitute<B>, B, R> ResponseFuture<F, T, B, R> {
    pub(crate) const fn new(call: F, plan: Option<Plan<T, T::Kept>>) -> Self {
        let state = State::Calling { call, plan };
        Self { state }
    }
}

type End<R> = Result<Response<ResponseBody<R>>, BoxError>;

impl<F, T, B, R, E> Future for ResponseFuture<F, T, B, R>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
    T: Substitute<B>,
{
    type Output = End<R>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End<R>> {
        let mut this = self.project();
        loop {
            let next = match this.state.as_mut().project() {
                StateProj::Calling { call, plan } => {
                    let end = ready!(call.poll(cx)).map_err(Into::into);
                    let plan = plan.take().filter(|plan| is_due(plan, &end));
                    let Some(plan) = plan else {
                        return Poll::Ready(original(end));
                    };
                    let aside = Aside::new(end, plan.settings, plan.explain);
                    match plan.kept {
                        Err(own) => {
                            return Poll::Ready(Ok(aside.substituted(fixed(&own), "override")));
                        }
                        Ok(kept) => {
                            let substitute = &aside.settings.substitute;
                            let answer = substitute.answer(kept, failed(&aside.end));
                            let aside = Some(aside);
                            State::Answering { answer, aside }
                        }
                    }
                }
                StateProj::Answering { answer, aside } => {
                    let answer = ready!(answer.poll(cx));
                    match aside.take() {
                        Some(aside) => {
                            let name = aside.settings.substitute.name();
                            return Poll::Ready(aside.settle(answer, name));
                        }
                        None => return Poll::Pending, // polled after its end
                    }
                }
            };
            this.state.set(next);
        }
    }
}

/// Whether a substitute is wanted for this end.
fn is_due<T, K, R>(plan: &Plan<T, K>, end: &Result<Response<R>, BoxError>) -> bool {
    let is_answer = end.as_ref().is_ok_and(|r| r.status().as_u16() < 400);
    !is_answer && plan.settings.rule.names(failed(end))
}

fn failed<R>(end: &Result<Response<R>, BoxError>) -> Failed<'_> {
    match end {
        Ok(response) => Failed::response(response.status(), response.headers()),
        Err(error) => Failed::error(&**error),
    }
}

fn original<R>(end: Result<Response<R>, BoxError>) -> End<R> {
    end.map(|response| response.map(ResponseBody::inner))
}

impl<T, R> Aside<T, R> {
    fn new(
        end: Result<Response<R>, BoxError>,
        settings: Arc<Settings<T>>,
        explain: Option<Explain>,
    ) -> Self {
        let since = Instant::now();
        Self {
            end,
            settings,
            explain,
            since,
        }
    }

    /// The end of the call, now that the substitute's is known.
    fn settle(
        self,
        answer: Result<Option<Response<Body>>, BoxError>,
        name: &'static str,
    ) -> End<R> {
        match answer {
            Ok(Some(response)) => Ok(self.substituted(response, name)),
            Ok(None) => self.unanswered(|cause| format!("the {name} had no answer for {cause}")),
            Err(fault) => {
                telemetry::failed_too(name, failed(&self.end), &fault);
                self.unanswered(|cause| format!("the {name} failed, too, after {cause}"))
            }
        }
    }

    /// The failure stands.
    fn unanswered(self, words: impl FnOnce(Failed<'_>) -> String) -> End<R> {
        let Self {
            mut end,
            explain,
            since,
            ..
        } = self;
        if let Some(explain) = explain {
            telemetry::note(&explain, since, words(failed(&end)));
            if let Ok(response) = &mut end {
                explain.attach(response.extensions_mut());
            }
        }
        original(end)
    }

    fn substituted(
        self,
        response: Response<Body>,
        name: &'static str,
    ) -> Response<ResponseBody<R>> {
        let mut response = response.map(ResponseBody::substitute);
        let cause = failed(&self.end);
        telemetry::answered(name, cause);
        if let Some(explain) = &self.explain {
            let words = format!("answered from the {name} instead of {cause}");
            telemetry::note(explain, self.since, words);
            explain.attach(response.extensions_mut());
        }
        if let Some(header) = &self.settings.header {
            let value = HeaderValue::try_from(cause.to_string());
            let value = value.unwrap_or(HeaderValue::from_static("other"));
            response.headers_mut().insert(header.clone(), value);
        }
        let fallback = match self.end {
            Ok(response) => Fallback::from_status(response.status()),
            Err(error) => Fallback::from_error(error),
        };
        response.extensions_mut().insert(fallback);
        response
    }
}

impl<F, T: Substitute<B>, B, R> fmt::Debug for ResponseFuture<F, T, B, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Calling { .. } => "Calling",
            State::Answering { .. } => "Answering",
        };
        f.debug_tuple("ResponseFuture")
            .field(&format_args!("{state}"))
            .finish()
    }
}
