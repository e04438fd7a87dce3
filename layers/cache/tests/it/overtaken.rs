//! What is invalidated while it is fetched, or while its body comes.

use buttress_testkit::{Step, channel};
use http_body_util::BodyExt;

use crate::coalescing::SLOW;
use crate::support::*;

#[tokio::test(start_paused = true)]
async fn what_is_invalidated_while_it_is_fetched_is_not_stored() {
    let layer = private();
    let (service, server) = over(&layer, [fresh("old").after(SLOW), fresh("new")]);
    let call = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await }
    });
    pass(SLOW / 2).await;
    layer
        .handle()
        .invalidate_prefix("http://api.example/")
        .await;
    assert_eq!(call.await.unwrap().body, "old");
    assert_eq!(send(&service, get("/")).await.body, "new");
    assert_eq!(server.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn whatever_is_invalidated_while_it_is_fetched_is_not_stored_leader_or_not() {
    use buttress_cache::{Mode, Override};
    let shared_layer = private();
    let alone = private().coalesce(false);
    let wish = |mode| asking(get("/"), Override::new().mode(mode));
    let range = || with(get("/"), "range", "bytes=0-");
    let post = || {
        let mut post = get("/");
        *post.method_mut() = http::Method::POST;
        post
    };
    let scenes = [
        ("plain", &shared_layer, get("/")),
        ("no coalescing", &alone, get("/")),
        (
            "no-cache",
            &shared_layer,
            with(get("/"), "cache-control", "no-cache"),
        ),
        ("reload", &shared_layer, wish(Mode::Reload)),
        ("range", &shared_layer, range()),
        ("post", &shared_layer, post()),
    ];
    for (name, layer, request) in scenes {
        layer.handle().clear().await;
        let old = fresh("old").header("content-location", "/").after(SLOW);
        let (service, server) = over(layer, [old, Step::status(204), fresh("new")]);
        let fetch = tokio::spawn({
            let service = service.clone();
            async move { send(&service, request).await }
        });
        pass(SLOW / 2).await;
        let mut put = get("/");
        *put.method_mut() = http::Method::PUT;
        send(&service, put).await;
        assert_eq!(fetch.await.unwrap().body, "old");
        assert_eq!(send(&service, get("/")).await.body, "new", "{name}");
        assert_eq!(server.calls().len(), 3, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_fetch_alone_that_is_invalidated_while_its_body_comes_is_not_stored() {
    let layer = private().coalesce(false);
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(&layer, [step, fresh("new")]);
    let body = head(&service, get("/")).await.unwrap().into_body();
    layer.handle().invalidate_pattern("*example/*").await;
    sender.data("old");
    drop(sender);
    assert_eq!(body.collect().await.unwrap().to_bytes(), "old");
    assert_eq!(send(&service, get("/")).await.body, "new");
    assert_eq!(server.calls().len(), 2);
}

/// What is stored of a response if that happens while its body comes.
async fn stored_after<T>(
    layer: &buttress_cache::CacheLayer,
    happens: impl AsyncFnOnce() -> T,
) -> bool {
    let (sender, body) = channel();
    let step = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, _) = over(layer, [step, fresh("new")]);
    let tagged = buttress_cache::Override::new().tag("users");
    let body = head(&service, asking(get("/1"), tagged)).await.unwrap();
    happens().await;
    sender.data("old");
    drop(sender);
    read(body).await.unwrap();
    let stored = send(&service, get("/1")).await.body == "old";
    layer.handle().clear().await;
    stored
}

#[tokio::test(start_paused = true)]
async fn only_what_is_meant_is_kept_out_of_the_store() {
    let layer = private().coalesce(false);
    let handle = layer.handle();
    assert!(stored_after(&layer, async || {}).await);
    let key = |path: &str| handle.key(&get(path));
    assert!(!stored_after(&layer, async || handle.invalidate(&key("/1")).await).await);
    assert!(stored_after(&layer, async || handle.invalidate(&key("/2")).await).await);
    for (prefix, stored) in [
        ("http://api.example/1", false),
        ("http://api.example/2", true),
    ] {
        let happens = async || handle.invalidate_prefix(prefix).await;
        assert_eq!(stored_after(&layer, happens).await, stored, "{prefix}");
    }
    for (tag, stored) in [("users", false), ("orders", true)] {
        let happens = async || handle.invalidate_tag(tag).await;
        assert_eq!(stored_after(&layer, happens).await, stored, "{tag}");
    }
    assert!(!stored_after(&layer, async || handle.clear().await).await);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_is_stored_however_much_is_written_elsewhere() {
    let layer = private().coalesce(false);
    let (writer, _) = over(&layer, [Step::status(204)]);
    let happens = async || {
        for number in 0..2_000 {
            let mut put = get(&format!("/other/{number}"));
            *put.method_mut() = http::Method::PUT;
            send(&writer, put).await;
        }
    };
    assert!(stored_after(&layer, happens).await);
}

#[tokio::test(start_paused = true)]
async fn more_invalidations_than_are_remembered_count_as_meant() {
    let layer = private().coalesce(false);
    let handle = layer.handle();
    for (count, stored) in [(64, true), (65, false)] {
        let happens = async || {
            for _ in 0..count {
                handle.invalidate_prefix("http://other.example/").await;
            }
        };
        assert_eq!(stored_after(&layer, happens).await, stored, "{count}");
    }
    let other = handle.key(&get("/2"));
    for (count, stored) in [(8_192, true), (8_193, false)] {
        let happens = async || {
            for _ in 0..count {
                handle.invalidate(&other).await;
            }
        };
        assert_eq!(stored_after(&layer, happens).await, stored, "{count}");
    }
}
