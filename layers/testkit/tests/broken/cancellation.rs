use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use buttress_testkit::channel;
use buttress_testkit::contract::{
    Inner, Subject, a_dropped_call_does_not_stop_another, dropped_calls_give_everything_back,
    dropped_response_bodies_end_inside,
};
use http::{Request, Response};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;
use tower::ServiceExt;
use tower_layer::layer_fn;
use tower_service::Service;

use crate::{Answer, Answering, Broken, assert_fails, calling, changing_answers};

#[test]
fn work_in_a_task_of_its_own_is_found() {
    let subject = calling(|inner, request| {
        let task = tokio::spawn(inner.call(request));
        Box::pin(async move { task.await? })
    });
    assert_fails(dropped_calls_give_everything_back(&subject), "went on");
}

#[test]
fn a_call_begun_by_a_task_after_the_drop_is_found() {
    let subject = calling(|inner, request| {
        let (answer, again) = (inner.call(request), inner.clone());
        Box::pin(async move {
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_secs(60)).await;
                again.oneshot(Request::new(Body::empty())).await
            });
            answer.await
        })
    });
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "in the hour after",
    );
}

#[test]
fn a_kept_future_is_found() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let subject = calling(move |inner, request| {
        let kept = Arc::clone(&kept);
        let mut answer = Box::pin(inner.call(request));
        Box::pin(async move {
            let ended = tokio::time::timeout(Duration::from_millis(1), &mut answer).await;
            kept.lock().unwrap().push(answer);
            ended?
        })
    });
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "permit was kept",
    );
}

/// Layers that take one call at a time, and lose the place when a call is dropped.
fn losing_places() -> Subject {
    Subject::of(|| {
        let places = Arc::new(Semaphore::new(1));
        layer_fn(move |inner| {
            let places = Arc::clone(&places);
            let call = move |inner: &mut Inner, request| -> Answering {
                let (places, answer) = (Arc::clone(&places), inner.call(request));
                Box::pin(async move {
                    places.acquire().await?.forget();
                    let answer = answer.await;
                    places.add_permits(1);
                    answer
                })
            };
            Broken { inner, call }
        })
    })
}

#[test]
fn a_place_that_a_drop_loses_is_found() {
    let subject = losing_places();
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "a later call never ended",
    );
    assert_fails(
        a_dropped_call_does_not_stop_another(&subject),
        "never ended",
    );
}

#[test]
fn a_readiness_lost_between_attempts_is_found() {
    let kept = Arc::new(Mutex::new(None));
    let subject = calling(move |inner, request| {
        let (kept, next, answer) = (Arc::clone(&kept), inner.clone(), inner.call(request));
        Box::pin(async move {
            let answer = answer.await?;
            if answer.status() != 503 {
                return Ok(answer);
            }
            drop(answer);
            // The layer owns what waits for readiness, and a drop leaves it there.
            *kept.lock().unwrap() = Some(next);
            poll_fn(|cx| {
                let mut kept = kept.lock().unwrap();
                let next = kept.as_mut().expect("kept above");
                Service::<Request<Body>>::poll_ready(next, cx)
            })
            .await?;
            let next = kept.lock().unwrap().take();
            next.expect("kept above")
                .call(Request::new(Body::empty()))
                .await
        })
    });
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "permit was kept",
    );
}

#[test]
fn a_kept_request_body_is_found() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let subject = calling(move |inner, request| {
        let (head, body) = request.into_parts();
        kept.lock().unwrap().push(body);
        Box::pin(inner.call(Request::from_parts(head, Body::empty())))
    });
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "request's body was kept",
    );
}

#[test]
fn a_kept_response_body_is_found() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let subject = calling(move |inner, request| {
        let (kept, answer) = (Arc::clone(&kept), inner.call(request));
        Box::pin(async move {
            let (head, body) = answer.await?.into_parts();
            kept.lock().unwrap().push(body);
            Ok(Response::from_parts(head, Body::empty()))
        })
    });
    assert_fails(
        dropped_calls_give_everything_back(&subject),
        "response's body was kept",
    );
}

#[test]
fn a_response_body_pumped_by_a_task_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        let (head, mut inner) = answer?.into_parts();
        let (sender, body) = channel();
        tokio::spawn(async move {
            while let Some(frame) = inner.frame().await {
                match frame?.into_data() {
                    Ok(data) => sender.data(data),
                    Err(frame) => sender.trailers(frame.into_trailers().unwrap_or_default()),
                }
            }
            Ok::<_, BoxError>(())
        });
        Ok(Response::from_parts(head, body))
    });
    assert_fails(dropped_response_bodies_end_inside(&subject), "lives on");
}
