use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use buttress_cache::{Cache, CacheLayer};
use buttress_kernel::{Body, BoxError};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

const SLOW: Duration = Duration::from_millis(10);

/// A way that a request can take, by what is in the store and what the server does.
struct Scene {
    name: &'static str,
    steps: Vec<Step>,
    /// What is sent, and let rest for so long, before.
    before: Option<u64>,
}

fn scenes() -> Vec<Scene> {
    let scene = |name, steps: &[Step], before| Scene {
        name,
        steps: steps.to_vec(),
        before,
    };
    let slow = |step: Step| step.pending(2).after(SLOW);
    let swr = "max-age=1, stale-while-revalidate=60";
    let stale = |control| {
        Step::ok()
            .header("cache-control", control)
            .header("etag", "\"a\"")
            .body("one")
    };
    let same = Step::status(304)
        .header("etag", "\"a\"")
        .header("cache-control", "max-age=60");
    vec![
        scene("a miss that is stored", &[slow(fresh("one"))], None),
        scene("a miss that is not", &[slow(uncacheable("one"))], None),
        scene("a validation", &[stale("max-age=1"), slow(same)], Some(5)),
        scene(
            "a validation behind",
            &[stale(swr), slow(fresh("one"))],
            Some(5),
        ),
        scene("a hit", &[fresh("one")], Some(0)),
    ]
}

/// Sends a request, and drops it after so many polls; whether it had ended.
async fn dropped(service: &Cache<Scripted>, polls: usize) -> bool {
    let call = async { send(service, get("/")).await };
    let mut call = pin!(call);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
        if polled.is_ready() {
            return true;
        }
        tokio::time::sleep(SLOW / 5).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn whoever_goes_at_whatever_point_leaves_nothing_and_stops_nobody() {
    for scene in scenes() {
        for (before, after) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            for polls in 0.. {
                assert!(polls < 100, "{}: it never ends", scene.name);
                let layer = private();
                let (service, server) = over(&layer, scene.steps.clone());
                if let Some(rest) = scene.before {
                    send(&service, get("/")).await;
                    pass(seconds(rest)).await;
                }
                let others = |count| {
                    let calls = (0..count).map(|_| {
                        let service = service.clone();
                        tokio::spawn(async move { send(&service, get("/")).await.body })
                    });
                    calls.collect::<Vec<_>>()
                };
                let earlier = others(before);
                tokio::task::yield_now().await;
                let (ended, later) =
                    tokio::join!(dropped(&service, polls), async { others(after) });
                let when = format!("{}, dropped after poll {polls}", scene.name);
                for other in earlier.into_iter().chain(later) {
                    assert_eq!(other.await.expect(&when), "one", "{when}");
                }
                pass(seconds(1)).await;
                assert_eq!((server.in_flight(), server.open_bodies()), (0, 0), "{when}");
                assert_eq!(send(&service, get("/")).await.body, "one", "{when}");
                if ended {
                    break;
                }
            }
        }
    }
}

/// A service of which one call at a time is allowed.
fn one_at_a_time(
    layer: &CacheLayer,
    step: Step,
) -> impl tower::Service<Request<Body>, Response = Answer, Error = BoxError, Future: Send> + Clone + use<>
{
    let server = Scripted::new([step]);
    let limit = tower::limit::GlobalConcurrencyLimitLayer::new(1);
    layer.layer(limit.layer(server))
}

#[tokio::test(start_paused = true)]
async fn trap9_whoever_waits_or_was_answered_holds_no_place_of_the_inner_service() {
    let service = one_at_a_time(&private(), fresh("one").after(SLOW));
    let mut calls = Vec::new();
    for _ in 0..5 {
        let service = service.clone();
        calls.push(tokio::spawn(async move {
            read(service.oneshot(get("/")).await.unwrap())
                .await
                .unwrap()
                .body
        }));
    }
    for call in calls {
        assert_eq!(call.await.unwrap(), "one");
    }
    let mut answered = service.clone();
    let hit = answered.ready().await.unwrap().call(get("/"));
    assert_eq!(read(hit.await.unwrap()).await.unwrap().body, "one");
    let other = tokio::time::timeout(seconds(1), service.clone().oneshot(get("/other"))).await;
    assert!(
        other.is_ok(),
        "the service that was answered is still there, and idle"
    );
    drop(answered);
}

#[test]
fn without_a_runtime_what_is_stale_is_served_all_the_same() {
    let (clock, shown) = by_hand();
    let layer = CacheLayer::private().wall_clock(shown);
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=60")
        .body("one");
    let (service, server) = over(&layer, [stale]);
    let send = || {
        let mut call = pin!(crate::support::send(&service, get("/")));
        match call.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(read) => read.body,
            Poll::Pending => panic!("nothing here waits"),
        }
    };
    assert_eq!(send(), "one");
    clock.advance(seconds(5));
    assert_eq!(send(), "one");
    assert_eq!(server.calls().len(), 1);
}
