use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use buttress_kernel::{Body, BoxError};
use buttress_testkit::contract::{self, Inner, Subject};
use http::Request;
use tower::ServiceExt;
use tower::buffer::BufferLayer;
use tower_layer::layer_fn;
use tower_service::Service;

use crate::{Answering, assert_fails, calling};

#[test]
fn polling_one_service_and_waiting_for_a_clone_is_found() {
    let subject = calling(|inner, request| Box::pin(inner.clone().oneshot(request)));
    assert_fails(
        contract::the_ready_service_is_the_one_called(&subject),
        "never ended",
    );
}

#[test]
fn polling_one_service_and_calling_a_clone_is_found() {
    let subject = calling(|inner, request| Box::pin(inner.clone().call(request)));
    assert_fails(
        contract::the_ready_service_is_the_one_called(&subject),
        "poll_ready",
    );
}

#[test]
fn waking_without_end_is_found() {
    let subject = calling(|_, _| {
        Box::pin(std::future::poll_fn(|cx| {
            cx.waker().wake_by_ref();
            Poll::Pending
        }))
    });
    assert_fails(
        contract::the_ready_service_is_the_one_called(&subject),
        "without end",
    );
}

#[test]
fn a_readiness_that_stays_with_the_layer_is_found() {
    let subject = Subject::of(|| layer_fn(|inner| Pooled(Arc::new(Mutex::new(inner)))));
    let check = contract::an_uncalled_service_reserves_nothing_once_dropped(&subject);
    assert_fails(check, "permit was kept");
}

/// All clones share one inner instance, and with it its readiness.
#[derive(Clone)]
struct Pooled(Arc<Mutex<Inner>>);

impl Service<Request<Body>> for Pooled {
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Service::<Request<Body>>::poll_ready(&mut *self.0.lock().expect("no panic"), cx)
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        Box::pin(self.0.lock().expect("no panic").call(request))
    }
}

#[test]
fn a_service_made_ready_for_later_is_found() {
    let kept = Arc::new(Mutex::new(None));
    let subject = calling(move |inner, request| {
        let (mut next, kept) = (inner.clone(), Arc::clone(&kept));
        let answer = inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let mut cx = Context::from_waker(Waker::noop());
            let _ = Service::<Request<Body>>::poll_ready(&mut next, &mut cx);
            *kept.lock().unwrap() = Some(next);
            answer
        })
    });
    assert_fails(
        contract::an_idle_service_reserves_nothing(&subject),
        "permit was kept",
    );
}

/// A service whose readiness is `ready`'s, whatever the inner one's is.
#[derive(Clone)]
struct Claims<F>(Inner, F);

impl<F> Service<Request<Body>> for Claims<F>
where
    F: Fn(Poll<Result<(), BoxError>>) -> Poll<Result<(), BoxError>>,
{
    type Response = http::Response<Body>;
    type Error = BoxError;
    type Future = Answering;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        (self.1)(Service::<Request<Body>>::poll_ready(&mut self.0, cx))
    }

    fn call(&mut self, request: Request<Body>) -> Answering {
        Box::pin(self.0.clone().oneshot(request))
    }
}

type Claim = fn(Poll<Result<(), BoxError>>) -> Poll<Result<(), BoxError>>;

fn claiming(claim: Claim) -> Subject {
    Subject::of(move || layer_fn(move |inner| Claims(inner, claim)))
}

#[test]
fn claiming_to_be_ready_is_found() {
    let subject = claiming(|_| Poll::Ready(Ok(())));
    assert_fails(
        contract::readiness_waits_for_the_inner_service(&subject),
        "ready at poll 1",
    );
    assert_fails(
        contract::readiness_errors_keep_their_source(&subject),
        "ready, although",
    );
}

#[test]
fn never_being_ready_is_found() {
    let subject = claiming(|_| Poll::Pending);
    assert_fails(
        contract::readiness_waits_for_the_inner_service(&subject),
        "never ended",
    );
    assert_fails(
        contract::readiness_errors_keep_their_source(&subject),
        "never ended",
    );
}

#[test]
fn a_readiness_error_without_its_source_is_found() {
    let subject = claiming(|poll| poll.map_err(|error| error.to_string().into()));
    assert_fails(
        contract::readiness_errors_keep_their_source(&subject),
        "source chain",
    );
}

#[test]
fn towers_buffer_hides_readiness() {
    let subject = Subject::of(|| BufferLayer::<Request<Body>>::new(4));
    assert_fails(
        contract::readiness_waits_for_the_inner_service(&subject),
        "ready at poll 1",
    );
}
