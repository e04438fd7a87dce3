use std::time::Duration;

use buttress_kernel::key::Authority;
use buttress_kernel::{Deadline, Explain, Trail};
use buttress_priority::{Override, Priority};
use buttress_testkit::Events;
use tower::Layer;

use crate::support::*;

fn listen() -> Events {
    Events::of("buttress_priority")
}

fn secret() -> http::Request<()> {
    get("https://user:secret@api.example.com/a?token=secret")
}

#[tokio::test(start_paused = true)]
async fn a_wait_and_a_release_are_events_without_a_path_or_a_query() {
    let events = listen();
    let server = Server::new();
    let service = of(1).key(Authority).layer(server.clone());
    let _first = begin(&service, secret()).await;
    assert!(events.take().is_empty(), "what goes at once is no event");
    let _second = begin(&service, with(secret(), Priority(-3))).await;
    tokio::time::sleep(secs(1)).await;
    server.answer(1).await;
    assert_eq!(
        events.take(),
        [
            "DEBUG message=queued key=\"api.example.com\" priority=-3",
            "DEBUG message=released key=\"api.example.com\" for_ms=1000",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_event_with_a_reason() {
    let events = listen();
    let server = Server::new();
    let layer = of(1).max_wait(ms(20)).max_waiting(1).key(Authority);
    let service = layer.layer(server.clone());
    let _first = begin(&service, secret()).await;
    refused(send(&service, secret()).await);
    let _displaced = begin(&service, secret()).await;
    let _waiting = begin(&service, with(secret(), Priority(1))).await;
    refused(send(&service, secret()).await);
    refused(send(&service, with(secret(), Deadline::at(now()))).await);
    let refusals: Vec<_> = events
        .take()
        .into_iter()
        .filter(|line| line.contains("refused"))
        .collect();
    let line = |ms, why| {
        format!("DEBUG message=refused key=\"api.example.com\" for_ms={ms} reason=\"{why}\"")
    };
    assert_eq!(
        refusals,
        [
            line(20, "too-long"),
            line(0, "displaced"),
            line(0, "full"),
            line(0, "deadline")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_room_for_one_more_key_is_a_warning() {
    let events = listen();
    let service = of(1).key(Authority).max_keys(0).layer(Server::new());
    begin(&service, secret()).await;
    begin(&service, secret()).await;
    let warnings = events.take().into_iter();
    let warnings: Vec<_> = warnings.filter(|line| line.starts_with("WARN")).collect();
    assert_eq!(
        warnings,
        [
            "WARN message=no room for one more key: it shares the limit of the empty key \
             key=\"api.example.com\" max_keys=0"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_room_is_no_warning_for_each_request() {
    let events = listen();
    let layer = of(1).key(Authority).max_keys(32).max_wait(Duration::ZERO);
    let service = layer.layer(Server::new());
    for number in 0..320 {
        begin(&service, get(&format!("http://h{number}/"))).await;
    }
    let warnings = events
        .take()
        .iter()
        .filter(|line| line.starts_with("WARN"))
        .count();
    assert_eq!(warnings, 9, "one for each 32 look-ups in vain");
}

async fn trail(request: http::Request<()>, wait: Duration) -> Trail {
    let server = Server::new();
    let service = of(1).layer(server.clone());
    if !wait.is_zero() {
        begin(&service, path("/")).await;
    }
    let explained = begin(&service, with(request, Explain::new())).await;
    tokio::time::sleep(wait).await;
    server.answer(2).await;
    let response = explained.await.unwrap().unwrap();
    response.extensions().get::<Trail>().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_who_went_at_once_who_waited_and_who_skipped() {
    let at_once = trail(path("/"), secs(0)).await;
    assert_eq!(at_once.summary(), "priority: went at once");
    let waited = trail(path("/"), secs(2)).await;
    assert_eq!(waited.summary(), "priority: waited 2 s");
    assert_eq!(waited.entries()[0].duration(), secs(2));
    let skipped = trail(with(path("/"), Override::new().skip()), secs(2)).await;
    assert_eq!(skipped.summary(), "priority: skipped");
}

#[tokio::test(start_paused = true)]
async fn a_trail_tells_of_a_refusal() {
    let service = of(1).max_wait(secs(2)).layer(Server::new());
    begin(&service, path("/")).await;
    let explain = Explain::new();
    refused(send(&service, with(path("/"), explain.clone())).await);
    let trail = explain.trail();
    assert_eq!(trail.summary(), "priority: refused after 2 s (too-long)");
    assert_eq!(trail.entries()[0].duration(), secs(2));
}
