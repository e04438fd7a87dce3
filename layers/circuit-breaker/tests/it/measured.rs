//! Counters and gauges.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use buttress_circuit_breaker::CircuitBreakerLayer;
use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString,
    Unit,
};
use tokio::time::advance;

use crate::support::*;

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
