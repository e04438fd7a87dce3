//! Successes of an epoch that is over.

use super::*;

#[test]
fn w43_a_late_success_never_counts_in_the_next_epoch() {
    explore(|| {
        let (circuit, now) = circuit(|_| {});
        let late = ask(&circuit, now).unwrap();
        let trips = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || {
                circuit.force(Forced::Open, now);
                circuit.automatic(now);
                // The first of two failures in a row, in a new epoch.
                fail(&circuit, ask(&circuit, now).unwrap(), now);
            })
        };
        let succeeds = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || succeed(&circuit, late, now))
        };
        trips.join().unwrap();
        succeeds.join().unwrap();
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        assert!(is_open(&circuit, now), "the late success has ended the row");
    });
}

#[test]
fn w43_a_late_success_never_counts_after_a_reset() {
    explore(|| {
        // Two failures of two calls, and not of three.
        let (circuit, now) = circuit(|rules| {
            rules.consecutive = None;
            rules.failure_rate = Some(100);
            rules.min_calls = 2;
        });
        let late = ask(&circuit, now).unwrap();
        let (resets, succeeds) = (Arc::clone(&circuit), Arc::clone(&circuit));
        together(vec![
            Box::new(move || {
                resets.reset(now);
                fail(&resets, ask(&resets, now).unwrap(), now);
            }),
            Box::new(move || succeed(&succeeds, late, now)),
        ]);
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        assert!(is_open(&circuit, now), "the late success is in the rate");
    });
}
