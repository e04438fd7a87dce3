//! Users are kept apart in every store, and known again in those that outlive a process.

use std::time::Duration;

use buttress_cache::CacheLayer;
use buttress_kernel::{Body, Partition};
use http::Request;

use crate::stores::{Folder, Server, all_bytes, calm, contains, redis};
use crate::support::*;

fn from(user: &str) -> Request<Body> {
    with(get("/me"), "authorization", user)
}

const ANN: &str = "Basic YW5uOnNlc2FtZQ==";
const BOB: &str = "Bearer bobs-token";

/// Waits until something is stored for such a request.
pub(crate) async fn settled(layer: &CacheLayer, request: Request<Body>) {
    let key = layer.handle().key(&request);
    for _ in 0..2_000 {
        if layer.handle().get(&key).await.is_some() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("it was not stored");
}

/// Users ask through one layer, and then through another one over the same content: whose answers are
/// found again.
async fn known_again(one: CacheLayer, other: CacheLayer) -> [bool; 2] {
    let (one, other) = (calm(one), calm(other));
    let (service, _) = over(&one, [fresh("ann"), fresh("bob")]);
    for (user, body) in [(ANN, "ann"), (BOB, "bob")] {
        assert_eq!(send(&service, from(user)).await.body, body);
        settled(&one, from(user)).await;
        assert_eq!(send(&service, from(user)).await.body, body);
    }
    let (service, _) = over(&other, [fresh("asked again")]);
    [(ANN, "ann"), (BOB, "bob")]
        .map(|user| (user, service.clone()))
        .map(|((user, body), service)| {
            futures(async move {
                let found = send(&service, from(user)).await.body;
                assert!(
                    found == body || found == "asked again",
                    "{found}: never another's"
                );
                found == body
            })
        })
}

/// Runs what is to be done to its end, from within.
fn futures<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> T {
    tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(work))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_known_again_after_a_restart_by_a_secret_alone() {
    let secret = |byte: u8| [byte; 32];
    let private = CacheLayer::private;
    for (one, other, known) in [
        (None, None, false),
        (Some(1), Some(1), true),
        (Some(1), Some(2), false),
        (Some(1), None, false),
    ] {
        let with = |layer: CacheLayer, byte: Option<u8>| match byte {
            Some(byte) => layer.partition_secret(secret(byte)).unwrap(),
            None => layer,
        };
        let folder = Folder::new();
        let disk = folder.open().await;
        let layers = [one, other].map(|byte| with(private().store(disk.clone()), byte));
        drop(disk);
        let [one_layer, other_layer] = layers;
        let found = known_again(one_layer, other_layer).await;
        assert_eq!(found, [known; 2], "disk: {one:?} and {other:?}");
        let bytes = all_bytes(&folder.0);
        assert!(contains(&bytes, "http://api.example/me"));
        for credential in ["YW5uOnNlc2FtZQ", "ann:sesame", "sesame", "bobs-token"] {
            assert!(!contains(&bytes, credential), "{credential} can be read");
        }

        // Everything that is ever said to it stands in the log.
        let Some(server) = Server::start("--appendonly yes --appendfsync always") else {
            continue;
        };
        let [one_redis, other_redis] = [redis(&server).await, redis(&server).await];
        let one_layer = with(private().store(one_redis), one);
        let other_layer = with(private().store(other_redis), other);
        let found = known_again(one_layer, other_layer).await;
        assert_eq!(found, [known; 2], "Redis: {one:?} and {other:?}");
        let bytes = all_bytes(server.folder());
        assert!(contains(&bytes, "http://api.example/me"));
        for credential in ["YW5uOnNlc2FtZQ", "ann:sesame", "sesame", "bobs-token"] {
            assert!(!contains(&bytes, credential), "{credential} can be read");
        }
    }
}

#[tokio::test]
async fn partitions_are_apart_in_every_store_and_known_again() {
    let folder = Folder::new();
    let mut bodies = vec!["for ann", "for bob", "for nobody"].into_iter();
    for round in 0..2 {
        let layer = calm(CacheLayer::shared().store(folder.open().await));
        for (user, body) in [("ann", "for ann"), ("bob", "for bob"), ("", "for nobody")] {
            let step = bodies
                .next()
                .map_or_else(|| uncacheable("asked again"), fresh);
            let (service, _) = over(&layer, [step]);
            let request = || match user {
                "" => get("/"),
                user => asking(get("/"), Partition::named(user)),
            };
            assert_eq!(send(&service, request()).await.body, body, "round {round}");
            settled(&layer, request()).await;
        }
    }
}

#[tokio::test]
async fn a_response_that_varies_by_a_secret_stays_out_of_a_folder() {
    let (lines, _guard) = crate::telemetry::listen();
    let folder = Folder::new();
    let layer = calm(CacheLayer::private().store(folder.open().await));
    let step = |body: &'static str| fresh(body).header("vary", "cookie");
    let (service, _) = over(&layer, [step("one"), step("two")]);
    for body in ["one", "two"] {
        let request = with(get("/"), "cookie", "session=sesame");
        assert_eq!(send(&service, request).await.body, body);
    }
    let told = lines.take();
    let reason = |line: &String| line.contains("not stored") && line.contains("varies by a secret");
    assert!(told.iter().any(reason), "{told:?}");
    assert!(!contains(&all_bytes(&folder.0), "sesame"));

    let layer = calm(CacheLayer::private());
    let (service, _) = over(&layer, [step("one"), step("two")]);
    for _ in 0..2 {
        let request = with(get("/"), "cookie", "session=sesame");
        assert_eq!(send(&service, request).await.body, "one", "memory keeps it");
    }
}
