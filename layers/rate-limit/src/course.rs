//! The way of one request, whoever puts it into words for the caller.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::Explain;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::ear::Ear;
use crate::error::{Failed, Refusal};
use crate::hold::Hold;
use crate::mode::Mode;

pin_project! {
    /// A wait, if there has to be one, and the call.
    pub(crate) struct Course<S, Req, F, M> {
        #[pin]
        step: Step<S, Req, F>,
        mode: PhantomData<fn() -> M>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<S, Req, F> {
        /// Waiting for tokens; in a box, since most requests do not.
        Holding {
            hold: Pin<Box<Hold<S, Req>>>,
            listener: Option<Box<Listener>>,
        },
        /// Waiting for the inner service's response.
        Calling {
            #[pin]
            inner: F,
            listener: Option<Box<Listener>>,
        },
        /// There is nothing to wait for.
        Refused { refusal: Option<Box<Refusal>> },
    }
}

/// Who is interested in the answer.
#[derive(Debug)]
pub(crate) struct Listener {
    explain: Option<Explain>,
    ear: Option<Ear>,
}

impl Listener {
    /// None, if nobody is.
    pub(crate) fn of(explain: Option<Explain>, ear: Option<Ear>) -> Option<Box<Self>> {
        let somebody = explain.is_some() || ear.is_some();
        somebody.then(|| Box::new(Self { explain, ear }))
    }

    #[cold]
    fn hear<M: Mode<Req, Res>, Req, Res>(&self, mut answer: Res) -> Res {
        if let (Some(ear), Some((status, headers))) = (&self.ear, M::head(&answer)) {
            ear.hear(status, headers);
        }
        if let (Some(explain), Some(extensions)) = (&self.explain, M::extensions_mut(&mut answer)) {
            explain.attach(extensions);
        }
        answer
    }
}

impl<S, Req, F, M> Course<S, Req, F, M> {
    #[inline]
    pub(crate) const fn calling(inner: F, listener: Option<Box<Listener>>) -> Self {
        Self::new(Step::Calling { inner, listener })
    }

    pub(crate) fn holding(hold: Hold<S, Req>, listener: Option<Box<Listener>>) -> Self {
        let hold = Box::pin(hold);
        Self::new(Step::Holding { hold, listener })
    }

    pub(crate) const fn refused(refusal: Box<Refusal>) -> Self {
        let refusal = Some(refusal);
        Self::new(Step::Refused { refusal })
    }

    #[inline]
    const fn new(step: Step<S, Req, F>) -> Self {
        let mode = PhantomData;
        Self { step, mode }
    }
}

impl<S, Req, M> Course<S, Req, S::Future, M>
where
    S: Service<Req>,
    M: Mode<Req, S::Response>,
{
    /// Polls on; `word` puts a failure into words.
    #[inline]
    pub(crate) fn drive<E>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        word: impl Fn(Failed<S::Error>) -> E,
    ) -> Poll<Result<S::Response, E>> {
        let mut this = self.project();
        loop {
            if let StepProj::Calling { inner, listener } = this.step.as_mut().project() {
                let end = inner.poll(cx).map_err(|e| word(Failed::Inner(e)));
                return match listener {
                    None => end,
                    Some(listener) => end.map_ok(|answer| listener.hear::<M, Req, _>(answer)),
                };
            }
            ready!(this.step.as_mut().begin(cx)).map_err(&word)?;
        }
    }
}

impl<S, Req> Step<S, Req, S::Future>
where
    S: Service<Req>,
{
    /// Goes on to the call, after the wait.
    #[cold]
    fn begin(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Failed<S::Error>>> {
        match self.as_mut().project() {
            StepProj::Holding { hold, listener } => {
                let inner = ready!(hold.as_mut().poll(cx))?;
                let listener = listener.take();
                self.set(Self::Calling { inner, listener });
                Poll::Ready(Ok(()))
            }
            StepProj::Refused { refusal } => {
                let refusal = refusal.take().expect("polled after it was over");
                Poll::Ready(Err(Failed::Refused(refusal)))
            }
            StepProj::Calling { .. } => Poll::Ready(Ok(())),
        }
    }
}
