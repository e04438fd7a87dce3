//! What a client measures.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use buttress_testkit::Step;
use metrics::{
    Counter, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};

use super::scripted_with;

/// Each value of a histogram, with its name and labels.
#[derive(Clone, Default)]
struct Values(Arc<Mutex<Vec<(String, f64)>>>);

struct Value(String, Values);

impl HistogramFn for Value {
    fn record(&self, value: f64) {
        self.1.0.lock().unwrap().push((self.0.clone(), value));
    }
}

impl Recorder for Values {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Value(key.to_string(), self.clone())))
    }
}

#[tokio::test(start_paused = true)]
async fn ic70_the_duration_of_each_call_is_recorded_with_how_it_ended() {
    let values = Values::default();
    let _guard = metrics::set_default_local_recorder(&values);
    let slow = Step::status(404).after(Duration::from_secs(2));
    let (client, _) = scripted_with([slow, Step::hang()], |b| {
        b.retry(None).timeout(Duration::from_secs(3))
    });
    client.get("/a?token=s3cret").send().await.unwrap();
    client.post("/a").send().await.unwrap_err();

    let recorded = values.0.lock().unwrap();
    let mine = recorded
        .iter()
        .filter(|(key, _)| key.contains("http.client.request.duration"));
    let [answered, failed] = &mine.collect::<Vec<_>>()[..] else {
        panic!("{recorded:?}");
    };
    for (value, seconds, labels) in [
        (
            answered,
            2.0,
            ["GET", "api.example", "http.response.status_code = 404"],
        ),
        (failed, 3.0, ["POST", "api.example", "error.type = timeout"]),
    ] {
        assert!((value.1 - seconds).abs() < 0.01, "{value:?}");
        assert!(
            labels.iter().all(|label| value.0.contains(label)),
            "{value:?}"
        );
        assert!(!value.0.contains("s3cret"));
    }
}
