//! What is counted.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex};

use buttress_testkit::{Scripted, Step, channel};
use buttress_timeout::{DeadlineLayer, TimeoutLayer};
use http_body_util::BodyExt;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower::{Layer, ServiceExt};

use crate::support::{get, secs};

/// Counts by name and labels.
#[derive(Default)]
struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

struct Count(String, Arc<Mutex<BTreeMap<String, u64>>>);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        let mut counts = self.1.lock().expect("no panic under the lock");
        *counts.entry(self.0.clone()).or_default() += value;
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters only grow");
    }
}

impl Recorder for Counts {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(Arc::new(Count(key.to_string(), Arc::clone(&self.0))))
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test(start_paused = true)]
async fn limits_that_ran_out_are_counted_by_phase() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let (_sender, body) = channel();
    let server = Scripted::new([
        Step::hang(),
        Step::hang(),
        Step::hang(),
        Step::ok().body(body),
    ]);
    let service = TimeoutLayer::new(secs(2))
        .body_idle(secs(1))
        .layer(server.clone());
    service.clone().oneshot(get()).await.unwrap_err();
    service.clone().oneshot(get()).await.unwrap_err();
    DeadlineLayer::new(secs(1))
        .layer(server)
        .oneshot(get())
        .await
        .unwrap_err();
    let mut body = pin!(service.oneshot(get()).await.unwrap().into_body());
    body.frame().await.unwrap().unwrap_err();

    let counts = counts.0.lock().unwrap().clone();
    let name = |phase: &str| format!("Key(buttress.timeout.elapsed, [phase = {phase}])");
    let wanted = [
        (name("head"), 2),
        (name("response-body"), 1),
        (name("total"), 1),
    ];
    assert_eq!(counts, wanted.into());
}
