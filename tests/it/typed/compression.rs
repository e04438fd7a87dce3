//! Compressed requests.

use buttress::{Body, Payload};
use buttress_testkit::Step;
use bytes::Bytes;
use http_body_util::BodyExt;

use super::scripted;

fn unpacked(bytes: &[u8]) -> String {
    use std::io::Read;

    let mut text = String::new();
    flate2::read::GzDecoder::new(bytes)
        .read_to_string(&mut text)
        .unwrap();
    text
}

#[tokio::test]
async fn a_request_in_gzip_says_so_and_keeps_its_type() {
    let (client, server) = scripted([Step::status(503), Step::ok()]);
    let payload = Payload::json(&vec!["a"; 100]).gzip();
    assert!(payload.replayable());
    client.put("/").payload(payload).send().await.unwrap();
    let calls = server.calls();
    assert_eq!(calls.len(), 2, "what lies in memory can be sent again");
    for call in calls {
        assert_eq!(call.header("content-encoding"), Some("gzip"));
        assert_eq!(call.header("content-type"), Some("application/json"));
        assert!(call.body.len() < 50);
        assert_eq!(
            unpacked(&call.body),
            serde_json::to_string(&vec!["a"; 100]).unwrap()
        );
    }
    // Another body takes its encoding with it.
    let request = client
        .post("/")
        .payload(Payload::text("a").gzip())
        .text("b")
        .build()
        .unwrap();
    assert!(!request.headers().contains_key("content-encoding"));
}

#[tokio::test]
async fn a_stream_is_packed_on_the_way_with_its_trailers_and_its_errors() {
    use http::HeaderMap;

    let pieces = (0..50).map(|n| Ok::<_, std::io::Error>(Bytes::from(format!("{n:0>9999}"))));
    let stream = || futures_util::stream::iter(pieces.clone());
    let (client, server) = scripted([Step::ok()]);
    let payload = Payload::stream(stream()).gzip();
    client.post("/").payload(payload).send().await.unwrap();
    let all: String = (0..50).map(|n| format!("{n:0>9999}")).collect();
    assert_eq!(unpacked(&server.calls()[0].body), all);

    let trailers = HeaderMap::from_iter([(http::header::ETAG, "x".parse().unwrap())]);
    let (frames, body) = buttress_testkit::channel();
    frames.data("hello");
    frames.trailers(trailers.clone());
    drop(frames);
    let request = client
        .post("/")
        .payload(Payload::new(body).gzip())
        .build()
        .unwrap();
    let sent = request.into_body().collect().await.unwrap();
    assert_eq!(sent.trailers(), Some(&trailers));
    assert_eq!(unpacked(&sent.to_bytes()), "hello");

    let (frames, body) = buttress_testkit::channel();
    frames.data("hello");
    frames.error("torn");
    drop(frames);
    let request = client
        .post("/")
        .payload(Payload::new(body).gzip())
        .build()
        .unwrap();
    let error = request.into_body().collect().await.unwrap_err();
    assert_eq!(error.to_string(), "torn");
    assert_eq!(Payload::new(Body::empty()).gzip().content_type(), None);
}
