//! Probes that meet.

use super::*;

#[test]
fn one_probe_goes_at_a_time_and_a_cancelled_one_frees_one_place() {
    explore(|| {
        let (circuit, start) = circuit(|_| {});
        for _ in 0..2 {
            fail(&circuit, ask(&circuit, start).unwrap(), start);
        }
        let now = start + Duration::from_secs(10);
        let at_once = Arc::new(shuttle::sync::atomic::AtomicU64::new(0));
        let prober = || -> Box<dyn FnOnce() + Send> {
            let (circuit, at_once) = (Arc::clone(&circuit), Arc::clone(&at_once));
            Box::new(move || {
                let order = shuttle::sync::atomic::Ordering::SeqCst;
                if let Some((permit, _)) = ask(&circuit, now) {
                    assert_eq!(at_once.fetch_add(1, order), 0, "two probes at once");
                    at_once.fetch_sub(1, order);
                    circuit.release(permit, now);
                }
            })
        };
        together(vec![prober(), prober(), prober()]);
        assert_eq!(circuit.phase(now).0, Phase::HalfOpen);
        let last = ask(&circuit, now).expect("every place is free again");
        assert!(ask(&circuit, now).is_none());
        succeed(&circuit, last, now);
        assert_eq!(circuit.phase(now).0, Phase::Closed);
    });
}

#[test]
fn of_a_failing_and_a_succeeding_probe_the_failure_decides_unless_it_came_too_late() {
    explore(|| {
        let (circuit, start) = circuit(|rules| {
            rules.probes = 2;
            rules.close_after = 2;
        });
        for _ in 0..2 {
            fail(&circuit, ask(&circuit, start).unwrap(), start);
        }
        let now = start + Duration::from_secs(10);
        let probes = [ask(&circuit, now).unwrap(), ask(&circuit, now).unwrap()];
        let ends = |permit, outcome| -> Box<dyn FnOnce() + Send> {
            let circuit = Arc::clone(&circuit);
            Box::new(move || end(&circuit, permit, outcome, now))
        };
        together(vec![
            ends(probes[0], Outcome::Success),
            ends(probes[1], Outcome::ServerFailure),
        ]);
        assert!(is_open(&circuit, now));
    });
}
