//! Bodies on their way in, and what is left of them.

use super::*;
use crate::store::suite::write;

async fn written(redis: &Redis, key: &Key, pieces: &[&str]) -> Box<dyn Writer> {
    let mut writer = redis.writer(key).expect("it has one");
    for piece in pieces {
        writer = write(writer, piece).await.expect("a piece");
    }
    writer
}

/// Waits until nothing is there any more: what is given up is removed in a task of its own.
async fn emptied(server: &Server) {
    while !server.keys().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_body_under_way_goes_by_itself_or_with_its_writer() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    let long = "long ".repeat(60_000);
    let one = written(&redis, &key, &["a", &long]).await;
    let keys = server.keys();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let time = server.number(&format!("PTTL {}", keys[0]));
    assert!(time > 50_000 && time <= 60_000, "{time} ms");
    assert_eq!(server.number(&format!("STRLEN {}", keys[0])), 300_001);
    drop(one);
    emptied(&server).await;
    let one = written(&redis, &key, &["a"]).await;
    drop(one.write(Bytes::from("nobody waits")));
    emptied(&server).await;
}

#[tokio::test]
async fn a_body_that_is_swept_out_while_it_is_written_is_not_taken_for_whole() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    let one = written(&redis, &key, &["one"]).await;
    server.raw("FLUSHDB");
    let error = write(one, "two").await.err().expect("the first has gone");
    assert!(error.to_string().contains("swept out"), "{error}");
    let one = written(&redis, &key, &["one"]).await;
    assert_eq!(invalidate(&redis, Selector::All).await, 0);
    let end = one.finish(variant(1, "one").without_body(), &[]).wait();
    let error = end.await.expect_err("it has gone");
    assert!(error.to_string().contains("swept out"), "{error}");
    assert!(get(&redis, &key).await.is_empty());
}
