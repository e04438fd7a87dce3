use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use buttress_retry::Budget;
use buttress_testkit::{Scripted, Step};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::common::{broken, get, plain, post, send};

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
        if event.metadata().target().starts_with("buttress_retry") {
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
async fn a_retry_is_an_event_with_attempt_cause_and_delay() {
    let (lines, _guard) = listen();
    let server = Scripted::new([Step::status(503), broken(), Step::ok()]);
    send(&plain().build().unwrap(), &server, get())
        .await
        .unwrap();
    assert_eq!(
        *lines.0.lock().unwrap(),
        [
            "DEBUG message=retrying attempt=2 cause=503 delay_ms=1000",
            "DEBUG message=retrying attempt=3 cause=transport delay_ms=2000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn giving_up_is_an_event_with_a_reason() {
    let (lines, _guard) = listen();
    let layer = plain().max_attempts(2).build().unwrap();
    send(&layer, &Scripted::new([Step::status(503)]), get())
        .await
        .unwrap();
    send(&layer, &Scripted::new([Step::status(503)]), post())
        .await
        .unwrap();
    send(&layer, &Scripted::new([Step::status(404)]), get())
        .await
        .unwrap();
    let busy = Step::status(503).header("retry-after", "4000");
    send(&layer, &Scripted::new([busy]), get()).await.unwrap();
    assert_eq!(
        *lines.0.lock().unwrap(),
        [
            "DEBUG message=retrying attempt=2 cause=503 delay_ms=1000",
            "DEBUG message=giving up attempts=2 reason=\"attempts\"",
            "DEBUG message=giving up attempts=1 reason=\"not-repeatable\"",
            "DEBUG message=giving up attempts=1 reason=\"server-delay\"",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_is_an_event_with_the_key_and_no_query() {
    let (lines, _guard) = listen();
    let layer = plain().budget(Budget::new(0, 0).unwrap()).build().unwrap();
    send(&layer, &Scripted::new([Step::status(503)]), get())
        .await
        .unwrap();
    assert_eq!(
        *lines.0.lock().unwrap(),
        [
            "WARN message=the retry budget is spent key=\"api.example\"",
            "DEBUG message=giving up attempts=1 reason=\"budget\"",
        ]
    );
}

#[cfg(feature = "metrics")]
mod metrics {
    use std::sync::Mutex;

    use ::metrics::{
        Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
        SharedString, Unit, with_local_recorder,
    };

    use super::*;

    /// Every value that was recorded, under its name.
    #[derive(Default)]
    struct Kept(Arc<Mutex<Vec<(String, f64)>>>);

    struct Named(String, Arc<Mutex<Vec<(String, f64)>>>);

    impl CounterFn for Named {
        fn increment(&self, value: u64) {
            self.record(f64::from(u32::try_from(value).unwrap()));
        }
        fn absolute(&self, _: u64) {}
    }

    impl HistogramFn for Named {
        fn record(&self, value: f64) {
            self.1.lock().unwrap().push((self.0.clone(), value));
        }
    }

    impl Kept {
        fn named(&self, key: &Key) -> Arc<Named> {
            Arc::new(Named(key.name().to_owned(), Arc::clone(&self.0)))
        }
    }

    impl Recorder for Kept {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.named(key))
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::from_arc(self.named(key))
        }
    }

    fn measured(budget: Budget, steps: Vec<Step>) -> Vec<(String, f64)> {
        let kept = Kept::default();
        with_local_recorder(&kept, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .unwrap();
            let layer = plain().budget(budget).build().unwrap();
            runtime
                .block_on(send(&layer, &Scripted::new(steps), get()))
                .unwrap();
        });
        kept.0.lock().unwrap().clone()
    }

    #[test]
    fn resends_are_counted_for_each_call() {
        let name = || "http.request.resend_count".to_owned();
        assert_eq!(measured(Budget::none(), vec![Step::ok()]), [(name(), 0.0)]);
        let twice = vec![Step::status(503), Step::status(503), Step::ok()];
        assert_eq!(measured(Budget::none(), twice), [(name(), 2.0)]);
    }

    #[test]
    fn a_spent_budget_is_counted() {
        let spent = measured(Budget::new(0, 0).unwrap(), vec![Step::status(503)]);
        let name = "buttress.retry.budget_exhausted".to_owned();
        assert_eq!(spent[0], (name, 1.0));
    }
}
