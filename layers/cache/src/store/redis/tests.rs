use super::server::Server;
use super::*;
use crate::store::suite::{self, bodies, get, head, invalidate, key, put, variant};

mod failing;
mod forgetting;
mod reading;
mod room;
mod writing;

async fn open(server: &Server) -> Redis {
    // Generous: the machine may be busy.
    let redis = Redis::at(&server.url()).time_limit(Duration::from_secs(10));
    redis.open().await.expect("it opens")
}

#[tokio::test]
async fn redis_does_what_every_store_must() {
    let Some(server) = Server::start("") else {
        return;
    };
    let count = std::cell::Cell::new(0);
    suite::run(async || {
        count.set(count.get() + 1);
        let redis = Redis::at(&server.url()).prefix(&format!("cache[{}]:", count.get()));
        let redis = redis.time_limit(Duration::from_secs(10));
        redis.open().await.expect("it opens")
    })
    .await;
}

#[tokio::test]
async fn two_connections_share_what_is_stored_and_what_is_forgotten() {
    let Some(server) = Server::start("") else {
        return;
    };
    let (one, other) = (open(&server).await, open(&server).await);
    let key = key("http://a.example/");
    put(&one, &key, variant(1, "one")).await;
    assert_eq!(bodies(&other, &key).await, ["one"]);
    assert_eq!(invalidate(&other, Selector::Tag("every".into())).await, 1);
    assert!(get(&one, &key).await.is_empty());

    let apart = Redis::at(&server.url()).time_limit(Duration::from_secs(10));
    let apart = apart.prefix("apart:").open().await.expect("it opens");
    put(&one, &key, variant(1, "one")).await;
    assert!(get(&apart, &key).await.is_empty());
    put(&apart, &key, variant(1, "apart")).await;
    assert_eq!(invalidate(&apart, Selector::All).await, 1);
    assert_eq!(bodies(&one, &key).await, ["one"], "another prefix");
}

#[tokio::test]
async fn a_head_is_updated_without_its_body() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, variant(1, "body")).await;
    let body = |server: &Server| {
        let mut keys = server.keys().into_iter();
        keys.find(|key| key.contains(":b:")).expect("a body")
    };
    let before = body(&server);
    let end = redis.update(&key, 1, head("new", 4)).wait().await;
    end.expect("an update");
    assert_eq!(get(&redis, &key).await[0].as_ref(), head("new", 4).as_ref());
    assert_eq!(body(&server), before);
    put(&redis, &key, variant(1, "again")).await;
    assert_ne!(body(&server), before, "another body has another name");
    invalidate(&redis, Selector::Key(key)).await;
    assert_eq!(
        server
            .keys()
            .iter()
            .filter(|key| key.contains(":b:"))
            .count(),
        0
    );
}
