//! A Redis that cannot be had.

use std::net::TcpListener;

use http_body_util::BodyExt;

use super::*;

#[tokio::test]
async fn it_is_connected_again_after_a_restart() {
    let Some(mut server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, variant(1, "one")).await;
    server.end();
    redis.get(key.lend()).wait().await.expect_err("it is gone");
    redis
        .get(key.lend())
        .wait()
        .await
        .expect_err("and stays so");
    server.start_again();
    let mut again = redis.put(&key, variant(2, "two"), &[]).wait().await;
    for _ in 0..3 {
        if again.is_err() {
            again = redis.put(&key, variant(2, "two"), &[]).wait().await;
        }
    }
    again.expect("it is back");
    assert_eq!(bodies(&redis, &key).await, ["two"]);
}

#[tokio::test]
async fn one_that_stalls_fails_in_time_and_is_used_again_later() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, variant(1, &"long ".repeat(100_000))).await;
    let body = redis.body(&key, 1, 0..500_000).wait().await;
    let body = body.expect("a body").expect("it is there");
    server.signal("STOP");
    // From here on, time passes when nobody has anything to do, however long that takes.
    tokio::time::pause();
    let error = redis.get(key.lend()).wait().await.expect_err("no answer");
    assert_eq!(error.to_string(), "Redis did not answer within 10s");
    let error = body.collect().await.expect_err("no answer");
    assert!(error.to_string().contains("did not answer"), "{error}");
    tokio::time::resume();
    server.signal("CONT");
    let mut found = redis.get(key.lend()).wait().await;
    for _ in 0..20 {
        if found.is_err() {
            found = redis.get(key.lend()).wait().await;
        }
    }
    assert_eq!(found.expect("it is back").len(), 1);
}

#[tokio::test]
async fn what_cannot_be_used_is_a_clear_error_without_the_password() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = silent.local_addr().expect("an address");
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let nobody_at = nobody.local_addr().expect("an address");
    drop(nobody);
    for address in [silent, nobody_at] {
        let url = format!("redis://:sesame@{address}/0");
        let settings = Redis::at(&url).time_limit(Duration::from_millis(100));
        assert!(!format!("{settings:?}").contains("sesame"));
        let error = settings.open().await.expect_err("nobody answers");
        let text = format!("{error} {error:?}");
        assert!(text.contains(&address.to_string()), "{text}");
        assert!(text.contains("see that it runs there"), "{text}");
        assert!(!text.contains("sesame"), "{text}");
    }
    for url in [
        "",
        "sesame",
        "http://:sesame@a/",
        "redis://:sesame@a:99999/",
        "redis://a/sesame",
    ] {
        let error = Redis::open(url).await.expect_err("no URL");
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("redis://HOST:PORT") && !text.contains("sesame"),
            "{text}"
        );
    }
    let url = format!("redis://{nobody_at}");
    let error = Redis::at(&url)
        .prefix("")
        .open()
        .await
        .expect_err("no prefix");
    assert!(error.to_string().contains("prefix"));
    let none = Redis::at(&url).time_limit(Duration::ZERO).open().await;
    assert!(
        none.expect_err("no time")
            .to_string()
            .contains("time_limit")
    );
}

#[tokio::test]
async fn a_wrong_password_is_a_clear_error() {
    let Some(server) = Server::start("") else {
        return;
    };
    server.raw("CONFIG SET requirepass sesame");
    let url = |password: &str| server.url().replace("127", &format!("{password}127"));
    for wrong in ["", ":guessed@"] {
        let error = Redis::open(&url(wrong))
            .await
            .expect_err("it wants another");
        let text = format!("{error} {error:?}");
        assert!(
            text.contains("lets this user in") && !text.contains("guessed"),
            "{text}"
        );
    }
    let redis = Redis::open(&url(":sesame@")).await.expect("the right one");
    assert!(!format!("{redis:?}").contains("sesame"));
}
