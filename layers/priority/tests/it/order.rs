use std::convert::Infallible;

use buttress_priority::{Priority, PriorityLayer};
use tokio::time::advance;
use tower::{Layer, Service, ServiceExt, service_fn};

use crate::support::*;

#[tokio::test(start_paused = true)]
async fn bq21_three_at_once_then_by_priority_and_inside_one_by_arrival() {
    let server = Server::new();
    let service = of(3).layer(server.clone());
    let mut calls = Vec::new();
    for (name, priority) in [
        ("/1", None),
        ("/2", Some(-5)),
        ("/3", None),
        ("/low", Some(-1)),
        ("/first of 0", None),
        ("/second of 0", Some(0)),
        ("/high", Some(7)),
        ("/third of 0", None),
        ("/higher", Some(8)),
    ] {
        let request = path(&name.replace(' ', "-"));
        let request = match priority {
            Some(priority) => with(request, Priority(priority)),
            None => request,
        };
        calls.push(begin(&service, request).await);
    }
    assert_eq!(server.paths(), ["/1", "/2", "/3"], "three, as they came");
    for _ in 0..6 {
        server.answer(1).await;
    }
    let order = [
        "/higher",
        "/high",
        "/first-of-0",
        "/second-of-0",
        "/third-of-0",
        "/low",
    ];
    assert_eq!(server.paths()[3..], order);
    server.answer(3).await;
    for call in calls {
        call.await.unwrap().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_closure_says_how_urgent_a_request_is_unless_the_request_does() {
    let server = Server::new();
    let urgent =
        |request: &http::Request<()>| Priority(i32::try_from(request.uri().path().len()).unwrap());
    let service = of(1).priority(urgent).layer(server.clone());
    for name in ["/", "/aa", "/aaaa"] {
        begin(&service, path(name)).await;
    }
    begin(&service, with(path("/b"), Priority(9))).await;
    for _ in 0..3 {
        server.answer(1).await;
    }
    assert_eq!(server.paths(), ["/", "/b", "/aaaa", "/aa"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_asked_how_urgent_a_request_is_that_goes_at_once() {
    let server = Server::new();
    let urgent = |_: &http::Request<()>| -> Priority { panic!("it need not wait") };
    let service = of(1).priority(urgent).layer(server.clone());
    let call = begin(&service, path("/")).await;
    server.answer(1).await;
    call.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_steady_stream_of_urgent_ones_starves_the_others_unless_they_age() {
    for (ageing, place_of_the_low_one) in [(None, 20), (Some(secs(5)), 11)] {
        let server = Server::new();
        let service = of(1).ageing(ageing).layer(server.clone());
        begin(&service, path("/0")).await;
        begin(&service, with(path("/low"), Priority(-2))).await;
        for number in 1..20 {
            begin(&service, path(&format!("/{number}"))).await;
            advance(secs(1)).await;
            server.answer(1).await;
        }
        server.answer(1).await;
        let place = server.paths().iter().position(|path| path == "/low");
        assert_eq!(place, Some(place_of_the_low_one), "{:?}", server.paths());
    }
}

#[tokio::test(start_paused = true)]
async fn any_request_can_be_bounded() {
    let length = service_fn(|word: String| async move { Ok::<_, Infallible>(word.len()) });
    let layer = PriorityLayer::new(1)
        .unwrap()
        .priority(|word: &String| Priority(word.parse().unwrap()))
        .any_request();
    let mut service = layer.layer(length);
    let mut call = |word: &str| {
        let waker = std::task::Waker::noop();
        let ready = service.poll_ready(&mut std::task::Context::from_waker(waker));
        assert!(ready.is_ready());
        Box::pin(service.call(word.to_owned()))
    };
    let first = call("0");
    let mut low = tokio_test::task::spawn(call("-10"));
    let mut high = tokio_test::task::spawn(call("100"));
    assert!(low.poll().is_pending() && high.poll().is_pending());
    assert_eq!(first.await.unwrap(), 1);
    assert!(high.is_woken() && !low.is_woken(), "one place, one waker");
    assert_eq!(tokio_test::assert_ready_ok!(high.poll()), 3);
    drop(high);
    assert!(low.is_woken());
    assert_eq!(tokio_test::assert_ready_ok!(low.poll()), 3);
}

#[tokio::test(start_paused = true)]
async fn extensions_of_any_request_are_found_through_a_view() {
    struct Mail(http::Extensions);
    struct View;
    impl buttress_kernel::RequestView<Mail> for View {
        fn extensions(mail: &Mail) -> Option<&http::Extensions> {
            Some(&mail.0)
        }
    }
    let layer = of(1).max_wait(std::time::Duration::ZERO).seen_as::<View>();
    let post =
        service_fn(|_: Mail| async { std::future::pending::<Result<(), Infallible>>().await });
    let service = layer.layer(post);
    let mut first = tokio_test::task::spawn(service.clone().oneshot(Mail(http::Extensions::new())));
    assert!(first.poll().is_pending());
    let mut extensions = http::Extensions::new();
    extensions.insert(buttress_priority::Override::new().skip());
    let mut second = tokio_test::task::spawn(service.clone().oneshot(Mail(extensions)));
    assert!(second.poll().is_pending(), "it went");
    let third = service.oneshot(Mail(http::Extensions::new())).await;
    assert!(third.unwrap_err().is::<buttress_priority::Crowded>());
}

#[tokio::test(start_paused = true)]
async fn what_nobody_waits_for_is_neither_urgent_nor_skips() {
    let server = Server::new();
    let service = of(1).layer(server.clone());
    let urgent = with(path("/urgent"), Priority(9));
    let skips = with(path("/skips"), buttress_priority::Override::new().skip());
    let unattended = |request| with(request, buttress_kernel::Background);
    for request in [
        path("/1"),
        path("/2"),
        unattended(urgent),
        unattended(skips),
    ] {
        begin(&service, request).await;
    }
    for _ in 0..4 {
        server.answer(1).await;
    }
    assert_eq!(server.paths(), ["/1", "/2", "/urgent", "/skips"]);
}
