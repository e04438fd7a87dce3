//! Bodies that are read while they go.

use http_body_util::BodyExt;

use super::*;

const LONG: u64 = 3 * PIECE;

fn long() -> Variant {
    variant(
        1,
        &"x".repeat(usize::try_from(LONG).expect("it is short enough")),
    )
}

async fn begin(redis: &Redis, key: &Key, end: u64) -> Body {
    let body = redis.body(key, 1, 0..end).wait().await;
    let mut body = body.expect("a body").expect("it is there");
    body.frame().await.expect("more").expect("a piece");
    body
}

fn the_body(server: &Server) -> Option<String> {
    let is_body = |key: &String| key.contains(":b:") && !key.ends_with(":r");
    server.keys().into_iter().find(is_body)
}

#[tokio::test]
async fn what_is_read_when_it_goes_stays_a_minute_and_what_is_not_goes_at_once() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    for (end, is_held) in [(0, false), (10, false), (PIECE, false), (LONG, true)] {
        for selector in [Selector::Key(key.clone()), Selector::All] {
            put(&redis, &key, long()).await;
            let body = redis.body(&key, 1, 0..end).wait().await;
            let body = body.expect("a body").expect("it is there");
            assert_eq!(invalidate(&redis, selector.clone()).await, 1);
            let left = the_body(&server);
            assert_eq!(left.is_some(), is_held, "{end} {selector:?}");
            if let Some(name) = left {
                let time = server.number(&format!("PTTL {name}"));
                assert!(time > 50_000 && time <= 60_000, "{time} ms");
                assert_eq!(invalidate(&redis, Selector::All).await, 0);
            }
            let read = body.collect().await.expect("a body").to_bytes();
            assert_eq!(read.len() as u64, end);
            server.raw("FLUSHDB");
        }
    }
}

#[tokio::test]
async fn each_piece_that_is_read_has_the_body_stay_for_another_minute() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, long()).await;
    let name = the_body(&server).expect("a body");
    let soon = || server.raw(&format!("PEXPIRE {name} 10000"));
    let time = |name: &str| server.number(&format!("PTTL {name}"));
    soon();
    let mut body = begin(&redis, &key, LONG).await;
    assert!(
        time(&name) > 50_000,
        "it would have expired under the reader"
    );
    soon();
    server.raw(&format!("DEL {name}:r"));
    body.frame().await.expect("more").expect("a piece");
    assert!(time(&name) > 50_000 && time(&format!("{name}:r")) > 50_000);
    // Behind the last piece nobody comes back.
    soon();
    body.frame().await.expect("more").expect("a piece");
    assert!(time(&name) <= 10_000);
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn what_has_gone_under_a_reader_fails_and_leaves_no_mark() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, long()).await;
    let mut body = begin(&redis, &key, LONG).await;
    body.frame().await.expect("more").expect("a piece");
    server.raw("FLUSHDB");
    let error = body.collect().await.expect_err("it has gone");
    assert!(error.to_string().contains("swept out"), "{error}");
    assert!(server.keys().is_empty());
}

#[tokio::test]
async fn a_full_redis_is_read_without_marks() {
    let Some(server) = Server::start("--maxmemory-policy noeviction") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, long()).await;
    server.raw("CONFIG SET maxmemory 1");
    let body = redis.body(&key, 1, 0..LONG).wait().await;
    let body = body.expect("a body").expect("it is there");
    assert_eq!(
        server
            .keys()
            .iter()
            .filter(|key| key.ends_with(":r"))
            .count(),
        0
    );
    let read = body.collect().await.expect("a body").to_bytes();
    assert_eq!(read.len() as u64, LONG);
}
