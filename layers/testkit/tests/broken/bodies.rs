use buttress_kernel::Body;
use buttress_testkit::contract::{
    request_bodies_keep_size_and_trailers, request_bodies_stream,
    request_body_errors_keep_their_source, response_bodies_keep_size_and_trailers,
    response_bodies_stream, response_body_errors_keep_their_source,
};
use futures_util::{StreamExt, TryStreamExt};
use http::Request;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};

use tower_service::Service;

use crate::{Answer, assert_fails, calling, changing_answers, changing_requests};

/// Frames one by one, and nothing known about them before.
fn sizeless(body: Body) -> Body {
    Body::stream(StreamBody::new(body.into_stream()))
}

fn without_trailers(body: Body) -> Body {
    let data = body
        .into_stream()
        .try_filter(|frame| std::future::ready(frame.is_data()));
    Body::stream(StreamBody::new(data))
}

/// Changes those bodies alone whose size is not known, so that none loses its size by it.
fn if_sizeless(change: fn(Body) -> Body) -> impl Fn(Body) -> Body + Copy {
    move |body| match http_body::Body::size_hint(&body).exact() {
        Some(_) => body,
        None => change(body),
    }
}

/// Trailers come, but say nothing.
fn with_blank_trailers(body: Body) -> Body {
    let blank = body.map_frame(|frame| match frame.into_data() {
        Ok(data) => Frame::data(data),
        Err(_) => Frame::trailers(http::HeaderMap::new()),
    });
    Body::stream(blank)
}

/// Ends where it should fail.
fn ending_early(body: Body) -> Body {
    let whole = body
        .into_stream()
        .take_while(|frame| std::future::ready(frame.is_ok()));
    Body::stream(StreamBody::new(whole))
}

fn with_errors_as_text(body: Body) -> Body {
    Body::stream(body.map_err(|error| error.to_string()))
}

/// Holds each frame back until the next one comes.
fn one_behind(body: Body) -> Body {
    let frames = body.into_stream().chunks(2).map(|pair| {
        let data = pair
            .into_iter()
            .filter_map(|frame| frame.ok()?.into_data().ok());
        Ok::<_, std::io::Error>(Frame::data(data.flatten().collect()))
    });
    Body::stream(StreamBody::new(frames))
}

#[test]
fn a_buffered_response_is_found() {
    let subject = changing_answers(async |answer: Answer| {
        let (head, body) = answer?.into_parts();
        let body = body.collect().await?.to_bytes().into();
        Ok(http::Response::from_parts(head, body))
    });
    assert_fails(
        response_bodies_stream(&subject),
        "whose body has not begun never ended",
    );
    assert_fails(
        response_bodies_keep_size_and_trailers(&subject),
        "the response's trailers",
    );
}

#[test]
fn a_response_that_is_one_frame_behind_is_found() {
    let subject = changing_answers(async |answer: Answer| Ok(answer?.map(one_behind)));
    assert_fails(
        response_bodies_stream(&subject),
        "the first piece of a response",
    );
}

#[test]
fn a_response_that_loses_its_size_or_trailers_is_found() {
    let subject = changing_answers(async |answer: Answer| Ok(answer?.map(sizeless)));
    assert_fails(
        response_bodies_keep_size_and_trailers(&subject),
        "at its end",
    );
    let subject = changing_answers(async |answer: Answer| {
        let answer = answer?;
        let empty = http_body::Body::is_end_stream(answer.body());
        Ok(if empty { answer } else { answer.map(sizeless) })
    });
    assert_fails(
        response_bodies_keep_size_and_trailers(&subject),
        "the size of a body of 5",
    );
    let subject =
        changing_answers(async |answer: Answer| Ok(answer?.map(if_sizeless(without_trailers))));
    assert_fails(
        response_bodies_keep_size_and_trailers(&subject),
        "the response's trailers",
    );
}

#[test]
fn blank_trailers_are_found() {
    let subject =
        changing_answers(async |answer: Answer| Ok(answer?.map(if_sizeless(with_blank_trailers))));
    assert_fails(
        response_bodies_keep_size_and_trailers(&subject),
        "the response's trailers",
    );
    let subject = changing_requests(|request| request.map(if_sizeless(with_blank_trailers)));
    assert_fails(
        request_bodies_keep_size_and_trailers(&subject),
        "the request's trailers",
    );
}

#[test]
fn a_response_that_hides_its_failure_is_found() {
    let subject = changing_answers(async |answer: Answer| Ok(answer?.map(ending_early)));
    assert_fails(
        response_body_errors_keep_their_source(&subject),
        "as if it were whole",
    );
    let subject = changing_answers(async |answer: Answer| Ok(answer?.map(with_errors_as_text)));
    assert_fails(
        response_body_errors_keep_their_source(&subject),
        "source chain",
    );
}

#[test]
fn a_buffered_request_is_found() {
    let subject = calling(|inner, request| {
        let clone = inner.clone();
        let mut inner = std::mem::replace(inner, clone);
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = Body::from(body.collect().await?.to_bytes());
            inner.call(Request::from_parts(head, body)).await
        })
    });
    assert_fails(
        request_bodies_stream(&subject),
        "a request whose body has not begun",
    );
}

#[test]
fn a_request_that_is_one_frame_behind_is_found() {
    let subject = changing_requests(|request| request.map(one_behind));
    assert_fails(
        request_bodies_stream(&subject),
        "the first piece of a request",
    );
}

#[test]
fn a_request_that_loses_its_size_or_trailers_is_found() {
    let subject = changing_requests(|request| request.map(sizeless));
    assert_fails(
        request_bodies_keep_size_and_trailers(&subject),
        "the size of an empty request",
    );
    let subject = changing_requests(|request| request.map(if_sizeless(without_trailers)));
    assert_fails(
        request_bodies_keep_size_and_trailers(&subject),
        "the request's trailers",
    );
}

#[test]
fn a_request_that_hides_its_failure_is_found() {
    let subject = changing_requests(|request| request.map(ending_early));
    assert_fails(
        request_body_errors_keep_their_source(&subject),
        "was answered",
    );
    let subject = changing_requests(|request| request.map(with_errors_as_text));
    assert_fails(
        request_body_errors_keep_their_source(&subject),
        "source chain",
    );
}
