//! Nothing is buffered whole, and a cut body never looks whole.

use std::convert::Infallible;
use std::time::Duration;

use buttress::Body;
use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response, Version};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;

use crate::support::gateway::Gateway;
use crate::support::upstream::Upstream;

const MIB: usize = 1024 * 1024;

/// So many MiB, one frame of 64 KiB after the other.
fn mebibytes(n: usize) -> Body {
    let frame = Bytes::from(vec![7; MIB / 16]);
    let frames = (0..n * 16).map(move |_| Ok::<_, Infallible>(Frame::data(frame.clone())));
    Body::stream(StreamBody::new(stream::iter(frames)))
}

/// The most memory that a process has held, in KiB.
fn peak_memory(pid: u32) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
#[cfg_attr(not(target_os = "linux"), ignore = "reads /proc")]
async fn a_gibibyte_passes_in_bounded_memory() {
    let upstream =
        Upstream::start(|_, _| async { Ok::<_, Infallible>(Response::new(mebibytes(1024))) }).await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --timeout 30000");
    gateway
        .get("/")
        .await
        .into_body()
        .frame()
        .await
        .unwrap()
        .unwrap();
    let before = peak_memory(gateway.pid());

    let mut body = gateway.get("/").await.into_body();
    let mut received = 0;
    while let Some(frame) = body.frame().await {
        received += frame.unwrap().into_data().map_or(0, |data| data.len());
    }
    assert_eq!(received, 1024 * MIB);
    let grown = peak_memory(gateway.pid()) - before;
    assert!(grown < 32 * 1024, "grew by {grown} KiB");
}

#[tokio::test]
async fn a_body_that_stalls_or_takes_too_long_ends_in_a_broken_connection() {
    let upstream = Upstream::start(|_, _| async {
        let half = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from("half")))]);
        let half = futures_util::StreamExt::chain(half, stream::pending());
        Ok::<_, Infallible>(Response::new(Body::stream(StreamBody::new(half))))
    })
    .await;
    for flags in ["--body-idle 50", "--total 100"] {
        for version in [Version::HTTP_11, Version::HTTP_2] {
            let gateway = Gateway::start(&upstream.uri(), flags);
            let request = Request::get("/")
                .version(version)
                .body(Full::default())
                .unwrap();
            let response = gateway.send(request).await;
            assert_eq!(response.status(), 200);
            let end = tokio::time::timeout(Duration::from_secs(20), response.into_body().collect());
            assert!(
                end.await.expect("cut").is_err(),
                "{flags} {version:?} ended cleanly"
            );
        }
    }
}

#[tokio::test]
async fn the_first_piece_passes_before_the_second_exists() {
    let (send, receive) = tokio::sync::mpsc::unbounded_channel::<Bytes>();
    let receive = std::sync::Arc::new(tokio::sync::Mutex::new(receive));
    let upstream = Upstream::start(move |_, _| {
        let receive = std::sync::Arc::clone(&receive);
        async move {
            let pieces = stream::unfold(receive, |receive| async move {
                let piece = receive.lock().await.recv().await?;
                Some((Ok::<_, Infallible>(Frame::data(piece)), receive))
            });
            Ok::<_, Infallible>(Response::new(Body::stream(StreamBody::new(pieces))))
        }
    })
    .await;
    let gateway = Gateway::start(&upstream.uri(), "--retry 3 --timeout 30000 --total 60000");
    send.send(Bytes::from("one")).unwrap();
    let mut body = gateway.get("/").await.into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "one"
    );
    send.send(Bytes::from("two")).unwrap();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "two"
    );
}
