//! Several layers over one store.

use std::sync::atomic::Ordering;

use buttress_cache::store::{Answer, Key, Memory, Store};
use buttress_cache::{CacheLayer, Handle, Override};
use buttress_kernel::Body;
use buttress_testkit::{Step, channel};
use bytes::Bytes;
use http::{Request, Response};

use crate::coalescing::SLOW;
use crate::moody::{STALLS, moody};
use crate::slow::slow;
use crate::support::*;

fn delete() -> Request<Body> {
    let mut delete = get("/");
    *delete.method_mut() = http::Method::DELETE;
    delete
}

fn key(handle: &Handle) -> Key {
    handle.key(&get("/"))
}

/// A body that comes, and what is asked of the first layer while it does; what is asked next is told.
async fn asked_again_after<T>(
    [one, other]: [&CacheLayer; 2],
    happens: impl AsyncFnOnce(&Handle) -> T,
) -> (String, usize) {
    let (sender, body) = channel();
    let old = Step::ok().header("cache-control", "max-age=60").body(body);
    let (service, server) = over(one, [old, fresh("new")]);
    let tagged = || asking(get("/"), Override::new().tag("users"));
    let fetch = head(&service, tagged()).await.unwrap();
    happens(&other.handle()).await;
    sender.data("old");
    drop(sender);
    assert_eq!(read(fetch).await.unwrap().body, "old");
    let next = send(&service, tagged()).await.body;
    other.handle().clear().await;
    (next, server.calls().len())
}

/// Whatever is made out of date through one of the layers while the other one fetches it, stays out.
async fn invalidate_for_each_other(layers: [&CacheLayer; 2]) {
    let new = ("new".to_owned(), 2);
    let by_key = async |handle: &Handle| handle.invalidate(&key(handle)).await;
    assert_eq!(asked_again_after(layers, by_key).await, new);
    let by_prefix = async |handle: &Handle| handle.invalidate_prefix("http://api.").await;
    assert_eq!(asked_again_after(layers, by_prefix).await, new);
    let by_pattern = async |handle: &Handle| handle.invalidate_pattern("*api.example/").await;
    assert_eq!(asked_again_after(layers, by_pattern).await, new);
    let by_tag = async |handle: &Handle| handle.invalidate_tag("users").await;
    assert_eq!(asked_again_after(layers, by_tag).await, new);
    let all = async |handle: &Handle| handle.clear().await;
    assert_eq!(asked_again_after(layers, all).await, new);
    let by_request = async |_: &Handle| {
        let (service, _) = over(layers[1], [Step::status(204)]);
        send(&service, delete()).await
    };
    assert_eq!(asked_again_after(layers, by_request).await, new);
    let by_hand = async |handle: &Handle| {
        let set = Response::new(Bytes::from_static(b"set"));
        assert!(handle.set(&key(handle), set, seconds(60)).await);
    };
    let set = ("set".to_owned(), 1);
    assert_eq!(asked_again_after(layers, by_hand).await, set);
}

#[tokio::test(start_paused = true)]
async fn what_one_layer_makes_out_of_date_the_other_does_not_bring_back() {
    let memory = Memory::of(1 << 20);
    let layers = [shared().store(memory.clone()), shared().store(memory)];
    invalidate_for_each_other(layers.each_ref()).await;
    let another = async |handle: &Handle| handle.invalidate_tag("orders").await;
    let next = asked_again_after(layers.each_ref(), another).await;
    assert_eq!(next, ("old".to_owned(), 1), "that is not meant");

    let (_, store) = moody();
    let layers = [shared().store(store.memory.clone()), shared().store(store)];
    invalidate_for_each_other(layers.each_ref()).await;
}

#[cfg(all(feature = "disk", feature = "redis"))]
#[tokio::test]
async fn what_one_layer_makes_out_of_date_the_other_does_not_bring_back_to_a_folder_or_redis() {
    use crate::stores::{Folder, Server, calm, redis};
    let folder = Folder::new();
    let disk = folder.open().await;
    let layers = [&disk, &disk].map(|disk| calm(CacheLayer::private().store(disk.clone())));
    invalidate_for_each_other(layers.each_ref()).await;
    if let Some(server) = Server::start("") {
        let redis = redis(&server).await;
        let layers = [&redis, &redis].map(|one| calm(CacheLayer::shared().store(one.clone())));
        invalidate_for_each_other(layers.each_ref()).await;
    }
}

/// Somebody asks through the first layer, the other one makes it out of date, and somebody asks again.
async fn twice(one: &CacheLayer, other: &CacheLayer) -> (String, usize) {
    let steps = [fresh("old").after(SLOW), fresh("new").after(SLOW)];
    let (service, server) = over(one, steps);
    let early = tokio::spawn({
        let service = service.clone();
        async move { send(&service, get("/")).await.body }
    });
    pass(SLOW / 2).await;
    let (writer, _) = over(other, [Step::status(204)]);
    send(&writer, delete()).await;
    let late = send(&service, get("/")).await.body;
    assert_eq!(early.await.unwrap(), "old");
    (late, server.calls().len())
}

#[tokio::test(start_paused = true)]
async fn nobody_joins_what_was_asked_for_before_another_layer_made_it_out_of_date() {
    let memory = Memory::of(1 << 20);
    let layers = [shared().store(memory.clone()), shared().store(memory)];
    let new = ("new".to_owned(), 2);
    assert_eq!(twice(&layers[0], &layers[1]).await, new);
}

#[tokio::test(start_paused = true)]
async fn layers_made_from_one_that_has_a_store_have_its_journal() {
    // A store that does not say that it has one.
    let base = shared().store(slow(0));
    let layers = [base.clone().coalesce(true), base.stale_on_error(false)];
    let new = ("new".to_owned(), 2);
    assert_eq!(twice(&layers[0], &layers[1]).await, new);
    let apart = [shared().store(slow(0)), shared().store(slow(0))];
    let joined = ("old".to_owned(), 1);
    assert_eq!(twice(&apart[0], &apart[1]).await, joined, "other stores");
}

#[tokio::test(start_paused = true)]
async fn each_layer_fetches_for_itself_and_one_copy_is_left() {
    let memory = Memory::of(1 << 20);
    let layers = [
        shared().store(memory.clone()),
        shared().store(memory.clone()),
    ];
    let fetches = layers.each_ref().map(|layer| {
        let (service, server) = over(layer, [fresh("body").after(SLOW)]);
        let fetch = async move { send(&service, get("/")).await.body };
        (tokio::spawn(fetch), server)
    });
    for (fetch, server) in fetches {
        assert_eq!(fetch.await.unwrap(), "body");
        assert_eq!(server.calls().len(), 1);
    }
    let Answer::Now(found) = memory.get(key(&layers[0].handle()).lend()) else {
        unreachable!("memory answers at once");
    };
    assert_eq!(found.len(), 1);
}

/// Two layers over one store, which has failed to forget what the first has made out of date.
async fn in_doubt() -> [CacheLayer; 2] {
    let (mood, store) = moody();
    let memory = store.memory.clone();
    let layers = [shared().store(store), shared().store(memory)];
    let old = Step::ok().header("cache-control", "max-age=3600");
    let (reader, server) = over(&layers[1], [old.body("old")]);
    for _ in 0..2 {
        assert_eq!(send(&reader, get("/")).await.body, "old");
    }
    assert_eq!(server.calls().len(), 1, "it is stored");
    mood.0.store(STALLS, Ordering::Relaxed);
    let (writer, _) = over(&layers[0], [Step::status(204)]);
    send(&writer, delete()).await;
    layers
}

#[tokio::test(start_paused = true)]
async fn what_a_store_has_yet_to_forget_for_one_layer_the_other_does_not_serve() {
    let [_first, other] = in_doubt().await;
    let handle = other.handle();
    assert!(handle.get(&key(&handle)).await.is_none());
    let (reader, _) = over(&other, [fresh("new")]);
    assert_eq!(send(&reader, get("/")).await.body, "new");
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_leaves_in_doubt_the_other_sees_to() {
    let [first, other] = in_doubt().await;
    drop(first);
    // So long the first one's question may take.
    pass(seconds(61)).await;
    let (reader, server) = over(&other, [fresh("new")]);
    for _ in 0..5 {
        assert_eq!(send(&reader, get("/")).await.body, "new");
        pass(seconds(1)).await;
    }
    assert!(server.calls().len() <= 2, "{}", server.calls().len());
}
