//! What is counted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use buttress_kernel::Body;
use buttress_sign::{Override, SignLayer};
use buttress_testkit::{ManualWallClock, Scripted, Step};
use http::Request;
use metrics::{
    Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use tower::{Layer, ServiceExt};

use crate::support::{Stamp, now, request, stream};

/// Counts by name and labels.
#[derive(Default)]
pub(crate) struct Counts(Arc<Mutex<BTreeMap<String, u64>>>);

struct Count(String, Arc<Mutex<BTreeMap<String, u64>>>);

impl CounterFn for Count {
    fn increment(&self, value: u64) {
        *self.1.lock().unwrap().entry(self.0.clone()).or_default() += value;
    }

    fn absolute(&self, _: u64) {
        unreachable!("counters only grow");
    }
}

impl Counts {
    pub(crate) fn all(&self) -> Vec<(String, u64)> {
        self.0.lock().unwrap().clone().into_iter().collect()
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
async fn requests_are_counted_by_what_became_of_them() {
    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let service = SignLayer::new(Stamp, "https://api.example.com".parse().unwrap())
        .wall_clock(ManualWallClock::at(now()))
        .layer(Scripted::new([Step::ok()]));
    let mut skipping = request("");
    skipping.extensions_mut().insert(Override::new().skip());
    let to = |uri| Request::get(uri).body(Body::empty()).unwrap();
    for request in [
        request("a"),
        request("b"),
        skipping,
        to("https://evil.example/"),
        to("http://api.example.com/"),
        request(stream("a")),
    ] {
        // How it ends is what is counted.
        let _ = service.clone().oneshot(request).await;
    }
    let name = |what: &str| format!("Key(buttress.sign.{what}])");
    assert_eq!(
        counts.all(),
        [
            (name("refused, [scheme = stamp"), 1),
            (name("signed, [scheme = stamp"), 2),
            (name("skipped, [scheme = stamp, reason = downgrade"), 1),
            (name("skipped, [scheme = stamp, reason = other-origin"), 1),
            (name("skipped, [scheme = stamp, reason = override"), 1),
        ]
    );
}

#[cfg(feature = "message-signatures")]
#[tokio::test(start_paused = true)]
async fn verified_and_refused_messages_are_counted() {
    use buttress_sign::message::{
        Component, MessageSigner, Policy, SignatureParams, SigningKey, VerifyLayer,
        VerifyResponseLayer,
    };
    use tower::service_fn;

    let counts = Counts::default();
    let _guard = metrics::set_default_local_recorder(&counts);
    let key = SigningKey::hmac_sha256("a key").unwrap();
    let verifying = key.verifying_key();
    let keys = move |_: &SignatureParams| Some(verifying.clone());
    let policy = || Policy::new([Component::method()]).unwrap();
    let server = VerifyLayer::new(policy(), keys.clone()).wall_clock(ManualWallClock::at(now()));
    let server = server.layer(service_fn(async |_| {
        Ok::<_, buttress_kernel::BoxError>(http::Response::new(Body::empty()))
    }));
    let client = VerifyResponseLayer::new(policy(), keys).layer(server.clone());
    let signer = MessageSigner::new(key, [Component::method()]).unwrap();
    let signed = SignLayer::any_origin(signer).wall_clock(ManualWallClock::at(now()));
    signed
        .layer(server.clone())
        .oneshot(request("a"))
        .await
        .unwrap();
    server.oneshot(request("a")).await.unwrap_err();
    signed
        .layer(client)
        .oneshot(request("a"))
        .await
        .unwrap_err();
    let count = |what: &str| {
        let key = format!("Key(buttress.sign.{what}])");
        let found = counts.all().into_iter().find(|(name, _)| *name == key);
        found.map(|(_, count)| count)
    };
    assert_eq!(count("verified, [kind = request"), Some(2));
    assert_eq!(
        count("unverified, [kind = request, reason = missing"),
        Some(1)
    );
    assert_eq!(
        count("unverified, [kind = response, reason = missing"),
        Some(1)
    );
}
