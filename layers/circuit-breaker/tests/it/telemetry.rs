//! Events, trails and metrics.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_kernel::{Body, Explain, Trail};
use buttress_testkit::{Scripted, Step};
use http::Request;
use tokio::time::advance;
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
        if event.metadata().target() == "buttress_circuit_breaker" {
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
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[tokio::test(start_paused = true)]
async fn changes_and_refusals_are_events_without_a_path_or_a_query() {
    let (lines, _guard) = listen();
    let layer = CircuitBreakerLayer::consecutive(1)
        .open_for(secs(10))
        .build()
        .unwrap();
    let (service, _) = over(&layer, [500, 500, 200]);
    let request = || get("https://user:secret@api.example.com/a?token=secret");
    let _ = send(&service, request()).await;
    advance(ms(2_500)).await;
    let _ = send(&service, request()).await;
    advance(secs(10)).await;
    let _ = send(&service, request()).await;
    advance(secs(10)).await;
    let _ = send(&service, request()).await;
    assert_eq!(
        lines.take(),
        [
            r#"WARN message=opened key="api.example.com" for_ms=10000 reason="consecutive""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=7500 state="open""#,
            r#"INFO message=half-open key="api.example.com""#,
            r#"WARN message=opened key="api.example.com" for_ms=10000 reason="probe""#,
            r#"INFO message=half-open key="api.example.com""#,
            r#"INFO message=closed key="api.example.com""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn every_reason_to_open_has_a_name() {
    let rate = || {
        CircuitBreakerLayer::builder()
            .consecutive(None)
            .min_calls(1)
    };
    for (builder, reason) in [
        (CircuitBreakerLayer::consecutive(1), "consecutive"),
        (rate(), "failure-rate"),
        (rate().failure_rate(None).slow_calls(ms(1), 1), "slow-rate"),
    ] {
        let (lines, _guard) = listen();
        let layer = builder.build().unwrap();
        let service = layer.layer(Scripted::new([Step::status(500).after(ms(1))]));
        status(&service).await;
        let opened = &lines.take()[0];
        assert!(opened.ends_with(&format!("reason={reason:?}")), "{opened}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_probe_and_who_is_refused_meanwhile_are_events() {
    let layer = CircuitBreakerLayer::consecutive(1).build().unwrap();
    let service = layer.layer(Scripted::new([Step::status(500), Step::hang()]));
    status(&service).await;
    advance(secs(60)).await;
    let _hung = begin(&service).await;
    let (lines, _guard) = listen();
    status(&service).await;
    advance(secs(60)).await;
    status(&service).await;
    assert_eq!(
        lines.take(),
        [
            r#"DEBUG message=rejected key="api.example.com" for_ms=0 state="half-open""#,
            r#"WARN message=opened key="api.example.com" for_ms=60000 reason="hung-probe""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=60000 state="open""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_done_by_hand_is_an_event() {
    let (lines, _guard) = listen();
    let layer = builder().build().unwrap();
    let (service, _) = over(&layer, [200]);
    layer.handle().force_open(API);
    status(&service).await;
    layer.handle().force_closed(API);
    layer.handle().automatic(API);
    layer.handle().reset(API);
    assert_eq!(
        lines.take(),
        [
            r#"INFO message=set by hand key="api.example.com" state="forced-open""#,
            r#"DEBUG message=rejected key="api.example.com" for_ms=0 state="forced-open""#,
            r#"INFO message=set by hand key="api.example.com" state="forced-closed""#,
            r#"INFO message=set by hand key="api.example.com" state="automatic""#,
            r#"INFO message=set by hand key="api.example.com" state="reset""#,
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_without_a_circuit_is_a_warning() {
    let layer = builder().max_keys(1).build().unwrap();
    let (service, _) = over(&layer, [200]);
    for host in 0..200 {
        send(&service, get(&format!("https://host-{host}/")))
            .await
            .unwrap();
    }
    let kept = layer.handle().states();
    let (lines, _guard) = listen();
    let other = (0..200).map(|host| format!("host-{host}"));
    let mut other = other.filter(|host| kept.iter().all(|(key, _)| key.as_str() != host));
    let other = other.next().unwrap();
    send(&service, get(&format!("https://{other}/a?b=c")))
        .await
        .unwrap();
    layer.handle().force_open(&other);
    let line = format!("WARN message=untracked: no room for one more circuit key={other:?}");
    assert_eq!(lines.take(), [line.clone(), line]);
}

fn explained() -> (Explain, Request<Body>) {
    let explain = Explain::new();
    let mut request = api();
    request.extensions_mut().insert(explain.clone());
    (explain, request)
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_what_the_circuit_did() {
    let layer = CircuitBreakerLayer::consecutive(2)
        .open_for(secs(10))
        .build()
        .unwrap();
    let steps = [
        Step::status(500).after(ms(5)),
        Step::status(500),
        Step::hang(),
        Step::ok(),
    ];
    let service = layer.layer(Scripted::new(steps));
    let mut summaries = Vec::new();
    for _ in 0..2 {
        let (_, request) = explained();
        let response = send(&service, request).await.unwrap();
        let trail: &Trail = response.extensions().get().unwrap();
        summaries.push((trail.summary(), trail.entries()[0].duration()));
    }
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    advance(secs(10)).await;
    let hung = begin(&service).await;
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    hung.abort();
    let _ = hung.await;
    let (explain, request) = explained();
    send(&service, request).await.unwrap();
    summaries.push((explain.trail().summary(), ms(0)));
    layer.handle().force_open(API);
    let (explain, request) = explained();
    refused(send(&service, request).await);
    summaries.push((explain.trail().summary(), ms(0)));
    let expected = [
        ("circuit-breaker: passed", ms(5)),
        (
            "circuit-breaker: passed, opened for 10000 ms (consecutive)",
            ms(0),
        ),
        ("circuit-breaker: rejected, open for 10000 ms more", ms(0)),
        (
            "circuit-breaker: rejected, half-open and being tried",
            ms(0),
        ),
        ("circuit-breaker: probe, closed", ms(0)),
        ("circuit-breaker: rejected, open by hand", ms(0)),
    ];
    assert_eq!(
        summaries,
        expected.map(|(note, took)| (note.to_owned(), took))
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_asked_about_leaves_no_trail() {
    let (service, _) = over(&builder().build().unwrap(), [200]);
    let response = send(&service, api()).await.unwrap();
    assert!(response.extensions().is_empty());
}

#[cfg(feature = "metrics")]
mod measured {
    use std::collections::BTreeMap;

    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder,
        SharedString, Unit,
    };

    use super::*;

    /// Every value, by name and labels, and whether a circuit was ever counted twice.
    #[derive(Default)]
    struct Values {
        all: BTreeMap<String, f64>,
        most_in_gauges: f64,
    }

    #[derive(Clone, Default)]
    struct Sums(Arc<Mutex<Values>>);

    struct Sum(String, Arc<Mutex<Values>>);

    impl Sum {
        fn add(&self, value: f64) {
            let mut values = self.1.lock().unwrap();
            *values.all.entry(self.0.clone()).or_default() += value;
            let gauges = values
                .all
                .iter()
                .filter(|(name, _)| name.contains(".circuits "));
            let in_gauges = gauges.map(|(_, value)| value).sum();
            values.most_in_gauges = values.most_in_gauges.max(in_gauges);
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

    impl GaugeFn for Sum {
        fn increment(&self, value: f64) {
            self.add(value);
        }

        fn decrement(&self, value: f64) {
            self.add(-value);
        }

        fn set(&self, _: f64) {
            unreachable!("gauges only move by steps");
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

        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.sum(key))
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    async fn live() {
        let layer = CircuitBreakerLayer::consecutive(1)
            .max_keys(1)
            .build()
            .unwrap();
        let (service, _) = over(&layer, [500, 500, 200, 500]);
        status(&service).await;
        status(&service).await;
        for _ in 0..2 {
            advance(secs(60)).await;
            status(&service).await;
        }
        layer.handle().force_open(API);
        status(&service).await;
        layer.handle().force_closed(API);
        layer.handle().automatic(API);
        status(&service).await;
    }

    #[test]
    fn trap10_what_happens_is_counted_and_no_circuit_is_in_two_states() {
        let sums = Sums::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        metrics::with_local_recorder(&sums, || runtime.block_on(live()));
        let values = sums.0.lock().unwrap();
        let all: Vec<_> = values
            .all
            .iter()
            .map(|(name, value)| (&**name, *value))
            .collect();
        assert_eq!(
            all,
            [
                // The layer is gone, and with it the open circuit.
                ("buttress.circuit_breaker.circuits state=forced-closed", 0.0),
                ("buttress.circuit_breaker.circuits state=forced-open", 0.0),
                ("buttress.circuit_breaker.circuits state=half-open", 0.0),
                ("buttress.circuit_breaker.circuits state=open", 0.0),
                ("buttress.circuit_breaker.closed", 1.0),
                ("buttress.circuit_breaker.opened reason=consecutive", 2.0),
                ("buttress.circuit_breaker.opened reason=probe", 1.0),
                ("buttress.circuit_breaker.rejected state=forced-open", 1.0),
                ("buttress.circuit_breaker.rejected state=open", 1.0),
            ]
        );
        assert!(values.most_in_gauges <= 1.0, "one circuit in two states");
        assert!(values.most_in_gauges > 0.0);
    }

    #[test]
    fn a_call_without_a_circuit_is_counted() {
        let sums = Sums::default();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        metrics::with_local_recorder(&sums, || {
            runtime.block_on(async {
                let layer = builder().max_keys(1).build().unwrap();
                let (service, _) = over(&layer, [200]);
                for host in 0..50 {
                    send(&service, get(&format!("https://host-{host}/")))
                        .await
                        .unwrap();
                }
                let untracked = 50 - layer.handle().states().len();
                let counted = sums.0.lock().unwrap().all["buttress.circuit_breaker.untracked"];
                assert_eq!(counted, f64::from(u32::try_from(untracked).unwrap()));
            });
        });
    }
}
