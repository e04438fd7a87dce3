//! What is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use buttress_kernel::Body;
use http::Request;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::support::*;

/// Counts by name and labels; of a histogram, how many values there were, and their sum in
/// milliseconds.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<BTreeMap<String, (u64, u64)>>>);

struct Count(String, Counts);

impl Count {
    fn add(&self, times: u64, sum: u64) {
        let mut counts = self.1.0.lock().unwrap();
        let count = counts.entry(self.0.clone()).or_default();
        *count = (count.0 + times, count.1 + sum);
    }
}

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        self.add(value, 0);
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters only grow");
    }
}

impl HistogramFn for Count {
    fn record(&self, seconds: f64) {
        let millis = std::time::Duration::from_secs_f64(seconds).as_millis();
        self.add(1, u64::try_from(millis).unwrap());
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Count(name(key), self.clone())))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(Arc::new(Count(name(key), self.clone())))
    }
}

fn name(key: &Key) -> String {
    let labels = key
        .labels()
        .map(|label| format!(" {}={}", label.key(), label.value()));
    format!("{}{}", key.name(), labels.collect::<String>())
}

#[tokio::test(start_paused = true)]
async fn every_metric_is_counted() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let script = [
        Fetch::Endless.after(ms(7)),
        Fetch::Endless.after(ms(5)),
        Fetch::Fail,
    ];
    let issuer = Issuer::new(script);
    let api = Api::accepting(2);
    let service = over(&usual(&issuer), &api);
    status(&service).await;
    api.accept_from(3);
    send(&service, get()).await.unwrap_err();
    let elsewhere = Request::get("https://evil.example/").body(Body::empty());
    send(&service, elsewhere.unwrap()).await.unwrap();
    let counts = counts.0.lock().unwrap();
    let counts: Vec<_> = counts
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect();
    assert_eq!(
        counts,
        [
            ("buttress.auth.failures reason=failed", (1, 0)),
            ("buttress.auth.fetch_duration", (2, 12)),
            ("buttress.auth.fetches why=needed", (1, 0)),
            ("buttress.auth.fetches why=rejected", (2, 0)),
            ("buttress.auth.refused reason=failed", (1, 0)),
            ("buttress.auth.rejections", (2, 0)),
            ("buttress.auth.replays", (2, 0)),
            ("buttress.auth.wait", (2, 12)),
            ("buttress.auth.withheld", (1, 0)),
        ]
    );
}
