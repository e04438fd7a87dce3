use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_kernel::key::Authority;
use buttress_kernel::{Deadline, Explain, Trail};
use buttress_priority::{Override, Priority};
use tower::Layer as _;
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::support::*;

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
        if event.metadata().target() == "buttress_priority" {
            let mut line = Line(event.metadata().level().to_string());
            event.record(&mut line);
            self.0.lock().unwrap().push(line.0);
        }
    }
}

fn listen() -> (Lines, DefaultGuard) {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone());
    (lines, tracing::subscriber::set_default(subscriber))
}

impl Lines {
    fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

fn secret() -> http::Request<()> {
    get("https://user:secret@api.example.com/a?token=secret")
}

#[tokio::test(start_paused = true)]
async fn a_wait_and_a_release_are_events_without_a_path_or_a_query() {
    let (lines, _guard) = listen();
    let server = Server::new();
    let service = of(1).key(Authority).layer(server.clone());
    let _first = begin(&service, secret()).await;
    assert!(lines.all().is_empty(), "what goes at once is no event");
    let _second = begin(&service, with(secret(), Priority(-3))).await;
    tokio::time::sleep(secs(1)).await;
    server.answer(1).await;
    assert_eq!(
        lines.all(),
        [
            "DEBUG message=queued key=\"api.example.com\" priority=-3",
            "DEBUG message=released key=\"api.example.com\" for_ms=1000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_event_with_a_reason() {
    let (lines, _guard) = listen();
    let server = Server::new();
    let layer = of(1).max_wait(ms(20)).max_waiting(1).key(Authority);
    let service = layer.layer(server.clone());
    let _first = begin(&service, secret()).await;
    refused(send(&service, secret()).await);
    let _displaced = begin(&service, secret()).await;
    let _waiting = begin(&service, with(secret(), Priority(1))).await;
    refused(send(&service, secret()).await);
    refused(send(&service, with(secret(), Deadline::at(now()))).await);
    let refusals: Vec<_> = lines
        .all()
        .into_iter()
        .filter(|line| line.contains("refused"))
        .collect();
    let line = |ms, why| {
        format!("DEBUG message=refused key=\"api.example.com\" for_ms={ms} reason=\"{why}\"")
    };
    assert_eq!(
        refusals,
        [
            line(20, "too-long"),
            line(0, "displaced"),
            line(0, "full"),
            line(0, "deadline")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_room_for_one_more_key_is_a_warning() {
    let (lines, _guard) = listen();
    let service = of(1).key(Authority).max_keys(0).layer(Server::new());
    begin(&service, secret()).await;
    begin(&service, secret()).await;
    let warnings = lines.all().into_iter();
    let warnings: Vec<_> = warnings.filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(
        warnings,
        [
            "WARN message=no room for one more key: it shares the limit of the empty key \
             key=\"api.example.com\" max_keys=0"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_room_is_no_warning_for_each_request() {
    let (lines, _guard) = listen();
    let layer = of(1).key(Authority).max_keys(32).max_wait(Duration::ZERO);
    let service = layer.layer(Server::new());
    for number in 0..320 {
        begin(&service, get(&format!("http://h{number}/"))).await;
    }
    let warnings = lines
        .all()
        .iter()
        .filter(|line| line.starts_with("WARN"))
        .count();
    assert_eq!(warnings, 9, "one for each 32 look-ups in vain");
}

async fn trail(request: http::Request<()>, wait: Duration) -> Trail {
    let server = Server::new();
    let service = of(1).layer(server.clone());
    if !wait.is_zero() {
        begin(&service, path("/")).await;
    }
    let explained = begin(&service, with(request, Explain::new())).await;
    tokio::time::sleep(wait).await;
    server.answer(2).await;
    let response = explained.await.unwrap().unwrap();
    response.extensions().get::<Trail>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_who_went_at_once_who_waited_and_who_skipped() {
    let at_once = trail(path("/"), secs(0)).await;
    assert_eq!(at_once.summary(), "priority: went at once");
    let waited = trail(path("/"), secs(2)).await;
    assert_eq!(waited.summary(), "priority: waited 2s");
    assert_eq!(waited.entries()[0].duration(), secs(2));
    let skipped = trail(with(path("/"), Override::new().skip()), secs(2)).await;
    assert_eq!(skipped.summary(), "priority: skipped");
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_refusal() {
    let service = of(1).max_wait(secs(2)).layer(Server::new());
    begin(&service, path("/")).await;
    let explain = Explain::new();
    refused(send(&service, with(path("/"), explain.clone())).await);
    let trail = explain.trail();
    assert_eq!(trail.summary(), "priority: refused after 2s (too-long)");
    assert_eq!(trail.entries()[0].duration(), secs(2));
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
                let server = Server::new();
                let layer = of(1).key(Authority).max_keys(1).max_waiting(1);
                let service = layer.layer(server.clone());
                let _first = begin(&service, path("/")).await;
                let _second = begin(&service, path("/")).await;
                refused(send(&service, path("/")).await);
                tokio::time::sleep(secs(3)).await;
                server.answer(1).await;
                begin(&service, get("https://elsewhere/")).await;
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
                ("buttress.priority.keys_refused", 1.0),
                ("buttress.priority.queued", 1.0),
                ("buttress.priority.refused reason=full", 1.0),
                ("buttress.priority.wait", 3.0),
            ]
        );
    }
}
