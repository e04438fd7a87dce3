use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
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
        trace: Option<Box<Trace>>,
    }
}

impl<F, R> Reply<F, R> {
    #[inline]
    pub(crate) const fn new(race: Race<F, R>, body: BodyLimits, trace: Option<Box<Trace>>) -> Self {
        Self { race, body, trace }
    }

    pub(crate) fn refused(rule: R, trace: Option<Box<Trace>>) -> Self {
        let (idle, total) = (None, None);
        Self::new(Race::refused(rule), BodyLimits { idle, total }, trace)
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
        let BodyLimits { idle, total } = *this.body;
        let trace = this.trace.as_deref();
        let answered = |answer: Result<Response<B>, E>| match (answer, trace) {
            (Ok(response), None) => {
                Ok(response.map(|body| ResponseBody::new(body, idle, total, None)))
            }
            (Err(error), None) => Err(error.into()),
            (answer, Some(trace)) => {
                let response = report::answered(answer.map_err(Into::into), trace)?;
                let explain = Some(trace.explain().clone());
                Ok(response.map(|body| ResponseBody::new(body, idle, total, explain)))
            }
        };
        let elapsed = |expiry| Err(report::elapsed(expiry, trace.map(Trace::explain)));
        this.race.poll(cx, answered, elapsed)
    }
}
