use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Sent, TransportError};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use tokio::time::sleep;

use super::Subject;
use super::rig::{Marker, Rig, bounded, finish, get, put, send};
use crate::{Scripted, Step, channel};

/// However far a call has come, dropping it gives everything back, at once.
///
/// Calls to servers that are slow, fail, or fail first are dropped after every number of polls until
/// one is left to end. Each time, no call of the inner service may go on, then or later; no permit,
/// response body or request body may be kept; and a later call of the same service must end, with
/// success if nothing had failed.
///
/// # Panics
///
/// If anything is kept, goes on, or a later call is stuck.
pub async fn dropped_calls_give_everything_back(subject: &Subject) {
    for scene in scenes() {
        for polls in 1.. {
            assert_not_endless(polls, scene.name);
            if drop_after(polls, &scene, subject).await {
                break;
            }
        }
    }
}

struct Scene {
    name: &'static str,
    steps: Vec<Step>,
    not_ready: u32,
    well: bool,
}

impl Scene {
    fn not_ready(self, not_ready: u32) -> Self {
        Self { not_ready, ..self }
    }
}

fn scenes() -> Vec<Scene> {
    let pause = Duration::from_millis(10);
    let scene = |name, well, steps: &[&Step]| Scene {
        name,
        steps: steps.iter().copied().cloned().collect(),
        not_ready: 0,
        well,
    };
    let broken = || TransportError::broken(Sent::Maybe, Marker);
    let slow = Step::ok().body("body").pending(3).after(pause);
    let slow_503 = Step::status(503).body("busy").pending(1).after(pause);
    let breaks = Step::error(broken).pending(1);
    vec![
        scene(
            "a server that answers at once",
            true,
            &[&Step::ok().body("body")],
        ),
        scene("a slow server", true, &[&slow]),
        scene("a server that is slow to be ready", true, &[&slow]).not_ready(2),
        scene("503, then 200", false, &[&slow_503, &slow]),
        scene(
            "503, slow to be ready, then 200",
            false,
            &[&slow_503, &slow],
        )
        .not_ready(2),
        scene("a broken connection, then 200", false, &[&breaks, &slow]),
        scene(
            "a connection that breaks each time",
            false,
            &[&breaks.clone().after(pause)],
        ),
    ]
}

/// Drops a call after so many polls; whether it had ended by then.
async fn drop_after(polls: u32, scene: &Scene, subject: &Subject) -> bool {
    let when = format!("{}, call dropped after poll {polls}", scene.name);
    let rig = Rig::of(Scripted::new(scene.steps.clone()).not_ready(scene.not_ready));
    let mut service = subject.layer()(rig.inner());
    let (body, alive) = Guarded::body();

    let ended = poll_at_most(polls, &when, send(&mut service, put("dropped", body))).await;
    if rig.server.calls().is_empty() {
        // The instance that was being made ready may keep its place; only its end frees it.
        service = service.clone();
    }
    rig.assert_at_rest(&when);
    assert!(
        alive.upgrade().is_none(),
        "{when}, the request's body was kept"
    );
    assert_nothing_goes_on(&rig, &when).await;

    let later = finish(&format!("{when}: a later call"), &mut service, get("later")).await;
    assert!(
        later.is_ok() || !scene.well,
        "{when}: a later call ended with {later:?}"
    );
    ended
}

async fn assert_nothing_goes_on(rig: &Rig, when: &str) {
    let calls = rig.server.calls().len();
    sleep(Duration::from_secs(60 * 60)).await;
    let more = rig.server.calls().len() - calls;
    assert_eq!(
        more, 0,
        "{when}, the inner service was called in the hour after"
    );
    rig.assert_at_rest(&format!("{when}, an hour later"));
}

/// A call that is dropped, however far it has come, does not stop another call of the same URI that
/// runs beside it.
///
/// Calls that wait for each other (in a queue, or for one fetch that serves all) have to hand over.
///
/// # Panics
///
/// If the other call never ends, or fails.
pub async fn a_dropped_call_does_not_stop_another(subject: &Subject) {
    for polls in 1.. {
        assert_not_endless(polls, "a slow server");
        let when = format!("a call beside another one that was dropped after poll {polls}");
        let rig = Rig::new([Step::ok()
            .body("body")
            .pending(3)
            .after(Duration::from_millis(10))]);
        let mut first = subject.layer()(rig.inner());
        let mut other = first.clone();
        let first = async move { send(&mut first, get("same")).await };
        let (ended, answer) = tokio::join!(
            poll_at_most(polls, &when, first),
            finish(&when, &mut other, get("same")),
        );
        assert!(answer.is_ok(), "{when}, ended with {answer:?}");
        assert_nothing_goes_on(&rig, &when).await;
        if ended {
            break;
        }
    }
}

/// More polls than any of these calls can need.
const ENDLESS: u32 = 1_000;

fn assert_not_endless(polls: u32, name: &str) {
    assert!(polls < ENDLESS, "{name}: a call wakes itself without end");
}

/// Polls a future until it ends or was polled so often, and drops it and what it returned.
async fn poll_at_most<F: Future>(polls: u32, when: &str, future: F) -> bool {
    let mut future = Box::pin(future);
    let mut left = polls;
    let cut = poll_fn(|cx| {
        left -= 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if left == 0 => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    });
    bounded(when, cut).await
}

/// Dropping a response's body drops the inner service's, whether it was half read or not at all.
///
/// # Panics
///
/// If the inner body lives on, or a later call is stuck.
pub async fn dropped_response_bodies_end_inside(subject: &Subject) {
    for read in [false, true] {
        let when = format!(
            "a body dropped {}",
            if read { "half read" } else { "unread" }
        );
        let (sender, body) = channel();
        let rig = Rig::new([Step::ok().body(body), Step::ok()]);
        let mut service = subject.layer()(rig.inner());
        let response = bounded(&when, send(&mut service, get("body"))).await;
        let mut body = response
            .expect("a call that the server answered with 200")
            .into_body();
        if read {
            sender.data("half");
            let frame = bounded(&when, poll_fn(|cx| Pin::new(&mut body).poll_frame(cx))).await;
            assert!(
                matches!(frame, Some(Ok(_))),
                "{when}: the first half: {frame:?}"
            );
        }
        drop(body);
        assert!(sender.is_closed(), "{when}: the inner body lives on");
        rig.assert_at_rest(&when);
        let later = finish(&format!("{when}: a later call"), &mut service, get("later")).await;
        assert!(later.is_ok(), "{when}: a later call ended with {later:?}");
    }
}

/// A request's body that shows whether it lives.
struct Guarded {
    body: Body,
    _alive: Arc<()>,
}

impl Guarded {
    fn body() -> (Body, Weak<()>) {
        let alive = Arc::new(());
        let weak = Arc::downgrade(&alive);
        let body = Body::from("the request's body");
        (
            Body::stream(Self {
                body,
                _alive: alive,
            }),
            weak,
        )
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
