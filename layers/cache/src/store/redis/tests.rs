use std::net::TcpListener;
use std::task::Poll;

use http_body_util::BodyExt;

use super::server::Server;
use super::*;
use crate::store::suite::{self, bodies, get, head, invalidate, key, put, variant, write};

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

/// As if the script that adds it had been sent already, and ran only after the invalidation.
#[tokio::test]
async fn what_was_sent_before_an_invalidation_and_runs_after_it_does_not_arrive() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    for (pieces, body) in [(&[][..], ""), (&[&b"body"[..]], "body")] {
        let mut writing = Writing::of(Arc::clone(&redis.0), key.clone());
        for piece in pieces.iter().copied().chain([&b""[..]]) {
            writing.add_piece(piece).await.expect("a piece");
        }
        let new = writing.expect(variant(1, body), &[]);
        invalidate(&redis, Selector::Tag("tag-1".into())).await;
        assert!(writing.refer(&new).await.is_err(), "{body:?}");
        assert!(get(&redis, &key).await.is_empty());
    }
}

#[tokio::test]
async fn what_is_invalidated_before_there_is_a_body_to_take_away_does_not_arrive() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    let mut writing = Writing::of(Arc::clone(&redis.0), key.clone());
    let new = writing.expect(variant(1, ""), &[]);
    let mut referring = tokio_test::task::spawn(writing.refer(&new));
    assert!(referring.poll().is_pending(), "the body is on its way");
    // The invalidation's commands were carried out before that came.
    assert_eq!(redis.0.coming.doom(|_| true).len(), 1);
    let end = std::future::poll_fn(|cx| referring.enter(|_, one| one.poll(cx)));
    assert!(end.await.is_err());
    assert!(get(&redis, &key).await.is_empty());
}

#[tokio::test]
async fn many_are_forgotten_in_few_round_trips() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let scripts = || {
        let about = String::from_utf8(server.raw("INFO commandstats")).expect("text");
        let calls = |name: &str| {
            let (_, rest) = about.split_once(&format!("cmdstat_{name}:calls="))?;
            rest.split(',').next()?.parse::<usize>().ok()
        };
        calls("eval").unwrap_or(0) + calls("evalsha").unwrap_or(0)
    };
    for selector in [
        Selector::All,
        Selector::Prefix("http://".into()),
        Selector::Pattern("*example/*".into()),
        Selector::Tag("every".into()),
    ] {
        for id in 0..200 {
            let key = key(&format!("http://a.example/{id}"));
            put(&redis, &key, variant(id, "body")).await;
        }
        let before = scripts();
        assert_eq!(invalidate(&redis, selector.clone()).await, 200);
        let asked = scripts() - before;
        assert!(asked < 40, "{asked} for {selector:?}");
    }
}

#[tokio::test]
async fn an_invalidation_that_nobody_waits_for_any_more_goes_on_no_further() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    for id in 0..1_000 {
        let key = key(&format!("http://a.example/{id}"));
        put(&redis, &key, variant(id, "")).await;
    }
    let left = || server.number("DBSIZE");
    let before = left();
    let mut pending = Box::pin(redis.invalidate(&Selector::All).wait());
    while left() == before {
        let end = std::future::poll_fn(|cx| Poll::Ready(pending.as_mut().poll(cx))).await;
        assert!(end.is_pending(), "one command does not do it");
        tokio::task::yield_now().await;
    }
    drop(pending);
    // What was sent is done before this is answered.
    let other = key("http://b.example/");
    get(&redis, &other).await;
    let after = left();
    for _ in 0..20 {
        get(&redis, &other).await;
    }
    assert!(
        after > 0 && left() == after,
        "{after}, and {} later",
        left()
    );
    assert!(invalidate(&redis, Selector::All).await > 0);
    assert_eq!(left(), 0);
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
async fn everything_goes_by_itself_when_it_is_of_no_use_any_more() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = Redis::at(&server.url()).time_limit(Duration::from_secs(10));
    let redis = redis.keep_stale(Duration::from_secs(100));
    let redis = redis.open().await.expect("it opens");
    let key = key("http://a.example/");
    put(&redis, &key, variant(1, "body")).await;
    // 57 s fresh, and 100 s stale.
    let (count, least, most) = server.times();
    assert_eq!(count, 4, "heads, a body, two tags");
    assert!(least > 147_000 && most <= 157_000, "{least} to {most} ms");

    let mut longer = head("longer", 4).as_ref().clone();
    longer.freshness.lifetime = Duration::from_secs(1_003);
    let end = redis.update(&key, 1, Head::new(longer)).wait().await;
    end.expect("an update");
    let (count, least, most) = server.times();
    assert_eq!(count, 4);
    assert!(
        least > 1_090_000 && most <= 1_100_000,
        "{least} to {most} ms"
    );
    put(&redis, &key, variant(2, "")).await;
    assert!(
        server.times().2 > 1_000_000,
        "a shorter one does not shorten others"
    );
    let mut endless = head("endless", 4).as_ref().clone();
    endless.freshness.lifetime = Duration::MAX;
    let end = redis.update(&key, 1, Head::new(endless)).wait().await;
    end.expect("an update");
    assert!(server.times().2 <= 365 * 24 * 3_600_000, "a year at most");
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

async fn written(redis: &Redis, key: &Key, pieces: &[&str]) -> Box<dyn Writer> {
    let mut writer = redis.writer(key).expect("it has one");
    for piece in pieces {
        writer = write(writer, piece).await.expect("a piece");
    }
    writer
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
    while !server.keys().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let one = written(&redis, &key, &["a"]).await;
    drop(one.write(Bytes::from("nobody waits")));
    while !server.keys().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
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

#[tokio::test]
async fn what_redis_swept_out_is_a_miss_and_its_bound_holds() {
    let Some(server) = Server::start("--maxmemory 6mb --maxmemory-policy allkeys-lru") else {
        return;
    };
    let redis = open(&server).await;
    let keys = (0..200).map(|n| key(&format!("http://a.example/{n}")));
    let keys: Vec<Key> = keys.collect();
    let body = "x".repeat(100_000);
    let (mut failed, mut found) = (0, 0);
    for (id, key) in (0..).zip(&keys) {
        let end = redis.put(key, variant(id, &body), &[]).wait().await;
        failed += usize::from(end.is_err());
        found += usize::from(!get(&redis, key).await.is_empty());
    }
    assert!(failed < 100, "{failed} of 200 puts failed");
    // What goes is up to chance, but rarely what has just come.
    assert!(found > 50, "{found} of 200 were found at once");
    let mut whole = 0;
    for (id, key) in (0..).zip(&keys) {
        let found = get(&redis, key).await;
        if found.is_empty() {
            continue;
        }
        match redis
            .body(key, id, 0..200_000)
            .wait()
            .await
            .expect("an answer")
        {
            Some(found) => {
                let found = found.collect().await.expect("a body").to_bytes();
                assert!(found == body, "never a part");
                whole += 1;
            }
            None => assert!(get(&redis, key).await.is_empty(), "the head goes too"),
        }
    }
    assert!(whole < 100, "{whole} are there");
}

#[tokio::test]
async fn a_full_redis_is_a_failure_to_write_alone() {
    let Some(server) = Server::start("--maxmemory 4mb --maxmemory-policy noeviction") else {
        return;
    };
    let redis = open(&server).await;
    let small = key("http://a.example/small");
    put(&redis, &small, variant(1, "small")).await;
    let body = "x".repeat(500_000);
    let mut last = Ok(());
    for n in 0..20 {
        let key = key(&format!("http://a.example/{n}"));
        last = redis.put(&key, variant(n, &body), &[]).wait().await;
    }
    let error = last.expect_err("it is full");
    assert!(error.to_string().contains("OOM"), "{error}");
    assert_eq!(bodies(&redis, &small).await, ["small"]);
}

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

#[tokio::test]
async fn what_varies_by_a_secret_is_not_written_down() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    let with = |name: &'static str| {
        let mut head = head("e", 4).as_ref().clone();
        head.vary.names = vec![http::HeaderName::from_static(name)];
        head.vary.rows = vec![crate::policy::Row {
            values: vec![Some(b"sesame".as_slice().into())],
            confirmed: std::time::SystemTime::UNIX_EPOCH,
        }];
        Head::new(head)
    };
    let vary = |id, name| Variant::restore(id, with(name), &[], Some(Bytes::from("body")));
    put(&redis, &key, vary(1, "accept")).await;
    put(&redis, &key, vary(2, "cookie")).await;
    assert_eq!(get(&redis, &key).await.len(), 1);
    put(&redis, &key, vary(1, "cookie")).await;
    assert!(
        get(&redis, &key).await.is_empty(),
        "the old one of its number goes"
    );
    put(&redis, &key, vary(1, "accept")).await;
    let end = redis.update(&key, 1, with("x-api-key")).wait().await;
    end.expect("an update");
    assert!(get(&redis, &key).await.is_empty(), "it says so now");
}

/// How many members the list of a tag has, the mark of its generation included.
fn listed(server: &Server, tag: &str) -> i64 {
    server.number(&format!("ZCARD buttress-cache-1:t:{tag}"))
}

#[tokio::test]
async fn what_has_a_tag_whose_list_was_swept_out_is_never_served_again() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let keys = (0..4).map(|n| key(&format!("http://a.example/{n}")));
    let keys: Vec<Key> = keys.collect();
    for (id, key) in (0..).zip(&keys[..3]) {
        put(&redis, key, variant(id, "old")).await;
    }
    assert_eq!(server.number("DEL buttress-cache-1:t:every"), 1);
    assert_eq!(invalidate(&redis, Selector::Tag("every".into())).await, 0);
    put(&redis, &keys[3], variant(3, "new")).await;
    for key in &keys[..2] {
        assert!(get(&redis, key).await.is_empty(), "no new list revives it");
    }
    let end = redis.update(&keys[2], 2, head("new", 3)).wait().await;
    end.expect("an update");
    assert!(get(&redis, &keys[2]).await.is_empty(), "nor an update");
    assert_eq!(bodies(&redis, &keys[3]).await, ["new"]);
    assert_eq!(invalidate(&redis, Selector::Tag("every".into())).await, 1);
    let left = server.keys();
    assert!(!left.iter().any(|key| key.contains(":b:")), "{left:?}");
}

#[tokio::test]
async fn what_is_invalidated_by_a_tag_is_dead_before_it_is_gone_through() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key = key("http://a.example/");
    put(&redis, &key, variant(1, "old")).await;
    let list = "buttress-cache-1:t:tag-1";
    server.raw(&format!("RENAME {list} buttress-cache-1:d:0f"));
    assert!(
        get(&redis, &key).await.is_empty(),
        "as one that ended then leaves it"
    );
    put(&redis, &key, variant(1, "new")).await;
    assert_eq!(bodies(&redis, &key).await, ["new"], "it is of the next one");
}

#[tokio::test]
async fn lists_of_tags_do_not_outgrow_what_is_stored() {
    let Some(server) = Server::start("") else {
        return;
    };
    let redis = open(&server).await;
    let key_of = |n: u64| key(&format!("http://a.example/{n}"));
    for n in 0..300 {
        put(&redis, &key_of(n), variant(7, "body")).await;
        if n >= 5 {
            invalidate(&redis, Selector::Key(key_of(n - 5))).await;
        }
    }
    assert!(
        listed(&server, "every") < 30,
        "{}",
        listed(&server, "every")
    );

    let brief = Redis::at(&server.url()).keep_stale(Duration::ZERO);
    let brief = brief.time_limit(Duration::from_secs(10)).open().await;
    let brief = brief.expect("it opens");
    let with_tag = |id: u64, lifetime| {
        let mut head = head("e", 4).as_ref().clone();
        head.freshness.lifetime = lifetime;
        head.freshness.while_revalidate = Duration::ZERO;
        head.freshness.if_error = None;
        let body = Some(Bytes::from("body"));
        Variant::restore(id, Head::new(head), &["brief".into()], body)
    };
    let long = Duration::from_secs(100);
    put(&brief, &key_of(1_000), with_tag(1, long)).await;
    for n in 1_001..1_100 {
        put(&brief, &key_of(n), with_tag(1, Duration::ZERO)).await;
    }
    put(&brief, &key_of(1_100), with_tag(1, long)).await;
    assert!(
        listed(&server, "brief") <= 5,
        "those that expired have gone"
    );
    assert!(server.number("PTTL buttress-cache-1:t:brief") > 90_000);
}
