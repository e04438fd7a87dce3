//! While the request's body is sent.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use buttress_kernel::{Body, BoxError, Failure, Kind, Sent};
use buttress_testkit::channel;
use buttress_timeout::body::UploadBody;
use buttress_timeout::mode::Upload;
use buttress_timeout::{Override, Phase, TimeoutLayer};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::{deadline_in, elapsed, millis, secs};

/// What a transport does with the body.
#[derive(Clone, Copy)]
enum Move {
    /// Takes so many frames, waiting for them; stops at the end.
    Take(usize),
    /// Is busy, or stalled.
    Pause(Duration),
    /// Throws it away.
    Discard,
    /// Answers.
    Answer,
}

use Move::{Answer, Discard, Pause, Take};

/// All frames there are.
const REST: Move = Take(usize::MAX);

/// A transport that sends the body in a task of its own, as hyper does.
fn transport<const N: usize>(
    moves: [Move; N],
) -> impl Service<Request<UploadBody<Body>>, Response = Response<Body>, Error = BoxError> {
    service_fn(move |request: Request<UploadBody<Body>>| {
        let (answer, answered) = oneshot::channel();
        tokio::spawn(send(moves, request.into_body(), answer));
        async move { Ok(answered.await.map(|()| Response::new(Body::empty()))?) }
    })
}

async fn send<const N: usize>(
    moves: [Move; N],
    body: UploadBody<Body>,
    answer: oneshot::Sender<()>,
) {
    let mut body = Some(Box::pin(body));
    let mut answer = Some(answer);
    for step in moves {
        match (step, &mut body) {
            (Pause(time), _) => sleep(time).await,
            (Take(count), Some(body)) => take(body, count).await,
            (Take(_) | Discard, _) => body = None,
            // Nobody listens any more where a limit ran out.
            (Answer, _) => drop(answer.take().map(|answer| answer.send(()))),
        }
    }
    // Neither body nor connection is closed.
    pending::<()>().await;
}

async fn take(body: &mut std::pin::Pin<Box<UploadBody<Body>>>, count: usize) {
    for _ in 0..count {
        // hyper does not ask again either, once the body says that this was all.
        if body.is_end_stream() || !matches!(body.frame().await, Some(Ok(_))) {
            break;
        }
    }
}

fn put(body: Body) -> Request<Body> {
    let request = Request::put("https://api.example/file").body(body);
    request.expect("a valid request")
}

/// A body of so many frames, all there.
fn frames(count: usize) -> Request<Body> {
    let (sender, body) = channel();
    (0..count).for_each(|_| sender.data("frame"));
    put(body)
}

/// Head 5 s, upload idle 2 s.
fn layer() -> TimeoutLayer<Upload> {
    TimeoutLayer::new(secs(5)).upload_idle(secs(2))
}

/// What became of a call, and how long it took.
async fn run<const N: usize>(
    layer: TimeoutLayer<Upload>,
    request: Request<Body>,
    moves: [Move; N],
) -> (Result<(), (Phase, Duration)>, Duration) {
    let start = Instant::now();
    let end = layer.layer(transport(moves)).oneshot(request).await;
    let end = match end {
        Ok(_) => Ok(()),
        Err(error) => Err(elapsed::<()>(Err(error))),
    };
    (end, start.elapsed())
}

#[tokio::test(start_paused = true)]
async fn ic28_an_upload_that_the_peer_stops_taking_is_given_up() {
    let end = run(layer(), frames(9), [Take(3), Pause(secs(1)), Take(1)]).await;
    assert_eq!(end, (Err((Phase::RequestBody, secs(2))), secs(3)));
}

#[tokio::test(start_paused = true)]
async fn the_error_says_that_the_peer_took_nothing() {
    let service = layer().layer(transport([Take(1)]));
    let error = service.oneshot(frames(2)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer took nothing of the request's body for 2 s"
    );
    let failure = Failure::of(&*error);
    assert_eq!(
        (failure.kind(), failure.sent()),
        (Kind::Timeout, Sent::Maybe)
    );
}

#[tokio::test(start_paused = true)]
async fn ic28_an_upload_that_moves_may_take_longer_than_the_limit_on_the_head() {
    let slow = [
        Take(1),
        Pause(millis(1_900)),
        Take(1),
        Pause(millis(1_900)),
        Take(1),
        Pause(millis(1_900)),
        REST,
        Answer,
    ];
    let (end, took) = run(layer(), put("x".repeat(4 * 64 * 1024).into()), slow).await;
    assert_eq!((end, took), (Ok(()), millis(5_700)));
}

#[tokio::test(start_paused = true)]
async fn trap18_a_source_of_ours_that_is_slow_is_no_fault_of_the_peer() {
    let slow = |pause| {
        let (sender, body) = channel();
        tokio::spawn(async move {
            for _ in 0..9 {
                sleep(pause).await;
                sender.data("frame");
            }
        });
        put(body)
    };
    let end = run(layer(), slow(millis(4_900)), [REST, Answer]).await;
    assert_eq!(end, (Ok(()), millis(44_100)));
    // Silent for longer than the head may take, it is the caller's.
    let end = run(layer(), slow(secs(60)), [REST, Answer]).await;
    assert_eq!(end, (Err((Phase::Source, secs(5))), secs(5)));
    let patient = TimeoutLayer::none().upload_idle(secs(2));
    let end = run(patient, slow(secs(60)), [REST, Answer]).await;
    assert_eq!(end, (Ok(()), secs(540)));
}

#[tokio::test(start_paused = true)]
async fn a_silence_of_the_source_begins_anew_with_each_frame() {
    let (sender, body) = channel();
    tokio::spawn(async move {
        for _ in 0..2 {
            sleep(secs(4)).await;
            sender.data("frame");
        }
        pending::<()>().await;
    });
    let end = run(layer(), put(body), [REST, Answer]).await;
    assert_eq!(end, (Err((Phase::Source, secs(5))), secs(13)));
}

#[tokio::test(start_paused = true)]
async fn trap18_one_large_frame_on_a_slow_link_is_progress() {
    let pieces = 5;
    let body = Body::from(vec![7_u8; pieces * 64 * 1024]);
    let step = [Take(1), Pause(millis(1_900))];
    let [a, b] = step;
    let (end, took) = run(layer(), put(body), [a, b, a, b, a, b, a, b, a, b, Answer]).await;
    assert_eq!((end, took), (Ok(()), millis(9_500)));
}

#[tokio::test(start_paused = true)]
async fn trap18_a_server_that_thinks_after_the_upload_has_the_limit_on_the_head() {
    let slow = [Take(1), Pause(secs(1)), REST, Pause(millis(4_900)), Answer];
    let (end, took) = run(layer(), put("x".repeat(100_000).into()), slow).await;
    assert_eq!((end, took), (Ok(()), millis(5_900)));

    let hangs = [Take(1), Pause(secs(1)), REST];
    let (end, took) = run(layer(), put("x".repeat(100_000).into()), hangs).await;
    assert_eq!((end, took), (Err((Phase::Head, secs(5))), secs(6)));
}

#[tokio::test(start_paused = true)]
async fn trap18_without_a_body_there_is_no_upload_to_stall() {
    let (end, took) = run(layer(), put(Body::empty()), []).await;
    assert_eq!((end, took), (Err((Phase::Head, secs(5))), secs(5)));
    let (end, _) = run(layer(), put(Body::empty()), [Pause(secs(4)), Answer]).await;
    assert_eq!(end, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn until_the_transport_asks_the_limit_on_the_head_runs() {
    let connects_slowly = [Pause(secs(4)), REST, Answer];
    assert_eq!(run(layer(), frames(1), connects_slowly).await.0, Ok(()));
    let end = run(layer(), frames(1), [Pause(secs(6)), REST]).await;
    assert_eq!(end, (Err((Phase::Head, secs(5))), secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_body_that_the_transport_throws_away_cannot_stall() {
    let gives_up = [Take(1), Discard, Pause(secs(4)), Answer];
    assert_eq!(run(layer(), frames(3), gives_up).await, (Ok(()), secs(4)));
    let end = run(layer(), frames(3), [Take(1), Pause(secs(1)), Discard]).await;
    assert_eq!(end, (Err((Phase::Head, secs(5))), secs(6)));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_has_ended() {
    let (sender, body) = channel();
    sender.data("frame");
    sender.error("the disk is gone");
    let end = run(layer(), put(body), [REST, Pause(secs(4)), Answer]).await;
    assert_eq!(end, (Ok(()), secs(4)));
}

#[tokio::test(start_paused = true)]
async fn an_answer_before_the_end_of_the_upload_passes() {
    let refuses = [Take(1), Pause(secs(1)), Answer];
    assert_eq!(run(layer(), frames(3), refuses).await, (Ok(()), secs(1)));
}

#[tokio::test(start_paused = true)]
async fn without_a_limit_on_uploads_that_on_the_head_covers_them() {
    let plain = || TimeoutLayer::new(secs(5)).upload_idle(None);
    assert_eq!(plain().upload_idle_limit(), None);
    let slow = [Take(1), Pause(secs(3)), Take(1), Pause(secs(3)), Answer];
    let end = run(plain(), frames(3), slow).await;
    assert_eq!(end, (Err((Phase::Head, secs(5))), secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_request_has_the_limit_on_its_upload_that_it_asks_for() {
    let asking = |own: Override| {
        let mut request = frames(9);
        request.extensions_mut().insert(own);
        request
    };
    let longer = asking(Override::new().upload_idle(secs(60)));
    let end = run(layer(), longer, [Take(3)]).await;
    assert_eq!(end, (Err((Phase::RequestBody, secs(60))), secs(60)));
    let none = asking(Override::new().upload_idle(None));
    let end = run(layer(), none, [Take(3)]).await;
    assert_eq!(end, (Err((Phase::Head, secs(5))), secs(5)));
    let first = asking(Override::new().upload_idle(secs(1)));
    let end = run(TimeoutLayer::none().upload_idle(None), first, [Take(3)]).await;
    assert_eq!(end, (Err((Phase::RequestBody, secs(1))), secs(1)));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_bounds_an_upload_that_moves() {
    let (_sender, body) = channel();
    let mut request = put(body);
    request.extensions_mut().insert(deadline_in(secs(30)));
    let slow = TimeoutLayer::none().upload_idle(secs(2));
    let end = run(slow.clone(), request, [REST]).await;
    assert_eq!(end, (Err((Phase::Source, secs(30))), secs(30)));

    let mut request = put("x".repeat(100 * 64 * 1024).into());
    request.extensions_mut().insert(deadline_in(secs(3)));
    let step = [Take(1), Pause(secs(1))];
    let [a, b] = step;
    let end = run(slow, request, [a, b, a, b, a, b, a, b]).await;
    assert_eq!(end, (Err((Phase::Total, secs(3))), secs(3)));

    let mut late = frames(1);
    late.extensions_mut().insert(deadline_in(secs(0)));
    assert_eq!(
        run(layer(), late, [REST, Answer]).await.0,
        Err((Phase::Total, secs(0)))
    );
}

#[tokio::test(start_paused = true)]
async fn limits_at_the_edges_neither_spin_nor_overflow() {
    let zero = TimeoutLayer::new(secs(5)).upload_idle(secs(0));
    let (end, took) = run(zero, frames(3), [Pause(secs(1)), Take(1)]).await;
    assert_eq!(end, Err((Phase::RequestBody, secs(0))));
    assert!(took >= secs(1) && took <= millis(1_002), "{took:?}");

    let endless = TimeoutLayer::new(secs(5)).upload_idle(Duration::MAX);
    let slow = [Take(1), Pause(secs(3_600)), REST, Pause(secs(4)), Answer];
    let body = put("x".repeat(100_000).into());
    assert_eq!(
        run(endless.clone(), body, slow).await,
        (Ok(()), secs(3_604))
    );
    let body = put("x".repeat(100_000).into());
    let end = run(endless, body, [Take(1), Pause(secs(3_600)), REST]).await;
    assert_eq!(end, (Err((Phase::Head, secs(5))), secs(3_605)));

    let nothing = TimeoutLayer::none().upload_idle(Duration::MAX);
    let slow = [Take(1), Pause(secs(3_600)), Answer];
    assert_eq!(run(nothing, frames(2), slow).await.0, Ok(()));
}

/// The body as a transport sees it.
async fn seen(layer: TimeoutLayer<Upload>, body: Body) -> UploadBody<Body> {
    let (take, taken) = oneshot::channel();
    let mut take = Some(take);
    let keep = service_fn(move |request: Request<UploadBody<Body>>| {
        drop(take.take().map(|take| take.send(request.into_body())));
        async { Ok::<_, Infallible>(Response::new(Body::empty())) }
    });
    layer
        .layer(keep)
        .oneshot(put(body))
        .await
        .expect("an answer");
    taken.await.expect("a body")
}

async fn lengths(body: UploadBody<Body>) -> Vec<usize> {
    let mut body = Box::pin(body);
    let mut lengths = Vec::new();
    while let Some(frame) = body.frame().await {
        lengths.push(
            frame
                .expect("a frame")
                .into_data()
                .map_or(0, |data| data.len()),
        );
    }
    lengths
}

#[tokio::test(start_paused = true)]
async fn large_frames_are_cut_and_only_when_somebody_watches() {
    let piece = 64 * 1024;
    let body = || Body::from(vec![7_u8; 2 * piece + 5]);
    assert_eq!(
        lengths(seen(layer(), body()).await).await,
        [piece, piece, 5]
    );
    let unwatched = TimeoutLayer::none().upload_idle(None);
    assert_eq!(
        lengths(seen(unwatched, body()).await).await,
        [2 * piece + 5]
    );
    assert_eq!(
        lengths(seen(layer(), vec![7; piece].into()).await).await,
        [piece]
    );
}

#[tokio::test(start_paused = true)]
async fn size_end_and_trailers_of_an_upload_are_the_callers() {
    let size = 100_000;
    let mut body = Box::pin(seen(layer(), vec![7; size].into()).await);
    assert_eq!(body.size_hint().exact(), Some(100_000));
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(body.size_hint().exact(), Some((size - first.len()) as u64));
    assert!(!body.is_end_stream());
    body.frame().await.unwrap().unwrap();
    assert_eq!(
        (body.size_hint().exact(), body.is_end_stream()),
        (Some(0), true)
    );
    assert!(body.frame().await.is_none());

    let (sender, streamed) = channel();
    let trailers: HeaderMap = [(http::header::ETAG, "\"x\"".parse().unwrap())]
        .into_iter()
        .collect();
    sender.data(Bytes::from(vec![7; 70_000]));
    sender.trailers(trailers.clone());
    drop(sender);
    let whole = seen(layer(), streamed).await;
    assert!(whole.get_ref().size_hint().upper().is_none());
    let whole = whole.collect().await.unwrap();
    assert_eq!(whole.trailers(), Some(&trailers));
    assert_eq!(whole.to_bytes().len(), 70_000);
}
