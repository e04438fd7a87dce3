use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_cache::{CacheLayer, CacheStatus, Mode, Override};
use buttress_kernel::{Explain, Trail};
use buttress_testkit::Step;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::*;

/// Every event of this crate on a line of its own.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "buttress_cache" {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

pub(crate) fn listen() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    (lines, buttress_testkit::listen(subscriber))
}

impl Lines {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

const SECRET: &str = "/a?token=secret";

#[tokio::test(start_paused = true)]
async fn sp33_a_miss_a_hit_and_a_write_are_events_without_a_query() {
    let (lines, _guard) = listen();
    let (service, _) = over(&private(), [fresh("one"), Step::ok()]);
    send(
        &service,
        with(get(SECRET), "authorization", "Bearer secret"),
    )
    .await;
    let seen = lines.take();
    assert_eq!(
        seen[0],
        "DEBUG message=forwarded key=http://api.example/a reason=\"uri-miss\""
    );
    assert!(
        seen[1].starts_with("DEBUG message=stored key=http://api.example/a bytes="),
        "{seen:?}"
    );
    pass(seconds(3)).await;
    send(
        &service,
        with(get(SECRET), "authorization", "Bearer secret"),
    )
    .await;
    assert_eq!(
        lines.take(),
        ["DEBUG message=hit key=http://api.example/a age_s=3 ttl_s=57"]
    );

    let mut write = with(get(SECRET), "authorization", "Bearer secret");
    *write.method_mut() = http::Method::PUT;
    send(&service, write).await;
    assert_eq!(
        lines.take(),
        [
            "DEBUG message=invalidated key=http://api.example/a responses=1",
            "DEBUG message=invalidated key=http://api.example/a responses=0"
        ],
        "the second is what came without credentials"
    );
}

#[tokio::test(start_paused = true)]
async fn a_shared_fetch_is_an_event_for_whoever_waited() {
    let (lines, _guard) = listen();
    let (service, _) = over(&private(), [fresh("one").after(seconds(1))]);
    let _ = tokio::join!(head(&service, get("/")), head(&service, get("/")));
    assert_eq!(
        lines.take(),
        [
            "DEBUG message=forwarded key=http://api.example/ reason=\"uri-miss\"",
            "DEBUG message=collapsed key=http://api.example/",
            "DEBUG message=not stored key=http://api.example/ reason=\"cut off\"",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn why_something_was_not_stored_is_an_event() {
    let (lines, _guard) = listen();
    let layer = private().max_entry(3).unwrap();
    let short = fresh("12").header("content-length", "3");
    let (service, _) = over(&layer, [fresh("long"), short]);
    send(&service, get("/")).await;
    send(&service, get("/")).await;
    let reasons: Vec<_> = lines
        .take()
        .into_iter()
        .filter(|line| line.contains("not stored"))
        .collect();
    assert_eq!(
        reasons,
        [
            "DEBUG message=not stored key=http://api.example/ reason=\"too long\"",
            "DEBUG message=not stored key=http://api.example/ reason=\"not as long as announced\"",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_stale_answer_in_place_of_a_failure_is_a_warning() {
    let (lines, _guard) = listen();
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-if-error=60")
        .body("one");
    let (service, _) = over(&private(), [stale, Step::status(503)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    lines.take();
    send(&service, get("/")).await;
    assert_eq!(
        lines.take(),
        [
            "DEBUG message=forwarded key=http://api.example/ reason=\"stale\"",
            "WARN message=stale: the origin failed key=http://api.example/ age_s=5 status=503",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_validation_behind_is_an_event_and_one_that_fails_a_warning() {
    let (lines, _guard) = listen();
    let stale = Step::ok()
        .header("cache-control", "max-age=1, stale-while-revalidate=60")
        .body("one");
    let broken = || std::io::Error::other("broken");
    let layer = private().revalidations(1).unwrap().stale_on_error(false);
    let (service, _) = over(&layer, [stale, Step::error(broken)]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    lines.take();
    send(&service, get("/")).await;
    pass(seconds(1)).await;
    let seen = lines.take();
    assert!(
        seen.contains(&"DEBUG message=revalidating key=http://api.example/".to_owned()),
        "{seen:?}"
    );
    let failed = "WARN message=not revalidated key=http://api.example/ reason=\"failed\"";
    assert!(seen.contains(&failed.to_owned()), "{seen:?}");
    assert!(
        seen[0].contains("message=hit") && seen[0].contains("ttl_s=-4"),
        "{seen:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_and_an_invalidation_by_hand_are_events() {
    let (lines, _guard) = listen();
    let layer = private();
    let (service, _) = over(&layer, [fresh("one")]);
    send(
        &service,
        asking(get("/"), Override::new().mode(Mode::OnlyIfCached)),
    )
    .await;
    layer.handle().invalidate_prefix("http").await;
    assert_eq!(
        lines.take(),
        [
            "DEBUG message=refused key=http://api.example/",
            "DEBUG message=invalidated by hand what=\"prefix\" responses=0",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn sp34_calls_in_a_loop_are_an_error_event_once_in_a_window() {
    let (lines, _guard) = listen();
    let warnings = async |layer: CacheLayer, calls: usize| {
        let (service, _) = over(&layer, [fresh("one")]);
        for _ in 0..calls {
            send(&service, get("/")).await;
        }
        lines
            .take()
            .into_iter()
            .filter(|line| line.starts_with("ERROR"))
            .collect::<Vec<_>>()
    };
    let warning = "ERROR message=asked too often: is there a loop? key=http://api.example/ times=10 window_ms=250";
    assert!(warnings(private(), 9).await.is_empty());
    assert_eq!(warnings(private(), 30).await, [warning]);
    assert!(
        warnings(private().warn_at(0, seconds(1)), 30)
            .await
            .is_empty()
    );
    assert!(
        warnings(shared(), 30).await.is_empty(),
        "many users ask for the same"
    );
    let own = private().warn_at(3, seconds(5));
    assert_eq!(warnings(own, 4).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_trail_says_what_the_cache_did() {
    let (service, _) = over(&private(), [fresh("one"), uncacheable("no")]);
    let notes = async |path| {
        let explain = Explain::new();
        let read = send(&service, asking(get(path), explain)).await;
        let trail = read.extensions.get::<Trail>().unwrap();
        let notes = trail
            .entries()
            .iter()
            .map(|entry| (entry.layer(), entry.note().to_owned()));
        notes.collect::<Vec<_>>()
    };
    assert_eq!(notes("/").await, [("cache", "miss, stored".to_owned())]);
    pass(seconds(3)).await;
    assert_eq!(notes("/").await, [("cache", "hit, age 3 s".to_owned())]);
    assert_eq!(notes("/no").await, [("cache", "miss".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn ic47_a_hit_is_a_whole_response_and_says_that_it_is_one() {
    let layer = private().status_extension(true);
    let step = fresh("one").header("x-kept", "1");
    let (service, _) = over(&layer, [step, uncacheable("no").after(seconds(1))]);
    let told = |read: &Read| read.extensions.get::<CacheStatus>().unwrap().clone();
    let miss = told(&send(&service, get("/")).await);
    assert!(!miss.is_hit() && miss.is_stored());
    assert_eq!((miss.forward(), miss.ttl()), (Some("uri-miss"), None));
    pass(seconds(3)).await;
    let hit = send(&service, get("/")).await;
    assert_eq!(
        (hit.status.as_u16(), hit.header("x-kept")),
        (200, Some("1"))
    );
    let hit = told(&hit);
    assert!(hit.is_hit() && !hit.is_stored() && !hit.is_collapsed());
    assert_eq!(
        (hit.ttl(), hit.age(), hit.forward()),
        (Some(57), Duration::from_secs(3), None)
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_said_in_the_response_unless_asked_for() {
    let (service, _) = over(&private(), [fresh("one")]);
    for _ in 0..2 {
        let read = send(&service, get("/")).await;
        assert_eq!(read.header("cache-status"), None);
        assert!(read.extensions.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn the_cache_status_field_says_what_was_done() {
    let layer = private().name("buttress").unwrap();
    let (service, _) = over(&layer, [fresh("one").after(seconds(1)), uncacheable("no")]);
    let (one, two) = tokio::join!(send(&service, get("/")), send(&service, get("/")));
    assert_eq!(
        one.header("cache-status"),
        Some("buttress; fwd=uri-miss; stored")
    );
    assert_eq!(
        two.header("cache-status"),
        Some("buttress; fwd=uri-miss; collapsed")
    );
    let hit = send(&service, get("/")).await;
    assert_eq!(hit.header("cache-status"), Some("buttress; hit; ttl=59"));
    for _ in 0..4 {
        let read = send(&service, get("/no")).await;
        assert_eq!(read.header("cache-status"), Some("buttress; fwd=uri-miss"));
    }
    let mut put = get("/");
    *put.method_mut() = http::Method::PUT;
    let read = send(&service, put).await;
    assert_eq!(read.header("cache-status"), Some("buttress; fwd=method"));
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for name in ["", "two words", "1a", "a\"b"] {
        assert!(CacheLayer::private().name(name).is_err(), "{name}");
    }
    assert!(CacheLayer::private().max_bytes(0).is_err());
    assert!(CacheLayer::private().max_entry(0).is_err());
    assert!(
        CacheLayer::private().max_bytes(1_000).is_err(),
        "less than one entry"
    );
    let none = Duration::ZERO;
    assert!(CacheLayer::private().revalidations(0).is_err());
    assert!(CacheLayer::private().revalidation_timeout(none).is_err());
    assert!(CacheLayer::private().store_timeout(none).is_err());
    let small = CacheLayer::private().max_entry(1_000).unwrap();
    assert!(small.clone().max_bytes(1_000).is_ok());
    assert!(small.max_bytes(999).is_err());
    assert!(
        CacheLayer::private().max_entry(1 << 40).is_err(),
        "more than all"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_request_was_neither_answered_nor_forwarded() {
    let layer = private().name("buttress").unwrap();
    let (service, server) = over(&layer, [fresh("one")]);
    for control in ["only-if-cached", "only-if-cached, no-store"] {
        let request = with(get("/"), "cache-control", control);
        let read = send(&service, asking(request, Explain::new())).await;
        assert_eq!(read.status, 504);
        assert_eq!(read.header("cache-status"), Some("buttress"));
        let trail = read.extensions.get::<Trail>().unwrap().summary();
        assert!(trail.contains("refused"), "{trail}");
    }
    assert!(server.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_joins_a_fetch_says_why_he_could_not_be_answered_himself() {
    let layer = private().name("buttress").unwrap();
    let stale = || {
        let step = Step::ok().header("cache-control", "max-age=3");
        step.body("one").after(seconds(1))
    };
    let (service, _) = over(&layer, [stale(), stale()]);
    send(&service, get("/")).await;
    pass(seconds(5)).await;
    let (one, two) = tokio::join!(send(&service, get("/")), send(&service, get("/")));
    assert_eq!(
        one.header("cache-status"),
        Some("buttress; fwd=stale; stored")
    );
    assert_eq!(
        two.header("cache-status"),
        Some("buttress; fwd=stale; collapsed")
    );
}
