//! Content that outlives the process, and is the same for all who share it: what a browser's storage is to
//! a page and its tabs.

use buttress_cache::CacheLayer;
use buttress_cache::store::{Disk, Memory, Redis};
use buttress_testkit::ManualWallClock;
use std::sync::Arc;

use crate::stores::{Folder, Server, calm, redis, written};
use crate::support::*;

fn layer(store: impl buttress_cache::store::Store) -> CacheLayer {
    calm(CacheLayer::private().store(store))
}

#[tokio::test]
async fn ic81_what_one_process_stored_the_next_one_serves() {
    let folder = Folder::new();
    let before = layer(folder.open().await);
    let (service, server) = over(&before, [fresh("stored").header("etag", "\"1\"")]);
    send(&service, get("/")).await;
    written(&before, "/").await;
    assert_eq!(server.calls().len(), 1);
    drop((service, server, before));

    let after = layer(folder.open().await);
    let (service, server) = over(&after, [fresh("fetched")]);
    let found = send(&service, get("/")).await;
    assert_eq!(found.body, "stored");
    assert_eq!(found.header("etag"), Some("\"1\""));
    assert_eq!(server.calls().len(), 0);
}

#[tokio::test]
async fn ic81_what_one_changes_the_others_see_at_once() {
    let Some(peer) = Server::start("") else {
        return;
    };
    // Two connections, as two processes have them.
    let layers: [(CacheLayer, Redis); 2] =
        [redis(&peer).await, redis(&peer).await].map(|store| (layer(store.clone()), store));
    let [(one, _), (other, _)] = layers;
    let (here, _) = over(&one, [fresh("one")]);
    let (there, server) = over(&other, [buttress_testkit::Step::ok(), fresh("two")]);
    send(&here, get("/")).await;
    written(&one, "/").await;
    assert_eq!(
        send(&there, get("/")).await.body,
        "one",
        "stored by the other"
    );
    assert_eq!(server.calls().len(), 0);

    let mut write = get("/");
    *write.method_mut() = http::Method::PUT;
    send(&there, write).await;
    let key = one.handle().uri(&"http://api.example/".parse().unwrap());
    assert!(
        one.handle().get(&key).await.is_none(),
        "forgotten by the other"
    );
    assert_eq!(send(&there, get("/")).await.body, "two");
    written(&one, "/").await;
    assert_eq!(send(&here, get("/")).await.body, "two", "and replaced");
}

#[tokio::test]
async fn sp30_a_stored_result_expires_on_time_in_a_later_process_too() {
    let folder = Folder::new();
    let clock = Arc::new(ManualWallClock::at(day()));
    let at = |clock: &Arc<ManualWallClock>, store: Disk| {
        let shown = Arc::clone(clock);
        layer(store).wall_clock(move || buttress_kernel::WallClock::now(&*shown))
    };
    let json = fresh("{\"id\":42}").header("content-type", "application/json");
    let before = at(&clock, folder.open().await);
    let (service, _) = over(&before, [json]);
    send(&service, get("/")).await;
    written(&before, "/").await;
    drop((service, before));

    clock.advance(seconds(59));
    let after = at(&clock, folder.open().await);
    let (service, server) = over(&after, [fresh("anew")]);
    let found = send(&service, get("/")).await;
    assert_eq!(found.body, "{\"id\":42}");
    assert_eq!(found.header("content-type"), Some("application/json"));
    assert_eq!(found.header("age"), Some("59"));
    clock.advance(seconds(2));
    assert_eq!(send(&service, get("/")).await.body, "anew");
    assert_eq!(server.calls().len(), 1);
}

#[tokio::test]
async fn a_shared_cache_takes_nothing_from_a_private_one_over_the_same_store() {
    let check = async |private: CacheLayer, shared: CacheLayer| {
        let step = buttress_testkit::Step::ok().header("cache-control", "private, max-age=60");
        let (of_one, _) = over(&private, [step.body("of one user")]);
        let (of_all, _) = over(&shared, [fresh("of all")]);
        send(&of_one, get("/")).await;
        written(&private, "/").await;
        assert_eq!(send(&of_all, get("/")).await.body, "of all");
        written(&shared, "/").await;
        assert_eq!(send(&of_one, get("/")).await.body, "of one user");
        assert_eq!(shared.handle().clear().await, 2, "by hand, both are meant");
    };
    let memory = Memory::of(1 << 20);
    check(
        layer(memory.clone()),
        calm(CacheLayer::shared().store(memory)),
    )
    .await;
    let folder = Folder::new();
    let disk = folder.open().await;
    check(layer(disk.clone()), calm(CacheLayer::shared().store(disk))).await;
    if let Some(peer) = Server::start("") {
        let store = redis(&peer).await;
        check(
            layer(store.clone()),
            calm(CacheLayer::shared().store(store)),
        )
        .await;
    }
}
