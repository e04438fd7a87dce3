//! The future of the service.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use http::Response;
use pin_project_lite::pin_project;

use crate::body::CacheBody;
use crate::lean::Lean;
use crate::shared::Settling;

pub(crate) type Answered<B> = Result<Response<CacheBody<B>>, BoxError>;

pub(crate) type Quest<B> = Pin<Box<dyn Future<Output = Answered<B>> + Send>>;

pin_project! {
    /// The response, from the store or from the inner service.
    ///
    /// # Cancellation
    ///
    /// Dropped while it leads a fetch for several requests, another one of them takes the lead.
    /// Dropped while it waits for one, nothing happens to the others. A fetch that nobody waits for
    /// is dropped. What goes on is a validation in the background, which has a time limit of its own.
    pub struct ResponseFuture<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B> {
        /// Answered at once.
        Ready { answer: Option<Response<CacheBody<B>>> },
        /// Asking the origin for something that is hardly to be stored.
        Passing { #[pin] inner: F, lean: Lean },
        /// Everything else; in a box, since it takes a fetch anyway.
        Quest { quest: Quest<B> },
    }
}

impl<F, B> ResponseFuture<F, B> {
    #[inline]
    pub(crate) const fn ready(answer: Response<CacheBody<B>>) -> Self {
        let answer = Some(answer);
        Self {
            state: State::Ready { answer },
        }
    }

    #[inline]
    pub(crate) const fn passing(inner: F, lean: Lean) -> Self {
        Self {
            state: State::Passing { inner, lean },
        }
    }

    pub(crate) fn quest(quest: impl Future<Output = Answered<B>> + Send + 'static) -> Self {
        let quest: Quest<B> = Box::pin(quest);
        Self {
            state: State::Quest { quest },
        }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    E: Into<BoxError>,
    B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Output = Answered<B>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Answered<B>> {
        let mut state = self.project().state;
        match state.as_mut().project() {
            StateProj::Ready { answer } => {
                Poll::Ready(Ok(answer.take().expect("polled after it was over")))
            }
            StateProj::Passing { inner, lean } => {
                let answer = ready!(inner.poll(cx)).map_err(Into::into)?;
                let answer = lean.pass(answer);
                let Some(unsettled) = lean.unsettled() else {
                    return Poll::Ready(Ok(answer));
                };
                let mut quest: Quest<B> = Box::pin(after(unsettled, answer));
                let polled = quest.as_mut().poll(cx);
                state.set(State::Quest { quest });
                polled
            }
            StateProj::Quest { quest } => quest.as_mut().poll(cx),
        }
    }
}

/// An answer that nobody may see before the store has forgotten what it makes out of date.
async fn after<B>(unsettled: Vec<Settling>, answer: Response<CacheBody<B>>) -> Answered<B> {
    for settling in unsettled {
        settling.end().await;
    }
    Ok(answer)
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
