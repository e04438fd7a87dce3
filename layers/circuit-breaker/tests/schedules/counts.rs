//! What is counted, whoever counts it.

use super::*;

#[test]
fn no_success_is_lost_or_counted_twice() {
    explore(|| {
        // Four successes: the fourth failure opens it, and with one success more or less it would
        // be the fifth or the third.
        let (circuit, start) = circuit(|rules| {
            rules.consecutive = None;
            rules.min_calls = 6;
        });
        let later = start + Duration::from_secs(1);
        let calls = |times: [Instant; 2]| -> Box<dyn FnOnce() + Send> {
            let circuit = Arc::clone(&circuit);
            Box::new(move || {
                for now in times {
                    let permit = ask(&circuit, now).unwrap();
                    succeed(&circuit, permit, now);
                }
            })
        };
        together(vec![calls([start, later]), calls([later, start])]);
        for failures in 0..4 {
            let permit = ask(&circuit, later).unwrap();
            assert!(!is_open(&circuit, later), "{failures} failures");
            fail(&circuit, permit, later);
        }
        assert!(is_open(&circuit, later), "4 of 8");
    });
}

#[test]
fn a_success_between_two_failures_ends_the_row_whoever_saw_it() {
    explore(|| {
        let (circuit, now) = circuit(|_| {});
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        let well = ask(&circuit, now).unwrap();
        let succeeds = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || succeed(&circuit, well, now))
        };
        let looks = {
            let circuit = Arc::clone(&circuit);
            thread::spawn(move || assert!(!is_open(&circuit, now)))
        };
        succeeds.join().unwrap();
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        looks.join().unwrap();
        assert!(!is_open(&circuit, now), "there was a success in between");
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        assert!(is_open(&circuit, now));
    });
}

#[test]
fn threads_that_meet_at_a_tick_agree_about_it() {
    explore(|| {
        let (circuit, start) = circuit(|rules| {
            rules.consecutive = None;
            rules.min_calls = 4;
        });
        let times = [
            start,
            start + Duration::from_secs(3),
            start + Duration::from_secs(4),
        ];
        let calls = |now, fails| -> Box<dyn FnOnce() + Send> {
            let circuit = Arc::clone(&circuit);
            Box::new(move || {
                let permit = ask(&circuit, now).unwrap();
                if fails {
                    fail(&circuit, permit, now);
                } else {
                    succeed(&circuit, permit, now);
                }
            })
        };
        together(vec![
            calls(times[0], false),
            calls(times[1], true),
            calls(times[2], false),
        ]);
        // Three in four seconds, or two, since the first one's tick is over by then.
        let permit = ask(&circuit, times[2]).unwrap();
        assert!(!is_open(&circuit, times[2]), "too few calls");
        succeed(&circuit, permit, times[2]);
        assert!(!is_open(&circuit, times[2]), "1 of 3, or of 4");
    });
}

#[test]
fn the_call_that_makes_it_enough_opens_it_whoever_ends_last() {
    explore(|| {
        let (circuit, now) = circuit(|rules| {
            rules.consecutive = None;
            rules.min_calls = 4;
        });
        fail(&circuit, ask(&circuit, now).unwrap(), now);
        succeed(&circuit, ask(&circuit, now).unwrap(), now);
        let ends = |outcome| -> Box<dyn FnOnce() + Send> {
            let circuit = Arc::clone(&circuit);
            let pass = ask(&circuit, now).unwrap();
            Box::new(move || end(&circuit, pass, outcome, now))
        };
        together(vec![ends(Outcome::ServerFailure), ends(Outcome::Success)]);
        assert!(is_open(&circuit, now), "2 of 4");
    });
}
