use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use buttress_kernel::{Explain, Trail};
use buttress_retry_after::RetryAfterLayer;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::*;

const PAUSE: (u16, &[(&str, &str)]) = (429, &[("retry-after", "2")]);

fn sharp() -> RetryAfterLayer {
    RetryAfterLayer::new().spread(secs(0))
}

/// Every event of this crate on a line of its own.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {}={value:?}", field.name()).unwrap();
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() == "buttress_retry_after" {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

fn listen() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    (lines, buttress_testkit::listen(subscriber))
}

#[tokio::test(start_paused = true)]
async fn a_pause_a_wait_and_a_release_are_events_without_a_path_or_a_query() {
    let (lines, _guard) = listen();
    let (service, _) = gated(&sharp(), &[PAUSE]);
    let request = || get("https://user:secret@api.example.com/a?token=secret");
    send(&service, request()).await.unwrap();
    send(&service, request()).await.unwrap();
    assert_eq!(
        *lines.0.lock().unwrap(),
        [
            "INFO message=learned: requests to this key are held \
             key=\"api.example.com\" for_ms=2000 source=\"retry-after\"",
            "DEBUG message=held key=\"api.example.com\" for_ms=2000 source=\"retry-after\"",
            "DEBUG message=released key=\"api.example.com\" for_ms=2000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_rejection_is_an_event_with_a_reason() {
    let (service, _) = gated(&sharp().reject(), &[PAUSE]);
    send(&service, api()).await.unwrap();
    let (lines, _guard) = listen();
    held(send(&service, api()).await);
    assert_eq!(
        *lines.0.lock().unwrap(),
        ["DEBUG message=rejected key=\"api.example.com\" for_ms=2000 reason=\"rejecting\""]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_finds_no_room_is_a_warning() {
    let (lines, _guard) = listen();
    let (service, _) = gated(&sharp().max_keys(0), &[PAUSE]);
    send(&service, api()).await.unwrap();
    assert_eq!(
        *lines.0.lock().unwrap(),
        ["WARN message=lost: no room for one more key key=\"api.example.com\" max_keys=0"]
    );
}

#[tokio::test(start_paused = true)]
async fn every_source_of_a_pause_has_a_name() {
    let quota: &[(&str, &str)] = &[("ratelimit", r#""d";r=0;t=9"#)];
    for (answer, source) in [
        ((429, &[("retry-after-ms", "9")] as &[_]), "retry-after-ms"),
        ((429, &[("retry-after", "9")]), "retry-after"),
        ((429, quota), "ratelimit"),
        (
            (429, &[("x-ratelimit-retry-after", "9")]),
            "x-ratelimit-retry-after",
        ),
        ((429, &[("x-ratelimit-reset", "9")]), "reset"),
        ((429, &[]), "default-delay"),
        ((200, quota), "quota"),
    ] {
        let (lines, _guard) = listen();
        let (service, _) = gated(&sharp().default_delay(secs(9)), &[answer]);
        send(&service, api()).await.unwrap();
        let lines = lines.0.lock().unwrap();
        assert!(
            lines[0].ends_with(&format!("source={source:?}")),
            "{lines:?}"
        );
    }
}

fn explained() -> (Explain, http::Request<()>) {
    let explain = Explain::new();
    let mut request = api();
    request.extensions_mut().insert(explain.clone());
    (explain, request)
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_the_pause_learned_and_of_the_wait() {
    let (service, _) = gated(&sharp(), &[PAUSE]);
    let (_, request) = explained();
    let response = send(&service, request).await.unwrap();
    let trail: &Trail = response.extensions().get().unwrap();
    assert_eq!(
        trail.summary(),
        "retry-after: 429, holding for 2 s (retry-after)"
    );

    let (_, request) = explained();
    let response = send(&service, request).await.unwrap();
    let trail: &Trail = response.extensions().get().unwrap();
    assert_eq!(trail.summary(), "retry-after: held for 2 s (retry-after)");
    assert_eq!(trail.entries()[0].duration(), secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_rejection() {
    let (service, _) = gated(&sharp().reject(), &[PAUSE]);
    send(&service, api()).await.unwrap();
    let (explain, request) = explained();
    held(send(&service, request).await);
    assert_eq!(
        explain.trail().summary(),
        "retry-after: rejected, 2 s left (rejecting)"
    );
}

#[cfg(feature = "metrics")]
mod measured {
    use std::collections::BTreeMap;

    use metrics::{
        Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
        SharedString, Unit,
    };

    use super::*;

    type Values = Arc<Mutex<BTreeMap<String, f64>>>;

    /// Adds up whatever is counted or recorded, by name and labels.
    #[derive(Clone, Default)]
    struct Sums(Values);

    struct Sum(String, Values);

    impl Sum {
        fn add(&self, value: f64) {
            *self.1.lock().unwrap().entry(self.0.clone()).or_default() += value;
        }
    }

    impl CounterFn for Sum {
        fn increment(&self, value: u64) {
            self.add(u32::try_from(value).unwrap().into());
        }

        fn absolute(&self, _: u64) {
            unreachable!("counters only go up by steps");
        }
    }

    impl HistogramFn for Sum {
        fn record(&self, value: f64) {
            self.add(value);
        }
    }

    impl Sums {
        fn sum(&self, key: &Key) -> Arc<Sum> {
            let labels = key
                .labels()
                .map(|label| format!(" {}={}", label.key(), label.value()));
            let name = std::iter::once(key.name().to_owned())
                .chain(labels)
                .collect();
            Arc::new(Sum(name, Arc::clone(&self.0)))
        }
    }

    impl Recorder for Sums {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.sum(key))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.sum(key))
        }
    }

    #[test]
    fn what_happens_is_counted() {
        let sums = Sums::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        metrics::with_local_recorder(&sums, || {
            runtime.block_on(async {
                let (service, _) = gated(&sharp().max_keys(1), &[PAUSE, PAUSE]);
                send(&service, api()).await.unwrap();
                let mut curt = api();
                curt.extensions_mut()
                    .insert(buttress_retry_after::Override::new().reject());
                held(send(&service, curt).await);
                send(&service, get("https://elsewhere/")).await.unwrap();
                send(&service, api()).await.unwrap();
            });
        });
        let values = sums.0.lock().unwrap();
        let values: Vec<_> = values
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        assert_eq!(
            values,
            [
                ("buttress.retry_after.held source=retry-after", 1.0),
                ("buttress.retry_after.learned source=retry-after", 1.0),
                ("buttress.retry_after.lost", 1.0),
                ("buttress.retry_after.rejected reason=rejecting", 1.0),
                ("buttress.retry_after.wait", 2.0),
            ]
        );
    }
}
