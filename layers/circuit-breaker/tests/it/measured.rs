//! Counters and gauges.

use buttress_circuit_breaker::CircuitBreakerLayer;
use buttress_testkit::Metrics;
use tokio::time::advance;

use crate::support::*;

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
    let metrics = Metrics::during(live());
    assert_eq!(
        metrics.sums(),
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
    let gauges = metrics.steps().iter();
    let gauges = gauges.filter(|(name, _)| name.contains(".circuits "));
    let mut circuits = 0.0;
    for (_, step) in gauges {
        circuits += step;
        assert!((0.0..=1.0).contains(&circuits), "one circuit in two states");
    }
}

#[test]
fn a_call_without_a_circuit_is_counted() {
    let mut untracked = 0;
    let metrics = Metrics::during(async {
        let layer = builder().max_keys(1).build().unwrap();
        let (service, _) = over(&layer, [200]);
        for host in 0..50 {
            let uri = format!("https://host-{host}/");
            send(&service, get(&uri)).await.unwrap();
        }
        untracked = 50 - layer.handle().states().len();
    });
    let untracked = f64::from(u32::try_from(untracked).unwrap());
    let counted = [("buttress.circuit_breaker.untracked", untracked)];
    assert_eq!(metrics.sums(), counted);
}
