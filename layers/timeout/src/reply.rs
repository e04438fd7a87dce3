use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::BoxError;
use http::Response;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::race::Race;
use crate::report::{self, Trace};
use crate::rule::{Rule, Total};

pin_project! {
    /// What the futures over HTTP have in common: a race for the head, and then a limited body.
    #[derive(Debug)]
    pub(crate) struct Reply<F, R> {
        #[pin]
        race: Race<F, R>,
        body_idle: Option<Duration>,
        total: Option<Total>,
        trace: Option<Box<Trace>>,
    }
}

impl<F, R> Reply<F, R> {
    #[inline]
    pub(crate) const fn new(race: Race<F, R>, trace: Option<Box<Trace>>) -> Self {
        let (body_idle, total) = (None, None);
        Self {
            race,
            body_idle,
            total,
            trace,
        }
    }

    /// Limits the time between two frames of the body.
    #[inline]
    pub(crate) const fn body_idle(mut self, limit: Option<Duration>) -> Self {
        self.body_idle = limit;
        self
    }

    /// Lets the deadline hold for the body too.
    #[inline]
    pub(crate) const fn total(mut self, total: Option<Total>) -> Self {
        self.total = total;
        self
    }
}

impl<F, R, B, E> Future for Reply<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    R: Rule,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        match this.race.as_mut().poll_call(cx) {
            // The usual case by itself, so that the response is moved once.
            Poll::Ready(Ok(response)) if this.trace.is_none() => {
                let (idle, total) = (*this.body_idle, *this.total);
                Poll::Ready(Ok(
                    response.map(|body| ResponseBody::new(body, idle, total, None))
                ))
            }
            Poll::Ready(answer) => {
                let trace = this.trace.as_deref();
                let response = report::answered(answer.map_err(Into::into), trace)?;
                let (idle, total) = (*this.body_idle, *this.total);
                Poll::Ready(Ok(
                    response.map(|body| ResponseBody::new(body, idle, total, trace))
                ))
            }
            Poll::Pending => {
                let expiry = ready!(this.race.poll_limit(cx));
                let explain = this.trace.as_deref().map(Trace::explain);
                Poll::Ready(Err(report::elapsed(expiry, explain)))
            }
        }
    }
}
