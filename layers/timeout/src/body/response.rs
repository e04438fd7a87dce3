use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use buttress_kernel::BoxError;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::watch::Watch;
use crate::report::{self, Trace};
use crate::rule::{Total, Verdict};
use crate::timer;

pin_project! {
    /// A response's body whose time is limited.
    ///
    /// Frames, trailers, size and end are the inner body's. Its error is a [`BoxError`]: an
    /// [`Elapsed`](crate::Elapsed), or the inner body's own. After either it has ended.
    ///
    /// The idle clock runs while the consumer waits: it starts when a poll finds no frame and stops
    /// with the next one, so a consumer that takes its time between frames is never punished. The
    /// total runs always, the consumer's own time included.
    ///
    /// The timer is made when somebody first waits for a frame that is limited. It costs one
    /// allocation then, and a body without a limit, or one that never makes anybody wait, has none.
    ///
    /// # Cancellation
    ///
    /// Polling may be abandoned at any point and taken up again; no frame is lost. Dropping the body
    /// drops the inner one and the timer.
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        idle: Option<Duration>,
        total: Option<Total>,
        failed: bool,
        watch: Option<Pin<Box<Watch>>>,
    }
}

impl<B> ResponseBody<B> {
    #[inline]
    pub(crate) const fn new(inner: B, idle: Option<Duration>, total: Option<Total>) -> Self {
        let (failed, watch) = (false, None);
        Self {
            inner,
            idle,
            total,
            failed,
            watch,
        }
    }

    /// Lets a limit that runs out be written down.
    #[cold]
    pub(crate) fn explained(mut self, trace: &Trace) -> Self {
        let explain = Some(trace.explain().clone());
        self.watch = Some(Watch::new(self.idle, self.total, explain));
        self
    }

    /// The inner body.
    pub const fn get_ref(&self) -> &B {
        &self.inner
    }

    /// The inner body, without limits.
    pub fn into_inner(self) -> B {
        self.inner
    }
}

impl<B> Body for ResponseBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = B::Data;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, BoxError>>> {
        let this = self.project();
        if *this.failed {
            return Poll::Ready(None);
        }
        let expiry = match this.inner.poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(watch) = this.watch {
                    watch.as_mut().moved();
                }
                // An endless body must end with the total even if its frames never keep anybody
                // waiting.
                match this.total.map(|total| total.check(timer::now())) {
                    Some(Verdict::Expired(expiry)) => expiry,
                    _ => return Poll::Ready(Some(Ok(frame))),
                }
            }
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Ready(Some(Err(error))) => {
                *this.failed = true;
                return Poll::Ready(Some(Err(error.into())));
            }
            Poll::Pending if this.idle.is_none() && this.total.is_none() => return Poll::Pending,
            Poll::Pending => {
                let (idle, total) = (*this.idle, *this.total);
                let watch = this
                    .watch
                    .get_or_insert_with(|| Watch::new(idle, total, None));
                ready!(watch.as_mut().poll(cx))
            }
        };
        *this.failed = true;
        let explain = this.watch.as_ref().and_then(|watch| watch.explain());
        Poll::Ready(Some(Err(report::elapsed(expiry, explain))))
    }

    fn is_end_stream(&self) -> bool {
        self.failed || self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.failed {
            return SizeHint::with_exact(0);
        }
        self.inner.size_hint()
    }
}
