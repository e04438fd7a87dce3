//! What goes by itself, and what has to make room.

use http_body_util::BodyExt;

use super::*;

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

/// How many members the list of a tag has, the mark of its generation included.
fn listed(server: &Server, tag: &str) -> i64 {
    server.number(&format!("ZCARD buttress-cache-1:t:{tag}"))
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
