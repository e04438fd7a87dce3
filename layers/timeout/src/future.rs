//! The futures of the services.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use http::Response;
use pin_project_lite::pin_project;

use crate::body::ResponseBody;
use crate::plan::Plan;
use crate::race::Race;
use crate::reply::{BodyLimits, Reply};
use crate::report::{self, Trace};
use crate::rule::Head;
use crate::upload::{Shared, Upload};

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
    }
}

impl<F> ResponseFuture<F> {
    /// `None` for a future: the inner service was not called, because the deadline had passed.
    #[inline]
    pub(crate) fn new(future: Option<F>, plan: Plan) -> Self {
        let Plan {
            limits,
            total,
            trace,
        } = plan;
        let race = Race::new(future, Head::new(limits.head, total));
        let body = BodyLimits {
            idle: limits.body_idle,
            total: None,
        };
        let reply = Reply::new(race, body, trace);
        Self { reply }
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
        self.project().reply.poll(cx)
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
        reply: Reply<F, Upload>,
    }
}

impl<F> UploadFuture<F> {
    /// `None` for a future: the inner service was not called, because the deadline had passed.
    #[inline]
    pub(crate) fn new(future: Option<F>, plan: Plan, progress: Option<Shared>) -> Self {
        let Plan {
            limits,
            total,
            trace,
        } = plan;
        let race = Race::new(future, Upload::new(Head::new(limits.head, total), progress));
        let body = BodyLimits {
            idle: limits.body_idle,
            total: None,
        };
        let reply = Reply::new(race, body, trace);
        Self { reply }
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
        self.project().reply.poll(cx)
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
    }
}

impl<F> DeadlineFuture<F> {
    /// `None` for a future: the inner service was not called, because the deadline had passed.
    #[inline]
    pub(crate) fn new(future: Option<F>, plan: Plan) -> Self {
        let Plan {
            limits,
            total,
            trace,
        } = plan;
        let race = Race::new(future, Head::new(limits.head, total));
        let body = BodyLimits { idle: None, total };
        let reply = Reply::new(race, body, trace);
        Self { reply }
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
        self.project().reply.poll(cx)
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
        trace: Option<Trace>,
    }
}

impl<F> HeadFuture<F> {
    /// `None` for a future: the inner service was not called, because the deadline had passed.
    #[inline]
    pub(crate) fn new(future: Option<F>, plan: Plan) -> Self {
        let Plan {
            limits,
            total,
            trace,
        } = plan;
        let race = Race::new(future, Head::new(limits.head, total));
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
        let this = self.project();
        let end = ready!(this.race.poll(cx));
        Poll::Ready(report::settle(end, this.trace.as_ref()))
    }
}
