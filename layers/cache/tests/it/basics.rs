use buttress_testkit::{Step, channel};
use http::{Method, StatusCode};
use http_body_util::BodyExt;

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn what_is_fresh_is_answered_from_the_store() {
    let (service, server) = over(&private(), [fresh("one"), fresh("two")]);
    assert_eq!(send(&service, get("/")).await.body, "one");
    pass(seconds(3)).await;
    let hit = send(&service, get("/")).await;
    assert_eq!((hit.status, &*hit.body), (StatusCode::OK, "one"));
    assert_eq!(hit.header("age"), Some("3"));
    assert_eq!(server.calls().len(), 1);
    pass(seconds(60)).await;
    assert_eq!(send(&service, get("/")).await.body, "two");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn the_body_streams_to_the_caller_while_it_is_stored() {
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(&private(), [step]);
    let mut body = head(&service, get("/")).await.unwrap().into_body();
    for piece in ["first", "second"] {
        sender.data(piece);
        let frame = body.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), piece);
    }
    drop(sender);
    assert!(body.frame().await.is_none());
    assert_eq!(send(&service, get("/")).await.body, "firstsecond");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w06_what_is_not_a_get_is_not_stored_and_answers_no_get() {
    let steps = [fresh("posted"), fresh("got"), fresh("posted again")];
    let (service, server) = over(&private(), steps);
    let post = || {
        let mut request = get("/");
        *request.method_mut() = Method::POST;
        request
    };
    assert_eq!(send(&service, post()).await.body, "posted");
    assert_eq!(send(&service, get("/")).await.body, "got");
    assert_eq!(send(&service, get("/")).await.body, "got");
    assert_eq!(send(&service, post()).await.body, "posted again");
    assert_eq!(server.calls().len(), 3);
}
