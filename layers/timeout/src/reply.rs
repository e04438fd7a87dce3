use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use http::Response;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::race::Race;
use crate::report::{self, Trace};
use crate::rule::Rule;

pin_project! {
    /// What the futures over HTTP have in common: a race for the head, and then a limited body.
    #[derive(Debug)]
    pub(crate) struct Reply<F, R> {
        #[pin]
        race: Race<F, R>,
        trace: Option<Box<Trace>>,
    }
}

impl<F, R> Reply<F, R> {
    #[inline]
    pub(crate) const fn new(race: Race<F, R>, trace: Option<Box<Trace>>) -> Self {
        Self { race, trace }
    }
}

impl<F, R, B, E> Reply<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    R: Rule,
{
    /// The response, its body within the limits that `limited` puts on it.
    #[inline(always)]
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        limited: impl FnOnce(B) -> ResponseBody<B>,
    ) -> Poll<Result<Response<ResponseBody<B>>, BoxError>> {
        let mut this = self.project();
        match this.race.as_mut().poll_call(cx) {
            // The usual case by itself, so that the response is moved once.
            Poll::Ready(Ok(response)) if this.trace.is_none() => {
                Poll::Ready(Ok(response.map(limited)))
            }
            Poll::Ready(answer) => {
                let answer = answer.map(|response| response.map(limited));
                let trace = this.trace.as_deref();
                Poll::Ready(report::answered(answer.map_err(Into::into), trace))
            }
            Poll::Pending => {
                let expiry = ready!(this.race.poll_limit(cx));
                let explain = this.trace.as_deref().map(Trace::explain);
                Poll::Ready(Err(report::elapsed(expiry, explain)))
            }
        }
    }
}
