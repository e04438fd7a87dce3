//! A request on hold.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};
use tower_service::Service;

use crate::error::Failed;
use crate::wait::Wait;

pin_project! {
    /// Waits for tokens, then for the service, then calls it.
    pub(crate) struct Hold<S, Req> {
        service: S,
        request: Option<Req>,
        #[pin]
        sleep: Sleep,
        wait: Option<Wait>,
    }
}

impl<S, Req> Hold<S, Req> {
    /// `service` need not be ready, and has no place of the inner service while it waits.
    pub(crate) fn new(service: S, request: Req, wait: Wait) -> Self {
        let until = wait.shared.instant(wait.until);
        Self {
            service,
            request: Some(request),
            sleep: time::sleep_until(until.into()),
            wait: Some(wait),
        }
    }
}

impl<S, Req> Hold<S, Req>
where
    S: Service<Req>,
{
    /// The call's own future, once it has begun.
    ///
    /// # Panics
    ///
    /// When polled again after that.
    pub(crate) fn poll(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Future, Failed<S::Error>>> {
        let mut this = self.project();
        if let Some(wait) = this.wait.as_mut() {
            ready!(wait.poll(this.sleep.as_mut(), cx)).map_err(Failed::Refused)?;
        }
        if let Err(error) = ready!(this.service.poll_ready(cx)) {
            *this.wait = None;
            return Poll::Ready(Err(Failed::Inner(error)));
        }
        if let Some(wait) = this.wait.take() {
            wait.spend();
        }
        let request = this.request.take().expect("polled after it was over");
        Poll::Ready(Ok(this.service.call(request)))
    }
}
