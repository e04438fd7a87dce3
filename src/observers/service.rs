use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use buttress_fallback::Fallback;
use buttress_kernel::{BoxError, Failure};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::{Event, Observer, Observers, Stage};
use crate::observe::attempts_of;

impl<S> Layer<S> for Observers {
    type Service = ObservedService<S>;

    fn layer(&self, inner: S) -> ObservedService<S> {
        let observers = self.clone();
        ObservedService { inner, observers }
    }
}

/// The service of [`Observers`].
#[derive(Clone, Debug)]
pub struct ObservedService<S> {
    inner: S,
    observers: Observers,
}

impl<S, B, R> Service<Request<B>> for ObservedService<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = ObservedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let watch = Watch::begin(&self.observers, &request);
        ObservedFuture {
            future: self.inner.call(request),
            watch,
        }
    }
}

pin_project! {
    /// The future of an [`ObservedService`].
    ///
    /// # Cancellation
    ///
    /// Dropping it drops the call; its observers are told.
    #[derive(Debug)]
    pub struct ObservedFuture<F> {
        // First, so that the call is over when its end is told.
        #[pin]
        future: F,
        watch: Option<Box<Watch>>,
    }
}

impl<F, R, E> Future for ObservedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
    E: Into<BoxError>,
{
    type Output = Result<Response<R>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let end = ready!(this.future.poll(cx)).map_err(Into::into);
        if let Some(mut watch) = this.watch.take() {
            watch.end(&end);
        }
        Poll::Ready(end)
    }
}

/// A call that somebody is told of.
#[derive(Debug)]
struct Watch {
    event: Event,
    observers: Vec<Arc<Observer>>,
}

impl Watch {
    fn begin<B>(observers: &Observers, request: &Request<B>) -> Option<Box<Self>> {
        let all = observers.registry.all();
        let base = observers.base.as_deref();
        let matching = all.iter().filter(|one| one.pattern.matches(request, base));
        let observers: Vec<_> = matching.cloned().collect();
        if observers.is_empty() {
            return None;
        }
        let event = Event::started(request);
        let watch = Box::new(Self { event, observers });
        watch.tell();
        Some(watch)
    }

    fn end<R>(&mut self, end: &Result<Response<R>, BoxError>) {
        match end {
            Ok(response) => {
                let extensions = response.extensions();
                self.event.attempts = attempts_of(extensions);
                self.event.is_fallback = Fallback::of(extensions).is_some();
                self.event.reach(Stage::Answered(response.status()));
            }
            Err(error) => {
                let failure = Failure::of(&**error);
                self.event.attempts = failure.attempts();
                let (kind, sent) = (failure.kind(), failure.sent());
                self.event.reach(Stage::Failed { kind, sent });
            }
        }
        self.tell();
    }

    fn tell(&self) {
        for observer in &self.observers {
            observer.tell(&self.event);
        }
    }
}

/// A call that ended has told so already.
impl Drop for Watch {
    fn drop(&mut self) {
        if !self.event.stage().is_end() {
            self.event.reach(Stage::Cancelled);
            self.tell();
        }
    }
}
