use buttress_cache::store::{Memory, Selector};
use buttress_cache::{Change, Override};
use buttress_testkit::{Step, channel};
use bytes::Bytes;
use http::Response;

use crate::support::*;

fn uri(path: &str) -> http::Uri {
    format!("http://api.example{path}").parse().unwrap()
}

fn response(body: &'static str) -> Response<Bytes> {
    Response::new(Bytes::from(body))
}

#[tokio::test(start_paused = true)]
async fn what_is_set_answers_requests() {
    let layer = private();
    let handle = layer.handle();
    let (service, server) = over(&layer, [fresh("asked")]);
    let key = handle.uri(&uri("/a"));
    assert!(handle.get(&key).await.is_none());
    assert!(handle.set(&key, response("set"), seconds(30)).await);
    assert_eq!(send(&service, get("/a")).await.body, "set");
    assert!(handle.set(&key, response("set again"), seconds(30)).await);
    assert_eq!(send(&service, get("/a")).await.body, "set again");
    pass(seconds(31)).await;
    assert_eq!(send(&service, get("/a")).await.body, "asked");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn w08_times_mean_the_same_whatever_they_are_set_by() {
    let layer = private();
    let (service, server) = over(&layer, [buttress_testkit::Step::ok().body("asked")]);
    let request = || asking(get("/a"), Override::new().fresh_for(seconds(30)));
    let key = layer.handle().uri(&uri("/b"));
    layer.handle().set(&key, response("set"), seconds(30)).await;
    send(&service, request()).await;
    pass(seconds(31)).await;
    send(&service, request()).await;
    send(&service, get("/b")).await;
    assert_eq!(server.calls().len(), 3, "both are over after 30 s");
}

#[tokio::test(start_paused = true)]
async fn what_must_not_be_stored_is_not_set() {
    let layer = private();
    let key = layer.handle().uri(&uri("/a"));
    let mut secret = response("secret");
    secret
        .headers_mut()
        .insert("cache-control", "no-store".parse().unwrap());
    assert!(!layer.handle().set(&key, secret, seconds(30)).await);
    assert!(layer.handle().get(&key).await.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_longer_than_an_entry_may_be_is_not_set_and_changes_nothing() {
    let layer = private().max_entry(8).unwrap();
    let handle = layer.handle();
    let key = handle.uri(&uri("/a"));
    assert!(handle.set(&key, response("just fit"), seconds(30)).await);
    assert!(!handle.set(&key, response("too long!"), seconds(30)).await);
    let longer = |response: Response<Bytes>| response.map(|_| Bytes::from("too long!"));
    assert!(handle.optimistic(&key, longer).await.is_none());
    assert_eq!(handle.get(&key).await.unwrap().body(), "just fit");
}

#[tokio::test(start_paused = true)]
async fn what_a_store_is_too_small_for_is_not_set() {
    let layer = private().store(Memory::of(4_096));
    let (handle, key) = (layer.handle(), layer.handle().uri(&uri("/a")));
    let mut changes = handle.changes();
    let large = || Response::new(Bytes::from(vec![b'x'; 8_192]));
    assert!(!handle.set(&key, large(), seconds(30)).await);
    assert!(handle.get(&key).await.is_none());
    assert!(handle.set(&key, response("small"), seconds(30)).await);
    let grown = handle.optimistic(&key, |_| large()).await;
    assert!(grown.is_none());
    assert_eq!(changes.next().await, Some(Change::Stored(key)));
    drop((layer, handle));
    assert_eq!(changes.next().await, None, "nothing else was stored");
}

#[tokio::test(start_paused = true)]
async fn what_was_asked_for_can_be_looked_at() {
    let layer = private();
    let (service, _) = over(&layer, [fresh("one")]);
    let request = || with(get("/a"), "authorization", "Bearer ann");
    send(&service, request()).await;
    pass(seconds(2)).await;
    let key = layer.handle().key(&request());
    let found = layer.handle().get(&key).await.unwrap();
    assert_eq!(
        (found.status().as_u16(), &found.body()[..]),
        (200, &b"one"[..])
    );
    assert_eq!(found.headers()["age"], "2");
    assert_eq!(key.name(), "http://api.example/a");
    assert!(!key.partition().contains("ann"), "never the secret");
    assert!(
        layer
            .handle()
            .get(&layer.handle().uri(&uri("/a")))
            .await
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn ic44_what_is_invalidated_is_asked_for_again() {
    let layer = private();
    let handle = layer.handle();
    let paths = ["/users/1", "/users/2", "/posts/1"];
    let (service, server) = over(&layer, [fresh("one")]);
    let tagged = |path| asking(get(path), Override::new().tag("all").tag(path));
    for path in paths {
        send(&service, tagged(path)).await;
    }
    let asked_again = async || {
        let before = server.calls().len();
        for path in paths {
            send(&service, tagged(path)).await;
        }
        server.calls().len() - before
    };
    assert_eq!(asked_again().await, 0);
    assert_eq!(handle.invalidate(&handle.uri(&uri("/users/1"))).await, 1);
    assert_eq!(asked_again().await, 1);
    assert_eq!(
        handle.invalidate_prefix("http://api.example/users/").await,
        2
    );
    assert_eq!(asked_again().await, 2);
    assert_eq!(handle.invalidate_pattern("*/1").await, 2);
    assert_eq!(asked_again().await, 2);
    assert_eq!(handle.invalidate_tag("/posts/1").await, 1);
    assert_eq!(asked_again().await, 1);
    assert_eq!(handle.invalidate_tag("all").await, 3);
    assert_eq!(asked_again().await, 3);
    assert_eq!(handle.clear().await, 3);
    assert_eq!(asked_again().await, 3);
}

#[tokio::test(start_paused = true)]
async fn ic78_an_optimistic_change_is_taken_back_unless_it_is_committed() {
    let layer = private();
    let handle = layer.handle();
    let (service, _) = over(&layer, [fresh("before").header("content-length", "6")]);
    send(&service, get("/a")).await;
    let key = handle.uri(&uri("/a"));
    let change = |response: Response<Bytes>| response.map(|_| Bytes::from("after"));

    let guard = handle.optimistic(&key, change).await.unwrap();
    let changed = send(&service, get("/a")).await;
    assert_eq!(
        (&*changed.body, changed.header("content-length")),
        ("after", Some("5"))
    );
    drop(guard);
    assert_eq!(send(&service, get("/a")).await.body, "before");

    handle.optimistic(&key, change).await.unwrap().commit();
    assert_eq!(send(&service, get("/a")).await.body, "after");
    assert!(
        handle
            .optimistic(&handle.uri(&uri("/none")), change)
            .await
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn of_several_responses_the_one_is_given_and_changed_that_requests_are_given() {
    let layer = private();
    let handle = layer.handle();
    let dated = |body, date: &str| {
        let stored = fresh(body).header("vary", "accept");
        stored.header("date", date)
    };
    let newer = dated("newer", "Tue, 14 Nov 2023 22:13:20 GMT");
    let older = dated("older", "Tue, 14 Nov 2023 22:13:10 GMT");
    let (service, _) = over(&layer, [newer, older]);
    let accepting = |value| with(get("/"), "accept", value);
    assert_eq!(send(&service, accepting("a")).await.body, "newer");
    assert_eq!(send(&service, accepting("b")).await.body, "older");
    let key = handle.key(&get("/"));
    let seen = async || handle.get(&key).await.unwrap().into_body();
    assert_eq!(seen().await, "newer", "though it was put first");
    let change = |response: Response<_>| response.map(|_| "guess".into());
    let guess = handle.optimistic(&key, change).await.unwrap();
    assert_eq!(seen().await, "guess");
    assert_eq!(send(&service, accepting("a")).await.body, "guess");
    assert_eq!(send(&service, accepting("b")).await.body, "older");
    drop(guess);
    assert_eq!(seen().await, "newer");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    let layer = private();
    let (sender, body) = channel();
    let late = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(&layer, [late, fresh("newer")]);
    let first = head(&service, get("/")).await.unwrap();
    let first = tokio::spawn(read(first));
    pass(seconds(8)).await;
    assert_eq!(send(&service, get("/")).await.body, "newer");
    sender.data("older");
    drop(sender);
    assert_eq!(first.await.unwrap().unwrap().body, "older");
    let handle = layer.handle();
    let key = handle.key(&get("/"));
    assert_eq!(handle.get(&key).await.unwrap().body(), "newer");
    assert_eq!(handle.invalidate(&key).await, 1, "one of them is enough");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn what_is_newer_than_an_optimistic_change_is_not_taken_back() {
    let layer = private();
    let handle = layer.handle();
    let key = handle.uri(&uri("/a"));
    handle.set(&key, response("before"), seconds(30)).await;
    let guard = handle
        .optimistic(&key, |response| response.map(|_| "after".into()))
        .await;
    handle.set(&key, response("newer"), seconds(30)).await;
    drop(guard.unwrap());
    assert_eq!(handle.get(&key).await.unwrap().body(), "newer");
}

#[tokio::test(start_paused = true)]
async fn ic79_changes_are_told() {
    let layer = private();
    let handle = layer.handle();
    let mut changes = handle.changes();
    let (service, _) = over(&layer, [fresh("one")]);
    let key = handle.uri(&uri("/a"));
    send(&service, get("/a")).await;
    assert_eq!(changes.next().await, Some(Change::Stored(key.clone())));
    handle.set(&key, response("set"), seconds(30)).await;
    assert_eq!(changes.next().await, Some(Change::Stored(key.clone())));
    handle.invalidate_prefix("http").await;
    let prefix = Selector::Prefix("http".into());
    assert_eq!(changes.next().await, Some(Change::Invalidated(prefix)));
    for _ in 0..300 {
        handle.set(&key, response("set"), seconds(30)).await;
    }
    assert!(matches!(changes.next().await, Some(Change::Missed(_))));
    drop((layer, handle, service));
    while changes.next().await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn of_very_many_nothing_is_served_while_they_are_being_forgotten() {
    let layer = private();
    let handle = layer.handle();
    for number in 0..10_000 {
        let key = handle.uri(&uri(&format!("/{number}")));
        assert!(handle.set(&key, response("old"), seconds(60)).await);
    }
    let kept = handle.uri(&"http://other.example/".parse().unwrap());
    assert!(handle.set(&kept, response("kept"), seconds(60)).await);
    let forgetting = tokio::spawn({
        let handle = handle.clone();
        async move { handle.invalidate_prefix("http://api.").await }
    });
    let mut turns = 0;
    while !forgetting.is_finished() {
        tokio::task::yield_now().await;
        turns += 1;
        assert!(handle.get(&handle.uri(&uri("/9999"))).await.is_none());
    }
    assert_eq!(forgetting.await.unwrap(), 10_000);
    assert!(turns > 2, "others had their turn: {turns}");
    assert_eq!(handle.get(&kept).await.unwrap().body(), "kept");
}
