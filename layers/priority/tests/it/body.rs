use buttress_kernel::Body;
use buttress_kernel::BoxError;
use buttress_testkit::{Scripted, Step, channel};
use http::{HeaderMap, Request, Response};
use http_body::Body as _;
use http_body_util::BodyExt;
use tower::{Layer, Service, ServiceExt};

use crate::support::*;

fn request() -> Request<()> {
    path("/")
}

async fn body_of<S, B>(service: &S) -> B
where
    S: Service<Request<()>, Response = Response<B>, Error = BoxError> + Clone,
{
    let response = service.clone().oneshot(request()).await.unwrap();
    response.into_body()
}

#[tokio::test(start_paused = true)]
async fn usually_a_request_is_over_with_the_response_head() {
    let (_sender, body) = channel();
    let layer = of(1);
    let service = layer.layer(Scripted::new([Step::ok().body(body)]));
    let body = body_of(&service).await;
    assert_eq!(layer.handle().in_flight(), 0);
    drop(body);
}

#[tokio::test(start_paused = true)]
async fn until_body_end_a_body_that_is_read_keeps_its_place() {
    let (sender, body) = channel();
    let layer = of(1).until_body_end();
    let service = layer.layer(Scripted::new([Step::ok().body(body), Step::ok()]));
    let mut body = body_of(&service).await;
    sender.data("half");
    body.frame().await.unwrap().unwrap();
    let mut next = tokio_test::task::spawn(service.clone().oneshot(request()));
    assert!(next.poll().is_pending());
    assert_eq!(
        (layer.handle().in_flight(), layer.handle().waiting()),
        (1, 1)
    );
    let mut trailers = HeaderMap::new();
    trailers.insert("etag", "x".parse().unwrap());
    sender.trailers(trailers.clone());
    let last = body.frame().await.unwrap().unwrap();
    assert_eq!(last.into_trailers().unwrap(), trailers);
    drop(sender);
    assert!(body.frame().await.is_none());
    assert!(next.is_woken(), "before the body is dropped");
    next.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn until_body_end_the_last_frame_is_the_end() {
    let layer = of(1).until_body_end();
    let service = layer.layer(Scripted::new([Step::ok().body("whole")]));
    let mut body = body_of(&service).await;
    assert_eq!(layer.handle().in_flight(), 1);
    assert_eq!(body.size_hint().exact(), Some(5));
    body.frame().await.unwrap().unwrap();
    assert!(body.is_end_stream());
    assert_eq!(layer.handle().in_flight(), 0, "though nobody asked again");
}

#[tokio::test(start_paused = true)]
async fn until_body_end_an_empty_body_is_over_at_once() {
    let layer = of(1).until_body_end();
    let service = layer.layer(Scripted::new([Step::ok()]));
    let body = body_of(&service).await;
    assert!(body.get_ref().is_end_stream());
    assert_eq!(layer.handle().in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn until_body_end_an_error_and_a_drop_are_ends() {
    let (sender, body) = channel();
    let layer = of(2).until_body_end();
    let service = layer.layer(Scripted::new([
        Step::ok().body(body),
        Step::ok().body(Body::from("unread")),
    ]));
    let mut broken = body_of(&service).await;
    let unread = body_of(&service).await;
    assert_eq!(layer.handle().in_flight(), 2);
    drop(unread);
    assert_eq!(layer.handle().in_flight(), 1);
    sender.error(std::io::Error::other("it broke"));
    broken.frame().await.unwrap().unwrap_err();
    assert_eq!(layer.handle().in_flight(), 0, "before it is dropped");
}

#[tokio::test(start_paused = true)]
async fn until_body_end_a_failed_call_keeps_nothing() {
    let layer = of(1).until_body_end();
    let error = || std::io::Error::other("it broke");
    let service = layer.layer(Scripted::new([Step::error(error)]));
    assert!(service.oneshot(request()).await.is_err());
    assert_eq!(layer.handle().in_flight(), 0);
}
