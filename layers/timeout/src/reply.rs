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

/// The limits that go on after the head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BodyLimits {
    pub(crate) idle: Option<Duration>,
    pub(crate) total: Option<Total>,
}

pin_project! {
    /// What the futures over HTTP have in common: a race for the head, and then a limited body.
    #[derive(Debug)]
    pub(crate) struct Reply<F, R> {
        #[pin]
        race: Race<F, R>,
        body: BodyLimits,
        trace: Option<Trace>,
    }
}

impl<F, R> Reply<F, R> {
    #[inline]
    pub(crate) const fn new(race: Race<F, R>, body: BodyLimits, trace: Option<Trace>) -> Self {
        Self { race, body, trace }
    }
}

impl<F, R, B, E> Future for Reply<F, R>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    R: Rule,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let trace = this.trace.as_ref();
        let mut response = report::settle(ready!(this.race.poll(cx)), trace)?;
        if let Some(trace) = trace {
            trace.explain.attach(response.extensions_mut());
        }
        let explain = trace.map(|trace| trace.explain.clone());
        let BodyLimits { idle, total } = *this.body;
        Poll::Ready(Ok(
            response.map(|body| ResponseBody::new(body, idle, total, explain))
        ))
    }
}
