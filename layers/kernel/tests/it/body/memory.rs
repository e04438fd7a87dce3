use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use buttress_kernel::body::DEFAULT_REPLAY_LIMIT;
use buttress_kernel::{Body, Replay};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{Empty, Full};

use super::script::{Got, Script, data, drain, poll};

#[test]
fn bytes_replay_for_free() {
    let bytes = Bytes::from(vec![7; 1_000_000]);
    let mut first = Body::from(bytes.clone());
    let mut second = first.replay().unwrap();
    for body in [&mut first, &mut second] {
        assert_eq!(body.as_bytes().unwrap().as_ptr(), bytes.as_ptr(), "no copy");
        assert_eq!(body.size_hint().exact(), Some(1_000_000));
        assert!(!body.is_end_stream() && body.is_whole());
        assert_eq!(drain(body), [Got::Data(vec![7; 1_000_000]), Got::End]);
        assert!(body.is_end_stream() && body.is_whole());
        assert_eq!(body.size_hint().exact(), Some(0));
    }
}

/// octocrab#842: a retry sent an empty body in place of the one that had been sent already.
#[test]
fn sent_bytes_are_not_replayed_as_an_empty_body() {
    let mut body = Body::from("once");
    drain(&mut body);
    assert!(!body.can_replay());
    assert!(body.replay().is_none());
    assert_eq!(body.as_bytes(), None);
    assert_eq!(poll(&mut body), Got::End);
}

#[test]
fn an_empty_body_stays_empty() {
    for mut body in [
        Body::empty(),
        Body::default(),
        Body::from(()),
        Body::from(""),
        Body::from(Bytes::new()),
    ] {
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert_eq!(body.as_bytes(), Some(&[][..]));
        assert_eq!(drain(&mut body), [Got::End]);
        let mut second = body.replay().unwrap();
        assert!(body.can_replay() && second.is_whole() && second.is_end_stream());
        assert_eq!(drain(&mut second), [Got::End]);
    }
}

#[test]
fn whatever_holds_bytes_becomes_a_body() {
    let bodies = [
        Body::from("abc"),
        Body::from(String::from("abc")),
        Body::from(b"abc".to_vec()),
        Body::from(&b"abc"[..]),
        Body::from(Bytes::from_static(b"abc")),
    ];
    for mut body in bodies {
        assert_eq!(body.as_bytes(), Some(&b"abc"[..]));
        assert_eq!(drain(&mut body), [Got::Data(b"abc".to_vec()), Got::End]);
    }
}

#[test]
fn the_replay_limit_is_64_kib_and_no_matter_for_bytes() {
    assert_eq!(DEFAULT_REPLAY_LIMIT, 65_536);
    assert!(Body::from("abc").replay_limit(0).can_replay());
    let stream = |bytes: u64| Script::new([]).exact(bytes).body();
    assert!(stream(65_536).can_replay());
    assert!(!stream(65_537).can_replay());
}

#[test]
fn no_debug_output_shows_what_a_body_holds() {
    let mut kept = Script::new([data(b"hunter2")]).body();
    let again = kept.replay().unwrap();
    drain(&mut kept);
    let mut sent = Body::from("hunter2");
    drain(&mut sent);
    let shown = |body: &Body| format!("{body:?}");
    assert_eq!(shown(&Body::from("hunter2")), "Body(bytes)");
    assert_eq!(shown(&sent), "Body(bytes)");
    assert_eq!(
        shown(&Script::new([data(b"hunter2")]).body()),
        "Body(stream)"
    );
    assert_eq!(shown(&kept), "Body(stream)");
    assert_eq!(shown(&again), "Body(stream)");
    assert_eq!(shown(&Body::empty()), "Body(empty)");
}

#[test]
fn bodies_of_other_crates_in_memory_are_replayed() {
    let mut full = Full::new(Bytes::from("abc"));
    assert!(full.can_replay() && full.is_whole());
    assert_eq!(full.replay().unwrap().size_hint().exact(), Some(3));
    let mut empty = Empty::<Bytes>::new();
    assert!(empty.can_replay() && empty.replay().unwrap().is_whole());
    assert!(().can_replay() && ().replay().is_some());
    let mut bytes = Bytes::from("abc");
    assert!(bytes.can_replay());
    assert_eq!(bytes.replay().unwrap(), "abc");
}

#[test]
fn what_is_made_anew_is_sent_as_often_as_wanted_and_kept_nowhere() {
    let made = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&made);
    let long = DEFAULT_REPLAY_LIMIT * 2;
    let mut body = Body::from_fn(move || {
        count.fetch_add(1, Ordering::Relaxed);
        Script::new([data(&vec![7; long])])
    });
    assert_eq!(body.as_bytes(), None);
    for _ in 0..3 {
        let mut second = body.replay().unwrap();
        assert!(body.can_replay() && second.is_whole() && !second.is_end_stream());
        assert_eq!(drain(&mut second), [Got::Data(vec![7; long]), Got::End]);
        // Also one that was sent, and one that was made again.
        assert_eq!(drain(&mut second.replay().unwrap()).len(), 2);
    }
    assert_eq!(drain(&mut body).len(), 2);
    assert_eq!(made.load(Ordering::Relaxed), 7);
}

#[test]
fn what_is_made_anew_is_passed_through_anew() {
    let made = || Script::new([data(b"one")]);
    let twice = |body: Body| Script::new([data(b"again"), data(format!("{body:?}").as_bytes())]);
    let mut body = Body::from_fn(made).made_through(twice).unwrap();
    for _ in 0..2 {
        let mut second = body.replay().unwrap();
        let wanted = [b"again".to_vec(), b"Body(stream)".to_vec()].map(Got::Data);
        assert_eq!(drain(&mut second)[..2], wanted);
    }
    // Nothing else is made anew.
    for other in [Body::from("bytes"), Body::stream(made())] {
        assert!(other.made_through(twice).is_err());
    }
}
