//! A stream whose poll reaches another reader of the same stream: on another thread, in earnest.

use std::sync::{Arc, Mutex};
use std::task::Waker;

use buttress_kernel::{Body, Replay};
use http_body::Body as _;

use super::script::{Alarm, Got, Script, Step, data, drain, poll, poll_with, trailers};

type Slot = Arc<Mutex<Option<Body>>>;

/// A stream during whose second poll the replay in the slot is polled too: twice, of which the
/// second has to wait, since somebody else has the stream. Then `last` is what it gives.
fn entangled(last: impl IntoIterator<Item = Step>, alarm: &Arc<Alarm>) -> (Body, Slot) {
    let slot = Slot::default();
    let (inner, waker) = (Arc::clone(&slot), Waker::from(Arc::clone(alarm)));
    let run = move || {
        let mut second = inner.lock().unwrap();
        let second = second.as_mut().unwrap();
        assert_eq!(
            second.size_hint().exact(),
            Some(4),
            "known even while somebody has the stream"
        );
        assert!(!second.is_end_stream() && second.is_whole() && second.can_replay());
        assert_eq!(poll_with(second, &waker), Got::Data(b"ab".to_vec()));
        assert_eq!(poll_with(second, &waker), Got::Pending);
    };
    let steps = [data(b"ab"), Step::Run(Box::new(run))]
        .into_iter()
        .chain(last);
    let mut first = Script::new(steps).exact(4).body().replay_limit(4);
    *slot.lock().unwrap() = first.replay();
    assert_eq!(poll(&mut first), Got::Data(b"ab".to_vec()));
    (first, slot)
}

fn second(slot: &Slot) -> Body {
    slot.lock().unwrap().take().unwrap()
}

#[test]
fn what_the_loser_took_is_kept_for_the_new_owner() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([data(b"cd")], &alarm);
    assert_eq!(poll(&mut first), Got::NotWhole);
    assert_eq!(alarm.times(), 1);
    assert_eq!(
        drain(&mut second(&slot)),
        [Got::Data(b"cd".to_vec()), Got::End]
    );
}

#[test]
fn what_the_loser_took_is_kept_even_beyond_the_limit() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([data(b"cdefg"), data(b"h")], &alarm);
    assert_eq!(poll(&mut first), Got::NotWhole);
    let mut second = second(&slot);
    assert!(second.can_replay());
    assert_eq!(poll(&mut second), Got::Data(b"cdefg".to_vec()));
    assert_eq!(poll(&mut second), Got::Data(b"h".to_vec()));
    assert!(!second.can_replay(), "now it is too long");
    assert_eq!(poll(&mut second), Got::End);
}

#[test]
fn a_loser_that_would_wait_hands_the_wait_over() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([Step::Pending, data(b"cd")], &alarm);
    assert_eq!(poll(&mut first), Got::NotWhole);
    assert_eq!(alarm.times(), 1);
    assert_eq!(
        drain(&mut second(&slot)),
        [Got::Data(b"cd".to_vec()), Got::End]
    );
}

#[test]
fn a_loser_that_came_to_the_end_has_sent_a_whole_after_all() {
    for end in [None, Some(Step::Trailers(trailers()))] {
        let alarm = Arc::default();
        let has_trailers = end.is_some();
        let (slot, script): (Slot, _) = (Arc::default(), Script::new([]));
        let inner = Arc::clone(&slot);
        let waker = Waker::from(Arc::clone(&alarm));
        let run = move || {
            let mut second = inner.lock().unwrap();
            assert_eq!(
                poll_with(second.as_mut().unwrap(), &waker),
                Got::Data(b"ab".to_vec())
            );
            assert_eq!(poll_with(second.as_mut().unwrap(), &waker), Got::Pending);
        };
        let steps = [data(b"ab"), Step::Run(Box::new(run))]
            .into_iter()
            .chain(end);
        let script = Script {
            steps: steps.collect(),
            ..script
        };
        let mut first = script.body();
        *slot.lock().unwrap() = first.replay();
        let ending = |data: &[u8]| {
            let trailers = has_trailers.then(|| Got::Trailers(trailers()));
            let data = (!data.is_empty()).then(|| Got::Data(data.to_vec()));
            data.into_iter()
                .chain(trailers)
                .chain([Got::End])
                .collect::<Vec<_>>()
        };
        assert_eq!(drain(&mut first), ending(b"ab"));
        assert_eq!(Alarm::times(&alarm), 1);
        assert_eq!(drain(&mut second(&slot)), ending(b""));
    }
}

#[test]
fn a_loser_whose_stream_fails_tells_both() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([Step::Fail], &alarm);
    assert_eq!(poll(&mut first), Got::Failed);
    assert_eq!(alarm.times(), 1);
    assert_eq!(poll(&mut second(&slot)), Got::NotWhole);
}

#[test]
fn a_loser_whose_stream_is_too_short_tells_both() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([], &alarm);
    assert_eq!(poll(&mut first), Got::NotWhole);
    assert_eq!(alarm.times(), 1);
    assert_eq!(poll(&mut second(&slot)), Got::NotWhole);
}

#[test]
fn a_panic_wakes_whoever_waits_for_the_stream() {
    let alarm = Arc::default();
    let (mut first, slot) = entangled([Step::Panic], &alarm);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut first)));
    assert!(panicked.is_err());
    assert_eq!(alarm.times(), 1);
    assert_eq!(poll(&mut second(&slot)), Got::NotWhole);
}

/// The lost reader's half must not end like a whole while the owner finishes a stream that has
/// outgrown its limit.
#[test]
fn a_loser_never_ends_cleanly() {
    let mut first = Script::new([data(b"ab"), data(b"cdefg")])
        .telling_its_end()
        .body()
        .replay_limit(4);
    let mut second = first.replay().unwrap();
    assert_eq!(poll(&mut first), Got::Data(b"ab".to_vec()));
    assert_eq!(
        drain(&mut second),
        [
            Got::Data(b"ab".to_vec()),
            Got::Data(b"cdefg".to_vec()),
            Got::End
        ]
    );
    assert!(second.is_end_stream());
    assert!(!first.is_end_stream());
    assert_eq!(first.size_hint().exact(), None);
    assert_eq!(poll(&mut first), Got::NotWhole);
}
