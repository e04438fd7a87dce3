//! The futures of the services.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::{BoxError, body};
use http::Response;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::plan::Plan;
use crate::race::Race;
use crate::reply::Reply;
use crate::report::{self, Trace};
use crate::rule::{Head, Total};
use crate::source::Sourced;
use crate::upload::{MaybeUpload, Shared, Upload};

pin_project! {
    /// A response, or [`Elapsed`](crate::Elapsed); of a [`Timeout`](crate::Timeout) over HTTP.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and with it the attempt, and the timer.
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        reply: Reply<F, Head>,
        body_idle: Option<Duration>,
    }
}

impl<F> ResponseFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, plan: Plan) -> Self {
        let race = Race::new(future, Head::new(plan.limits.head, plan.total));
        let (reply, body_idle) = (Reply::new(race, plan.trace), plan.limits.body_idle);
        Self { reply, body_idle }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(plan: Plan) -> Self {
        let reply = Reply::new(Race::refused(Head::Never), plan.trace);
        let body_idle = None;
        Self { reply, body_idle }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let idle = *this.body_idle;
        this.reply
            .poll(cx, |body| ResponseBody::new(body, idle, None))
    }
}

pin_project! {
    /// A response, or [`Elapsed`](crate::Elapsed); of a [`Timeout`](crate::Timeout) that watches the source
    /// of a request's body.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and with it the attempt, and the timer.
    #[derive(Debug)]
    pub struct SourceFuture<F> {
        #[pin]
        reply: Reply<F, Sourced>,
        body_idle: Option<Duration>,
    }
}

impl<F> SourceFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, plan: Plan, source: Option<body::Source>) -> Self {
        let rule = Sourced::new(Head::new(plan.limits.head, plan.total), source);
        let (race, body_idle) = (Race::new(future, rule), plan.limits.body_idle);
        let reply = Reply::new(race, plan.trace);
        Self { reply, body_idle }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(plan: Plan) -> Self {
        let rule = Sourced::new(Head::Never, None);
        let reply = Reply::new(Race::refused(rule), plan.trace);
        let body_idle = None;
        Self { reply, body_idle }
    }
}

impl<F, B, E> Future for SourceFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let idle = *this.body_idle;
        this.reply
            .poll(cx, |body| ResponseBody::new(body, idle, None))
    }
}

pin_project! {
    /// A response, or [`Elapsed`](crate::Elapsed); of a [`Timeout`](crate::Timeout) that watches
    /// uploads.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and with it the attempt, and the timer. The request's body
    /// is the transport's by then, and goes on without being watched if the transport goes on.
    #[derive(Debug)]
    pub struct UploadFuture<F> {
        #[pin]
        reply: Reply<F, MaybeUpload>,
        body_idle: Option<Duration>,
    }
}

impl<F> UploadFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, plan: Plan, progress: Option<Shared>) -> Self {
        let Plan {
            limits,
            total,
            trace,
        } = plan;
        let rule = match progress {
            Some(progress) => MaybeUpload::Upload(Upload::new(limits.head, total, progress)),
            None => MaybeUpload::Head(Head::new(limits.head, total)),
        };
        let (reply, body_idle) = (Reply::new(Race::new(future, rule), trace), limits.body_idle);
        Self { reply, body_idle }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(plan: Plan) -> Self {
        let reply = Reply::new(Race::refused(MaybeUpload::Head(Head::Never)), plan.trace);
        let body_idle = None;
        Self { reply, body_idle }
    }
}

impl<F, B, E> Future for UploadFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let idle = *this.body_idle;
        this.reply
            .poll(cx, |body| ResponseBody::new(body, idle, None))
    }
}

pin_project! {
    /// A response, or [`Elapsed`](crate::Elapsed); of a [`WithDeadline`](crate::WithDeadline).
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and with it the whole call, and the timer.
    #[derive(Debug)]
    pub struct DeadlineFuture<F> {
        #[pin]
        reply: Reply<F, Head>,
        total: Option<Total>,
    }
}

impl<F> DeadlineFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, plan: Plan) -> Self {
        let race = Race::new(future, Head::new(None, plan.total));
        let (reply, total) = (Reply::new(race, plan.trace), plan.total);
        Self { reply, total }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(plan: Plan) -> Self {
        let (reply, total) = (
            Reply::new(Race::refused(Head::Never), plan.trace),
            plan.total,
        );
        Self { reply, total }
    }
}

impl<F, B, E> Future for DeadlineFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<ResponseBody<B>>, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let total = *this.total;
        this.reply
            .poll(cx, |body| ResponseBody::new(body, None, total))
    }
}

pin_project! {
    /// Whatever the inner service answers, or [`Elapsed`](crate::Elapsed); of a
    /// [`Timeout`](crate::Timeout) over any request type.
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the inner future, and with it the attempt, and the timer.
    #[derive(Debug)]
    pub struct HeadFuture<F> {
        #[pin]
        race: Race<F, Head>,
        trace: Option<Box<Trace>>,
    }
}

impl<F> HeadFuture<F> {
    #[inline]
    pub(crate) fn new(future: F, plan: Plan) -> Self {
        let race = Race::new(future, Head::new(plan.limits.head, plan.total));
        let trace = plan.trace;
        Self { race, trace }
    }

    /// The inner service was not called, because the deadline had passed.
    pub(crate) fn refused(plan: Plan) -> Self {
        let (race, trace) = (Race::refused(Head::Never), plan.trace);
        Self { race, trace }
    }
}

impl<F, T, E> Future for HeadFuture<F>
where
    F: Future<Output = Result<T, E>>,
    E: Into<BoxError>,
{
    type Output = Result<T, BoxError>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let trace = this.trace.as_deref();
        if let Poll::Ready(answer) = this.race.as_mut().poll_call(cx) {
            if let Some(trace) = trace {
                trace.answered(answer.is_ok());
            }
            return Poll::Ready(answer.map_err(Into::into));
        }
        let expiry = ready!(this.race.poll_limit(cx));
        Poll::Ready(Err(report::elapsed(expiry, trace.map(Trace::explain))))
    }
}
