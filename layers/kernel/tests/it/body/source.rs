//! A body that tells whether its source keeps the peer waiting.

use std::task::{Context, Poll, Waker};

use buttress_kernel::{Body, Replay};
use bytes::Bytes;
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, Full, StreamBody};

/// One that has so many frames ready, and then nothing more.
fn stalled(frames: usize) -> Body {
    let ready = (0..frames).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from("frame"))));
    let ready = futures_util::stream::iter(ready.collect::<Vec<_>>());
    let stalled = futures_util::stream::pending();
    let frames = futures_util::StreamExt::chain(ready, stalled);
    Body::stream(StreamBody::new(frames))
}

/// Whether there was a frame.
fn poll(body: &mut Body) -> bool {
    let mut cx = Context::from_waker(Waker::noop());
    matches!(
        std::pin::Pin::new(body).poll_frame(&mut cx),
        Poll::Ready(Some(Ok(_)))
    )
}

#[test]
fn a_source_is_dry_from_a_vain_question_to_the_next_frame() {
    let (mut body, source) = stalled(1).watched();
    let source = source.unwrap();
    assert!(!source.is_dry(), "nobody has asked");
    assert!(poll(&mut body));
    assert!(!source.is_dry(), "it is the peer's turn");
    assert!(!poll(&mut body));
    assert!(source.is_dry());
    drop(body);
    assert!(!source.is_dry(), "nobody asks any more");
}

#[test]
fn what_lies_in_memory_keeps_nobody_waiting() {
    for body in [Body::empty(), Body::from("bytes"), Body::from("")] {
        let (body, source) = body.watched();
        assert!(source.is_none());
        assert!(body.as_bytes().is_some());
    }
}

#[test]
fn to_watch_twice_is_to_watch_once() {
    let (body, first) = stalled(0).watched();
    let (mut body, second) = body.watched();
    assert!(!poll(&mut body));
    assert!(first.unwrap().is_dry() && second.unwrap().is_dry());
}

#[tokio::test]
async fn a_watched_body_is_the_same_otherwise() {
    let made = || Body::from_fn(|| Full::new(Bytes::from("made anew")));
    let (mut body, _) = made().watched();
    assert!(body.can_replay() && body.is_whole() && !body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(9));
    assert!(body.as_bytes().is_none());
    assert_eq!(format!("{body:?}"), "Body(stream)");
    let again = body.replay().unwrap();
    for body in [body, again] {
        assert_eq!(body.collect().await.unwrap().to_bytes(), "made anew");
    }

    let upper = |body: Body| {
        body.map_frame(|frame| frame.map_data(|data| data.to_ascii_uppercase().into()))
    };
    let (body, source) = made().watched();
    let mut passed = body.made_through(upper).unwrap();
    assert!(passed.can_replay() && source.is_some());
    let again = passed.replay().unwrap();
    for body in [passed, again] {
        assert_eq!(body.collect().await.unwrap().to_bytes(), "MADE ANEW");
    }
    let (stream, _) = stalled(1).watched();
    let stream = stream.made_through(upper).unwrap_err();
    assert!(stream.can_replay());
    assert!(!stream.replay_limit(0).can_replay());
}

#[test]
fn a_replay_tells_of_the_same_source() {
    let (mut body, source) = stalled(1).watched();
    let source = source.unwrap();
    let mut replay = body.replay().unwrap();
    assert!(poll(&mut body) && poll(&mut replay));
    assert!(!poll(&mut replay));
    assert!(source.is_dry());
}
