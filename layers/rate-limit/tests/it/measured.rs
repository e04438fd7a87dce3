//! Counters and a histogram.

use buttress_rate_limit::Override;
use buttress_testkit::Metrics;

use crate::remote::{Health, Remote};
use crate::support::*;
use crate::telemetry::{keyed, lower_the_rate};

#[test]
fn what_happens_is_counted() {
    let metrics = Metrics::during(async {
        let (service, _) = limited(&keyed().max_keys(1).alarm(1, secs(60)));
        send(&service, api()).await.unwrap();
        send(&service, api()).await.unwrap();
        refused(send(&service, with(Override::new().reject())).await);
        assert!(send(&service, with(Override::new().cost(2))).await.is_err());
        send(&service, get("https://elsewhere/")).await.unwrap();
        let remote = Remote::default();
        remote.turn(Health::Fails);
        let (service, _) = limited(&per_second(1, 2).store(remote));
        send(&service, api()).await.unwrap();
        send(&service, api()).await.unwrap();
        lower_the_rate().await;
    });
    assert_eq!(
        metrics.sums(),
        [
            ("buttress.rate_limit.alarms", 1.0),
            ("buttress.rate_limit.crowded", 1.0),
            ("buttress.rate_limit.delayed", 1.0),
            ("buttress.rate_limit.outages", 1.0),
            ("buttress.rate_limit.rejected reason=rejecting", 1.0),
            ("buttress.rate_limit.slower", 1.0),
            ("buttress.rate_limit.too_dear", 1.0),
            ("buttress.rate_limit.unshared", 2.0),
            ("buttress.rate_limit.wait", 1.0),
        ]
    );
}
