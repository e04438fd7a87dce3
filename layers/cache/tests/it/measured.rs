//! What is counted.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use buttress_cache::{Mode, Override};
use buttress_testkit::Step;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, HistogramFn, Key, KeyName, Metadata, Recorder,
    SharedString, Unit,
};

use crate::moody::{BREAKS, moody};
use crate::support::*;

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

/// What work adds up to.
fn sums_of(work: impl Future<Output = ()>) -> BTreeMap<String, f64> {
    let sums = Sums::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    metrics::with_local_recorder(&sums, || runtime.block_on(work));
    sums.0.lock().unwrap().clone()
}

#[test]
fn bodies_that_go_on_at_the_origin_are_counted() {
    let first = || fresh("0123").header("etag", "\"a\"");
    let part = Step::status(206)
        .header("etag", "\"a\"")
        .header("content-range", "bytes 2-3/4")
        .body("23");
    let sums = sums_of(async {
        for (then, goes_on) in [(part, true), (fresh("other"), false)] {
            let (mood, store) = moody();
            let (service, _) = over(&private().store(store), [first(), then]);
            send(&service, get("/")).await;
            pass(seconds(1)).await;
            mood.0.store(BREAKS, Ordering::Relaxed);
            let answer = head(&service, get("/")).await.unwrap();
            assert_eq!(read(answer).await.is_ok(), goes_on);
        }
    });
    for (name, value) in [
        ("resumptions end=begun", 1.0),
        ("resumptions end=other bytes", 1.0),
        ("store_failures operation=body", 2.0),
    ] {
        assert_eq!(sums[&format!("buttress.cache.{name}")], value);
    }
}

#[test]
fn what_happens_is_counted() {
    let mut values = sums_of(everything());
    assert!(
        values
            .remove("buttress.cache.entry_bytes")
            .is_some_and(|bytes| bytes > 100.0)
    );
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (&**name, *value))
        .collect();
    assert_eq!(
        values,
        [
            ("buttress.cache.asked_too_often", 1.0),
            ("buttress.cache.invalidated", 2.0),
            ("buttress.cache.not_stored reason=too long", 1.0),
            ("buttress.cache.requests result=collapsed", 1.0),
            ("buttress.cache.requests result=hit", 3.0),
            ("buttress.cache.requests result=refused", 1.0),
            ("buttress.cache.requests result=rescued", 1.0),
            ("buttress.cache.requests result=stale", 1.0),
            ("buttress.cache.requests result=stale-hit", 1.0),
            ("buttress.cache.requests result=uri-miss", 3.0),
            ("buttress.cache.revalidations end=begun", 1.0),
            ("buttress.cache.revalidations end=timeout", 1.0),
            ("buttress.cache.stored", 2.0),
        ]
    );
}

/// Whatever is counted happens.
async fn everything() {
    let layer = private().max_entry(10).unwrap().warn_at(3, seconds(1));
    let swr = Step::ok().header(
        "cache-control",
        "max-age=1, stale-while-revalidate=9, stale-if-error=999",
    );
    let steps = [
        fresh("far too long"),
        fresh("one").after(seconds(1)),
        swr.header("etag", "\"a\"").body("two"),
        Step::hang(),
        Step::status(503),
    ];
    let (service, _) = over(&layer, steps);
    send(&service, get("/long")).await;
    tokio::join!(send(&service, get("/")), send(&service, get("/")));
    for _ in 0..3 {
        send(&service, get("/")).await;
    }
    send(&service, get("/swr")).await;
    pass(seconds(5)).await;
    send(&service, get("/swr")).await;
    pass(seconds(100)).await;
    send(
        &service,
        asking(get("/none"), Override::new().mode(Mode::OnlyIfCached)),
    )
    .await;
    send(&service, get("/swr")).await;
    assert_eq!(layer.handle().clear().await, 2);
}
