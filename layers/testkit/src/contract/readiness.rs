use std::future::poll_fn;
use std::task::{Context, Poll, Waker};

use tower_service::Service;

use super::rig::{Marker, Rig, assert_marked, bounded, finish, get};
use super::{Subject, Tested};
use crate::{Scripted, Step};

/// The service whose `poll_ready` was `Ready` is the one that is called, in every call and every
/// attempt.
///
/// Over a service that takes one call at a time, a layer that polls one instance and calls a clone
/// waits for itself for ever. Two callers at once have to take turns, and a call after a failed one
/// must work.
///
/// # Panics
///
/// If a call never ends, or an instance is called that was not ready.
pub async fn the_ready_service_is_the_one_called(subject: &Subject) {
    let rig = Rig::new([
        Step::ok(),
        Step::status(503),
        Step::error(|| Marker),
        Step::ok(),
    ]);
    let mut service = subject.layer()(rig.inner());
    for number in 1..=6 {
        let what = format!("call {number} of one service over a server of one call at a time");
        // How it ends is another check's question.
        let _ = finish(&what, &mut service, get(&number.to_string())).await;
    }

    let rig = Rig::new([Step::ok().pending(2)]);
    let mut one = subject.layer()(rig.inner());
    let mut other = one.clone();
    let what = "a call of one of two clones that share a server of one call at a time";
    let (one, other) = tokio::join!(
        finish(what, &mut one, get("one")),
        finish(what, &mut other, get("other")),
    );
    assert!(
        one.is_ok() && other.is_ok(),
        "two calls at once: {one:?}, {other:?}"
    );
    rig.assert_at_rest("after calls that ended");
}

/// A service that was made ready and is dropped without a call gives its place back.
///
/// tower's readiness reserves: until it is called or dropped, a ready instance may hold a permit.
/// What it must not do is leave the permit with the layer.
///
/// # Panics
///
/// If the place stays taken, or another clone's call never ends.
pub async fn an_uncalled_service_reserves_nothing_once_dropped(subject: &Subject) {
    let rig = Rig::new([Step::ok()]);
    let service = subject.layer()(rig.inner());
    let (mut uncalled, mut other) = (service.clone(), service);
    let ready = bounded("readiness of a fresh service", ready(&mut uncalled)).await;
    assert!(
        ready.is_ok(),
        "a fresh service over a ready one was not ready: {ready:?}"
    );
    drop(uncalled);

    rig.assert_at_rest("once a ready clone was dropped without a call");
    let end = finish(
        "a call after a ready clone was dropped",
        &mut other,
        get("other"),
    )
    .await;
    assert!(
        end.is_ok(),
        "a call after a ready clone was dropped: {end:?}"
    );
}

/// A service that has finished its calls holds nothing, nor do clones that were never polled.
///
/// # Panics
///
/// If the inner service's permit stays taken while nobody is calling.
pub async fn an_idle_service_reserves_nothing(subject: &Subject) {
    let rig = Rig::new([Step::ok().body("body")]);
    let mut service = subject.layer()(rig.inner());
    let _clone = service.clone();
    rig.assert_at_rest("before the first call");
    let end = finish("a call", &mut service, get("idle")).await;
    assert!(
        end.is_ok(),
        "a call that the server answered with 200: {end:?}"
    );
    rig.assert_at_rest("after a call that ended");
}

/// The layer is not ready before the service in it is.
///
/// # Panics
///
/// If it says so earlier, or never.
pub async fn readiness_waits_for_the_inner_service(subject: &Subject) {
    let rig = Rig::of(Scripted::new([Step::ok()]).not_ready(3));
    let mut service = subject.layer()(rig.inner());
    let mut polls = 0;
    let counted = poll_fn(|cx| {
        polls += 1;
        service.poll_ready(cx)
    });
    let ready = bounded(
        "readiness over a service that is ready at the fourth poll",
        counted,
    )
    .await;
    assert!(ready.is_ok(), "readiness over a slow service: {ready:?}");
    assert!(
        polls > 3,
        "ready at poll {polls}, when the inner service was not"
    );

    let rig = Rig::of(Scripted::new([Step::ok()]).never_ready());
    let mut service = subject.layer()(rig.inner());
    for _ in 0..10 {
        let poll = service.poll_ready(&mut Context::from_waker(Waker::noop()));
        assert!(
            matches!(poll, Poll::Pending),
            "{poll:?} over a service that is never ready"
        );
    }
}

/// An error of the inner `poll_ready` comes out of the layer's, with its source.
///
/// # Panics
///
/// If `poll_ready` says `Ready(Ok)` or never ends, or if the inner error is not in the source chain.
pub async fn readiness_errors_keep_their_source(subject: &Subject) {
    let rig = Rig::of(Scripted::new([Step::ok()]).ready_error(|| Marker));
    let mut service = subject.layer()(rig.inner());
    match bounded("readiness over a service that fails", ready(&mut service)).await {
        Ok(()) => panic!("ready, although the inner service's `poll_ready` failed"),
        Err(error) => assert_marked(&error, "the error of the inner `poll_ready`"),
    }
}

async fn ready(service: &mut Tested) -> Result<(), buttress_kernel::BoxError> {
    poll_fn(|cx| service.poll_ready(cx)).await
}
