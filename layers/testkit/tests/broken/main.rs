//! Each check of the contract fails over a layer that breaks it.

mod bodies;
mod cancellation;
mod errors;
mod heads;
mod readiness;
mod state;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use buttress_testkit::contract::{self, Inner, Subject};
use http::{Request, Response};
use tower_layer::layer_fn;
use tower_service::Service;

type Answer = Result<Response<Body>, BoxError>;
type Answering = Pin<Box<dyn Future<Output = Answer> + Send>>;

/// A service that is ready when its inner one is, and wrong in `call`.
#[derive(Clone)]
struct Broken<F> {
    inner: Inner,
    call: F,
}

impl<F: Fn(&mut Inner, Request<Body>) -> Answering> Service<Request<Body>> for Broken<F> {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request<Body>>::poll_ready(&mut self.inner, cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        (self.call)(&mut self.inner, request)
    }
}

/// Layers whose services answer as `call` does; each of its own making, so state is not shared.
fn calling<F>(call: F) -> Subject
where
    F: Fn(&mut Inner, Request<Body>) -> Answering + Clone + Send + 'static,
{
    Subject::of(move || {
        let call = call.clone();
        layer_fn(move |inner| Broken {
            inner,
            call: call.clone(),
        })
    })
}

/// Layers that change requests.
fn changing_requests(change: fn(Request<Body>) -> Request<Body>) -> Subject {
    calling(move |inner, request| Box::pin(inner.call(change(request))))
}

/// Layers that change what comes back.
fn changing_answers<C, F>(change: C) -> Subject
where
    C: Fn(Answer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Answer> + Send + 'static,
{
    calling(move |inner, request| {
        let (change, answer) = (change.clone(), inner.call(request));
        Box::pin(async move { change(answer.await).await })
    })
}

/// Runs a check that must fail, and say so with these words.
#[track_caller]
fn assert_fails(check: impl Future<Output = ()>, words: &str) {
    let end = catch_unwind(AssertUnwindSafe(|| contract::run(check)));
    let panic = end.expect_err("the check passed over a broken layer");
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said
        .or(panic.downcast_ref::<&str>().copied())
        .expect("a panic's message");
    assert!(
        said.contains(words),
        "the check failed for another reason: {said}"
    );
}

#[test]
fn a_check_that_passes_is_not_taken_for_a_failure() {
    let identity = Subject::of(tower::layer::util::Identity::new);
    let claim = AssertUnwindSafe(|| {
        assert_fails(contract::errors_keep_their_source(&identity), "");
    });
    assert!(catch_unwind(claim).is_err());
}
