use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use metrics::{
    Counter, CounterFn, Gauge, GaugeFn, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};
use tokio::runtime::Builder;

/// What was counted and recorded while some work was done.
///
/// A counter, a gauge or a histogram is known by its name and its labels, in words:
/// `requests status=200`.
///
/// ```
/// use buttress_testkit::Metrics;
///
/// let metrics = Metrics::during(async {
///     metrics::counter!("requests", "status" => "200").increment(2);
///     metrics::histogram!("wait").record(0.5);
/// });
/// assert_eq!(metrics.sums(), [("requests status=200", 2.0), ("wait", 0.5)]);
/// ```
#[derive(Debug)]
pub struct Metrics(Vec<(String, f64)>);

impl Metrics {
    /// Does the work on a runtime whose clock is paused.
    ///
    /// # Panics
    ///
    /// When the work panics, and when a counter or a gauge is set to a value instead of moved by a
    /// step.
    pub fn during(work: impl Future<Output = ()>) -> Self {
        let steps = Steps::default();
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        metrics::with_local_recorder(&steps, || runtime.block_on(work));
        // What is left in the runtime's tasks still counts.
        metrics::with_local_recorder(&steps, || drop(runtime));
        let steps = steps.0.lock().unwrap_or_else(PoisonError::into_inner);
        Self(steps.clone())
    }

    /// Each of them by name, and the sum of its steps.
    #[must_use]
    pub fn sums(&self) -> Vec<(&str, f64)> {
        let mut sums = BTreeMap::new();
        for (name, step) in &self.0 {
            *sums.entry(&**name).or_default() += step;
        }
        sums.into_iter().collect()
    }

    /// Every step, in the order in which they were made.
    #[must_use]
    pub fn steps(&self) -> &[(String, f64)] {
        &self.0
    }
}

#[derive(Clone, Default)]
struct Steps(Arc<Mutex<Vec<(String, f64)>>>);

/// One counter, gauge or histogram.
struct One(String, Steps);

impl One {
    fn step(&self, by: f64) {
        let mut steps = self.1.0.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push((self.0.clone(), by));
    }
}

impl CounterFn for One {
    fn increment(&self, by: u64) {
        self.step(u32::try_from(by).expect("a small number").into());
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters only go up by steps");
    }
}

impl GaugeFn for One {
    fn increment(&self, by: f64) {
        self.step(by);
    }

    fn decrement(&self, by: f64) {
        self.step(-by);
    }

    fn set(&self, _: f64) {
        unreachable!("gauges only move by steps");
    }
}

impl HistogramFn for One {
    fn record(&self, value: f64) {
        self.step(value);
    }
}

impl Steps {
    fn one(&self, key: &Key) -> Arc<One> {
        let labels = key
            .labels()
            .map(|label| format!(" {}={}", label.key(), label.value()));
        let name = std::iter::once(key.name().to_owned()).chain(labels);
        Arc::new(One(name.collect(), self.clone()))
    }
}

impl Recorder for Steps {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.one(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.one(key))
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::from_arc(self.one(key))
    }
}
