use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use buttress_kernel::{Body, Replay};
use http_body::Body as _;

use super::script::{Got, Script, Step, data, drain, poll, trailers};

fn got(text: &str) -> Got {
    Got::Data(text.into())
}

/// A body of the steps, and its replay.
fn pair(script: Script) -> (Body, Body) {
    let mut first = script.body();
    let second = first.replay().unwrap();
    (first, second)
}

#[test]
fn a_stream_that_nobody_wants_again_passes_through() {
    let mut body = Script::new([data(b"ab"), Step::Trailers(trailers())])
        .exact(2)
        .body();
    assert_eq!(body.size_hint().exact(), Some(2));
    assert!(body.is_whole() && !body.is_end_stream());
    assert_eq!(body.as_bytes(), None);
    assert_eq!(
        drain(&mut body),
        [got("ab"), Got::Trailers(trailers()), Got::End]
    );
    let empty = Script::new([]).telling_its_end().body();
    assert!(empty.is_end_stream());
}

/// octocrab#842 again: what is left of a stream is not the stream.
#[test]
fn a_stream_that_has_begun_is_not_replayed() {
    let mut body = Script::new([data(b"ab"), data(b"cd")]).body();
    assert_eq!(poll(&mut body), got("ab"));
    let mut body = body.replay_limit(100);
    assert!(!body.can_replay());
    assert!(body.replay().is_none());
    assert_eq!(drain(&mut body), [got("cd"), Got::End]);
}

#[test]
fn a_limit_of_zero_means_sent_once() {
    let mut body = Script::new([]).body().replay_limit(0);
    assert!(!body.can_replay() && body.replay().is_none());
    assert!(Script::new([]).body().replay_limit(1).can_replay());
}

#[test]
fn what_passes_through_something_is_replayed_as_before() {
    let same = |body: Body| body;
    let long = || Script::new([data(&[7; 9])]).exact(9).body();
    for (limit, can) in [(0, false), (8, false), (9, true)] {
        assert_eq!(
            long().replay_limit(limit).through(same).can_replay(),
            can,
            "{limit}"
        );
        let (watched, _) = long().replay_limit(limit).watched();
        assert_eq!(watched.through(same).can_replay(), can, "{limit}");
    }
    let mut kept = long().replay_limit(9);
    let _other = kept.replay().unwrap();
    let mut again = kept.through(same).replay().unwrap();
    assert_eq!(drain(&mut again), [Got::Data(vec![7; 9]), Got::End]);
    let mut kept = Script::new([data(&[7; 9])]).body().replay_limit(8);
    let _other = kept.replay().unwrap();
    let mut passed = kept.through(same);
    let _again = passed.replay().unwrap();
    drain(&mut passed);
    assert!(!passed.can_replay(), "longer than what is kept");

    let mut begun = Script::new([data(b"ab"), data(b"cd")]).body();
    assert_eq!(poll(&mut begun), got("ab"));
    let mut rest = begun.through(same);
    assert!(!rest.can_replay());
    assert_eq!(drain(&mut rest), [got("cd"), Got::End]);

    for mut body in [Body::from("ab"), Body::from_fn(|| Body::from("ab"))] {
        body = body.through(same);
        let mut again = body.replay().unwrap();
        for body in [&mut body, &mut again] {
            assert_eq!(drain(body), [got("ab"), Got::End]);
        }
    }
}

#[test]
fn a_replay_sends_the_same_with_the_same_trailers() {
    let (mut first, mut second) = pair(Script::new([
        data(b"ab"),
        data(b"cd"),
        Step::Trailers(trailers()),
    ]));
    let mut third = second.replay().unwrap();
    assert_eq!(
        drain(&mut first),
        [got("ab"), got("cd"), Got::Trailers(trailers()), Got::End]
    );
    for replay in [&mut second, &mut third] {
        assert_eq!(
            replay.size_hint().exact(),
            Some(4),
            "now its length is known"
        );
        assert!(!replay.is_end_stream());
        assert_eq!(poll(replay), got("abcd"));
        assert_eq!(replay.size_hint().exact(), Some(0));
        assert!(!replay.is_end_stream(), "the trailers are still to come");
        assert_eq!(poll(replay), Got::Trailers(trailers()));
        assert!(replay.is_end_stream() && replay.is_whole());
        assert_eq!(poll(replay), Got::End);
        assert_eq!(poll(replay), Got::End);
    }
    assert_eq!(
        poll(&mut first),
        Got::End,
        "nobody needs to own what is kept"
    );
}

#[test]
fn a_stream_without_trailers_ends_with_its_last_byte() {
    let (mut first, mut second) = pair(Script::new([data(b"ab")]).telling_its_end());
    assert_eq!(poll(&mut first), got("ab"));
    assert!(first.is_end_stream(), "the stream says so");
    assert!(!second.is_end_stream());
    assert_eq!(poll(&mut second), got("ab"));
    assert!(second.is_end_stream());
    assert_eq!(poll(&mut second), Got::End);
    let mut third = first.replay().unwrap();
    assert!(!third.is_end_stream());
    assert_eq!(poll(&mut third), got("ab"));
    assert!(third.is_end_stream());
}

#[test]
fn an_empty_stream_ends_at_once() {
    let (mut first, mut second) = pair(Script::new([]).exact(0).telling_its_end());
    assert!(first.is_end_stream() && second.is_end_stream());
    assert_eq!(drain(&mut second), [Got::End]);
    assert_eq!(drain(&mut first), [Got::End]);
    assert_eq!(first.size_hint().exact(), Some(0));
}

#[test]
fn a_half_sent_body_is_replayed_whole() {
    let (mut first, mut second) = pair(Script::new([data(b"ab"), Step::Pending, data(b"cd")]));
    assert_eq!(drain(&mut first), [got("ab"), Got::Pending]);
    drop(first);
    assert_eq!(drain(&mut second), [got("ab"), got("cd"), Got::End]);
}

#[test]
fn the_promised_length_holds_at_every_point_of_every_replay() {
    let (mut first, mut second) = pair(Script::new([data(b"ab"), data(b"cde")]).exact(5));
    assert_eq!(
        (first.size_hint().exact(), second.size_hint().exact()),
        (Some(5), Some(5))
    );
    poll(&mut first);
    assert_eq!(
        (first.size_hint().exact(), second.size_hint().exact()),
        (Some(3), Some(5))
    );
    poll(&mut first);
    assert_eq!(
        (first.size_hint().exact(), second.size_hint().exact()),
        (Some(0), Some(5))
    );
    poll(&mut second);
    assert_eq!(second.size_hint().exact(), Some(0));
}

#[test]
fn a_stream_that_forgets_to_shrink_its_length_does_not_spoil_the_replays() {
    struct Stubborn(Option<&'static [u8]>);
    impl http_body::Body for Stubborn {
        type Data = bytes::Bytes;
        type Error = std::io::Error;
        fn poll_frame(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>>
        {
            let data = self.0.take().map(bytes::Bytes::from_static);
            std::task::Poll::Ready(data.map(|data| Ok(http_body::Frame::data(data))))
        }
        fn size_hint(&self) -> http_body::SizeHint {
            http_body::SizeHint::with_exact(2)
        }
    }
    let mut first = Body::stream(Stubborn(Some(b"ab")));
    let mut second = first.replay().unwrap();
    assert_eq!(poll(&mut first), got("ab"));
    assert_eq!(second.size_hint().exact(), Some(2));
    assert_eq!(drain(&mut second), [got("ab"), Got::End]);
}

#[test]
fn a_range_of_lengths_is_kept_as_a_range() {
    let mut script = Script::new([data(b"ab"), data(b"c")]);
    script.hint.set_lower(2);
    script.hint.set_upper(9);
    let (mut first, second) = pair(script);
    poll(&mut first);
    let range = |body: &Body| (body.size_hint().lower(), body.size_hint().upper());
    assert_eq!(
        (range(&first), range(&second)),
        ((0, Some(7)), (2, Some(9)))
    );
    poll(&mut first);
    assert_eq!(range(&first), (0, Some(6)));
    assert_eq!(poll(&mut first), Got::End);
    assert_eq!(
        (range(&first), range(&second)),
        ((0, Some(0)), (3, Some(3)))
    );
}

#[test]
fn a_stream_longer_than_the_limit_is_sent_once() {
    let script = Script::new([
        data(b"ab"),
        data(b"c"),
        data(b"d"),
        Step::Trailers(trailers()),
    ])
    .telling_its_end();
    let mut first = script.body().replay_limit(3);
    let mut second = first.replay().unwrap();
    assert_eq!((poll(&mut first), poll(&mut first)), (got("ab"), got("c")));
    assert!(
        first.can_replay() && second.is_whole(),
        "three bytes are kept"
    );
    assert_eq!(poll(&mut first), got("d"));
    assert!(!first.can_replay() && first.replay().is_none());
    assert!(first.is_whole() && !second.is_whole());
    assert!(!first.is_end_stream());
    assert_eq!(poll(&mut first), Got::Trailers(trailers()));
    assert!(first.is_end_stream());
    assert!(
        !second.is_end_stream(),
        "its half must not end like a whole"
    );
    assert_eq!(
        second.size_hint().exact(),
        None,
        "an exact 0 would be sent as an empty body"
    );
    assert_eq!(poll(&mut second), Got::NotWhole);
    assert_eq!(
        (poll(&mut first), poll(&mut first)),
        (Got::End, Got::End),
        "and first was not disturbed"
    );
}

#[test]
fn the_length_of_an_outgrown_stream_goes_on_shrinking_for_its_owner() {
    let mut first = Script::new([data(b"abc"), data(b"de")])
        .exact(5)
        .body()
        .replay_limit(5);
    let mut again = first.replay().unwrap().replay_limit(1);
    assert_eq!(
        again.size_hint().exact(),
        Some(5),
        "the limit was set when the first was asked"
    );
    drain(&mut first);
    assert_eq!(poll(&mut again), got("abcde"));

    let mut script = Script::new([data(b"abc"), data(b"de")]);
    script.hint.set_upper(5);
    let mut first = script.body().replay_limit(2);
    let second = first.replay().unwrap();
    assert_eq!(poll(&mut first), got("abc"));
    assert_eq!(first.size_hint().upper(), Some(2));
    assert_eq!(second.size_hint().upper(), None);
}

#[test]
fn a_large_replay_comes_in_pieces_of_64_kib() {
    let steps = (0..5).map(|n| Step::Data(vec![n; 30_000]));
    let mut first = Script::new(steps).body().replay_limit(150_000);
    let mut second = first.replay().unwrap();
    drain(&mut first);
    let pieces = drain(&mut second);
    let lengths: Vec<_> = pieces
        .iter()
        .map(|got| {
            if let Got::Data(data) = got {
                data.len()
            } else {
                0
            }
        })
        .collect();
    assert_eq!(lengths, [65_536, 65_536, 18_928, 0]);
}

#[test]
fn a_failed_stream_is_never_sent_short() {
    let (mut first, mut second) = pair(Script::new([data(b"ab"), Step::Fail]).exact(5));
    assert_eq!(drain(&mut first), [got("ab"), Got::Failed]);
    assert!(!first.is_whole() && !second.is_whole() && !first.can_replay());
    for body in [&mut first, &mut second] {
        assert!(!body.is_end_stream());
        assert_eq!(body.size_hint().exact(), None);
        assert_eq!(poll(body), Got::NotWhole);
    }
}

#[test]
fn the_error_says_what_became_of_the_body() {
    let (mut first, mut second) = pair(Script::new([Step::Fail]));
    drain(&mut first);
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Some(Err(error))) =
        std::pin::Pin::new(&mut second).poll_frame(&mut cx)
    else {
        panic!("no error");
    };
    assert_eq!(error.to_string(), "the body can no longer be sent whole");
}

#[test]
fn a_stream_shorter_than_it_promised_has_broken_off() {
    let (mut first, mut second) = pair(Script::new([data(b"ab")]).exact(5));
    assert_eq!(
        drain(&mut first),
        [got("ab"), Got::End],
        "the transport will see that it is short"
    );
    assert!(!second.is_whole());
    assert_eq!(poll(&mut second), Got::NotWhole);
    let (mut first, second) = pair(Script::new([data(b"ab"), Step::Trailers(trailers())]).exact(5));
    drain(&mut first);
    assert!(!second.is_whole());
    assert!(!first.can_replay());
}

#[test]
fn a_stream_that_panics_is_never_polled_again() {
    let script = Script::new([data(b"ab"), Step::Panic, data(b"cd")]);
    let alive = Arc::downgrade(&script.alive);
    let (mut first, mut second) = pair(script);
    assert_eq!(poll(&mut first), got("ab"));
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(&mut first)));
    assert!(panicked.is_err());
    assert_eq!(alive.strong_count(), 0);
    assert!(!first.can_replay());
    assert_eq!(
        (poll(&mut first), poll(&mut second)),
        (Got::NotWhole, Got::NotWhole)
    );
}

#[test]
fn a_stream_is_let_go_as_soon_as_it_is_over() {
    for last in [Step::Trailers(trailers()), Step::Fail, data(b"")] {
        let script = Script::new([data(b"ab"), last]);
        let alive = Arc::downgrade(&script.alive);
        let (mut first, _second) = pair(script);
        assert_eq!(alive.strong_count(), 1);
        drain(&mut first);
        assert_eq!(alive.strong_count(), 0);
    }
}

#[test]
fn empty_frames_pass_and_cost_nothing() {
    let frames = (0..1_000).map(|_| data(b"")).chain([data(b"a")]);
    let mut first = Script::new(frames).body().replay_limit(1);
    let mut second = first.replay().unwrap();
    assert_eq!(drain(&mut first).len(), 1_002);
    assert_eq!(drain(&mut second), [got("a"), Got::End]);
}
