//! What is invalidated, is gone.

use std::task::Poll;

use super::*;

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
