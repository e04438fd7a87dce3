//! Counters and a histogram.

use buttress_kernel::key::Authority;
use buttress_testkit::Metrics;
use tower::Layer;

use crate::support::*;

#[test]
fn what_happens_is_counted() {
    let metrics = Metrics::during(async {
        let server = Server::new();
        let layer = of(1).key(Authority).max_keys(1).max_waiting(1);
        let service = layer.layer(server.clone());
        let _first = begin(&service, path("/")).await;
        let _second = begin(&service, path("/")).await;
        refused(send(&service, path("/")).await);
        tokio::time::sleep(secs(3)).await;
        server.answer(1).await;
        begin(&service, get("https://elsewhere/")).await;
    });
    assert_eq!(
        metrics.sums(),
        [
            ("buttress.priority.keys_refused", 1.0),
            ("buttress.priority.queued", 1.0),
            ("buttress.priority.refused reason=full", 1.0),
            ("buttress.priority.wait", 3.0),
        ]
    );
}
