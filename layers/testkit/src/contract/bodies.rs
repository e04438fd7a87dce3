use std::future::poll_fn;
use std::pin::Pin;

use buttress_kernel::{Body, BoxError};
use http::HeaderMap;
use http_body::{Body as _, Frame};
use http_body_util::BodyExt;

use super::Subject;
use super::rig::{Marker, Rig, assert_marked, bounded, finish, get, put, send, until};
use crate::{Step, channel};

/// A response comes before its body does, and each piece of the body before the next exists.
///
/// # Panics
///
/// If something is held back until more has come.
pub async fn response_bodies_stream(subject: &Subject) {
    let (sender, body) = channel();
    let rig = Rig::new([Step::ok().body(body)]);
    let mut service = subject.layer()(rig.inner());
    let what = "a response whose body has not begun";
    let response = bounded(what, send(&mut service, get("stream"))).await;
    let mut body = response
        .expect("a call that the server answered with 200")
        .into_body();

    for piece in ["first", "second"] {
        sender.data(piece);
        let mut read = Vec::new();
        while read.len() < piece.len() {
            let what = format!("the {piece} piece of a response, while there is no other");
            match bounded(&what, frame(&mut body)).await {
                Some(Ok(frame)) => read.extend(frame.into_data().unwrap_or_default()),
                end => panic!("{what}: {end:?}"),
            }
        }
        assert_eq!(read, piece.as_bytes(), "a piece of the response's body");
    }
    drop(sender);
    let end = bounded("the end of a response", frame(&mut body)).await;
    assert!(
        end.is_none(),
        "after the end of the response's body: {end:?}"
    );
}

/// The size of a response's body, its trailers, and that an empty one is at its end, are visible
/// outside.
///
/// # Panics
///
/// If one of them is lost or changed.
pub async fn response_bodies_keep_size_and_trailers(subject: &Subject) {
    let (sender, streamed) = channel();
    sender.data("data");
    sender.trailers(trailers());
    drop(sender);
    let steps = [
        Step::ok(),
        Step::ok().body("12345"),
        Step::ok().body(streamed),
    ];
    let rig = Rig::new(steps);
    let mut service = subject.layer()(rig.inner());

    let empty = body_of(bounded("a call", send(&mut service, get("empty"))).await);
    assert!(
        empty.is_end_stream(),
        "an empty body must say that it is at its end"
    );
    assert_eq!(
        empty.size_hint().exact(),
        Some(0),
        "the size of an empty body"
    );
    drop(empty);
    let five = body_of(bounded("a call", send(&mut service, get("five"))).await);
    assert_eq!(
        five.size_hint().exact(),
        Some(5),
        "the size of a body of 5 bytes"
    );
    let five = bounded("a body of 5 bytes", five.collect()).await;
    assert_eq!(
        five.expect("a body").to_bytes(),
        "12345",
        "a body of 5 bytes"
    );
    let last = body_of(bounded("a call", send(&mut service, get("trailers"))).await);
    let last = bounded("a body with trailers", last.collect())
        .await
        .expect("a body");
    assert_eq!(
        last.trailers(),
        Some(&trailers()),
        "the response's trailers"
    );
    assert_eq!(last.to_bytes(), "data", "the data before the trailers");
}

/// An error of a response's body comes out of the body that the layer returned, with its source.
///
/// # Panics
///
/// If the body ends as if it were whole, or the error is not in the source chain.
pub async fn response_body_errors_keep_their_source(subject: &Subject) {
    let (sender, body) = channel();
    sender.data("half");
    sender.error(Marker);
    let rig = Rig::new([Step::ok().body(body)]);
    let mut service = subject.layer()(rig.inner());
    match finish(
        "a call whose response breaks off",
        &mut service,
        get("breaks"),
    )
    .await
    {
        Ok(response) => panic!("a body that broke off ended as if it were whole: {response:?}"),
        Err(error) => assert_marked(&error, "the error of the response's body"),
    }
}

/// The inner service is called before a request's body exists, and gets each piece before the next
/// exists.
///
/// # Panics
///
/// If something is held back until more has come.
pub async fn request_bodies_stream(subject: &Subject) {
    let (sender, body) = channel();
    let rig = Rig::new([Step::ok()]);
    let mut service = subject.layer()(rig.inner());
    let mut call = Box::pin(send(&mut service, put("stream", body)));
    let read = || rig.server.calls().first().map(|call| call.body.clone());

    let what = "a request whose body has not begun";
    until(what, &mut call, || read().is_some()).await;
    sender.data("first");
    let what = "the first piece of a request, while there is no other";
    until(what, &mut call, || {
        read().is_some_and(|body| body == "first")
    })
    .await;
    sender.data("second");
    let what = "the second piece of a request, while there is no other";
    until(what, &mut call, || {
        read().is_some_and(|body| body == "firstsecond")
    })
    .await;
    drop(sender);
    let end = bounded("a request whose body has ended", call).await;
    assert!(
        end.is_ok(),
        "a call that the server answered with 200: {end:?}"
    );
}

/// The inner service sees how long a request's body is, and its trailers.
///
/// Without a size an HTTP/1 transport has to send the body in chunks, which some servers refuse.
///
/// # Panics
///
/// If one of them is lost or changed.
pub async fn request_bodies_keep_size_and_trailers(subject: &Subject) {
    let (sender, streamed) = channel();
    sender.data("data");
    sender.trailers(trailers());
    drop(sender);
    let rig = Rig::new([Step::ok()]);
    let mut service = subject.layer()(rig.inner());
    for (path, body) in [
        ("empty", Body::empty()),
        ("five", "12345".into()),
        ("last", streamed),
    ] {
        let end = finish("a call", &mut service, put(path, body)).await;
        assert!(
            end.is_ok(),
            "a call that the server answered with 200: {end:?}"
        );
    }
    let calls = rig.server.calls();
    let [empty, five, last] = &calls[..] else {
        panic!("3 requests became {} calls", calls.len())
    };
    assert_eq!(
        empty.size_hint.exact(),
        Some(0),
        "the size of an empty request"
    );
    assert_eq!(
        five.size_hint.exact(),
        Some(5),
        "the size of a request of 5 bytes"
    );
    assert_eq!(five.body, "12345", "a request of 5 bytes");
    assert_eq!(last.trailers, Some(trailers()), "the request's trailers");
    assert_eq!(last.body, "data", "the data before the trailers");
}

/// An error of a request's body is found behind what the layer returns.
///
/// # Panics
///
/// If the call ends well, or the error is not in the source chain.
pub async fn request_body_errors_keep_their_source(subject: &Subject) {
    let (sender, body) = channel();
    sender.data("half");
    sender.error(Marker);
    let rig = Rig::new([Step::ok()]);
    let mut service = subject.layer()(rig.inner());
    match finish(
        "a call whose request breaks off",
        &mut service,
        put("breaks", body),
    )
    .await
    {
        Ok(response) => panic!("a request that broke off was answered: {response:?}"),
        Err(error) => assert_marked(&error, "the error of the request's body"),
    }
}

fn trailers() -> HeaderMap {
    [(
        http::header::ETAG,
        http::HeaderValue::from_static("\"contract\""),
    )]
    .into_iter()
    .collect()
}

fn body_of(response: Result<http::Response<Body>, BoxError>) -> Body {
    response
        .expect("a call that the server answered with 200")
        .into_body()
}

async fn frame(body: &mut Body) -> Option<Result<Frame<bytes::Bytes>, BoxError>> {
    poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await
}
