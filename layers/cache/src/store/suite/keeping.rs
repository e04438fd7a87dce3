//! What is put is found again, under its key alone.

use std::sync::Arc;

use super::*;
use crate::store::{Credentials, Hashing, KeyRef, Name, Selector, Variants};

pub(super) async fn gives_back_what_was_put<S: Store>(store: &S) {
    let key = key("http://a.example/?q=1");
    assert!(get(store, &key).await.is_empty(), "an empty store");
    let put_in = variant(1, "body");
    put(store, &key, put_in.clone()).await;
    let found = get(store, &key).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].id(), 1);
    assert_eq!(found[0].as_ref(), put_in.as_ref(), "the head");
    assert_eq!(found[0].tags(), put_in.tags());
    assert_eq!(body(store, &key, &found[0]).await, "body");
}

pub(super) async fn keeps_several_responses_under_a_key<S: Store>(store: &S) {
    let key = key("http://a.example/");
    for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
        put(store, &key, variant(id, text)).await;
    }
    assert_eq!(
        bodies(store, &key).await,
        ["three", "two", "one"],
        "the newest first"
    );
}

pub(super) async fn replaces_what_it_is_told_to<S: Store>(store: &S) {
    let key = key("http://a.example/");
    put(store, &key, variant(1, "one")).await;
    put(store, &key, variant(2, "two")).await;
    let end = store.put(&key, variant(3, "three"), &[1, 99]).wait().await;
    end.expect("a put");
    assert_eq!(bodies(store, &key).await, ["three", "two"]);
    put(store, &key, variant(2, "two again")).await;
    assert_eq!(
        bodies(store, &key).await,
        ["two again", "three"],
        "the same number"
    );
}

pub(super) async fn updates_a_head_and_leaves_the_body<S: Store>(store: &S) {
    let key = key("http://a.example/");
    put(store, &key, variant(1, "one")).await;
    put(store, &key, variant(2, "two")).await;
    let head = head("updated", 3);
    store
        .update(&key, 1, head.clone())
        .wait()
        .await
        .expect("an update");
    let found = get(store, &key).await;
    let place = found.position(1).expect("it is still there");
    assert_eq!(found[place].as_ref(), head.as_ref());
    assert_eq!(body(store, &key, &found[place]).await, "one");
    let other = found.position(2).expect("the other one");
    assert_ne!(found[other].as_ref(), head.as_ref(), "the other head");

    store
        .update(&key, 99, head.clone())
        .wait()
        .await
        .expect("no such number");
    store
        .update(&super::key("http://b.example/"), 1, head)
        .wait()
        .await
        .expect("no such key");
    assert_eq!(bodies(store, &key).await.len(), 2);
}

pub(super) async fn keeps_no_more_than_so_many_under_a_key<S: Store>(store: &S) {
    let key = key("http://a.example/");
    let count = Variants::MOST as u64 + 3;
    for id in 1..=count {
        put(store, &key, variant(id, &id.to_string())).await;
    }
    let newest = (4..=count).rev().map(|id| id.to_string());
    let newest: Vec<_> = newest.collect();
    assert_eq!(bodies(store, &key).await, newest, "the oldest are gone");
    let end = store.put(&key, variant(1, "1"), &[5, 6]).wait().await;
    end.expect("a put");
    let left = get(store, &key).await;
    assert_eq!(left.len(), Variants::MOST - 1, "more went than came");
    assert!(left.position(4).is_some(), "so the oldest stays");
}

pub(super) async fn removes_by_number<S: Store>(store: &S) {
    let key = key("http://a.example/");
    for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
        put(store, &key, variant(id, text)).await;
    }
    store
        .remove(&key, &[1, 3, 99])
        .wait()
        .await
        .expect("a removal");
    assert_eq!(bodies(store, &key).await, ["two"]);
    store.remove(&key, &[2]).wait().await.expect("a removal");
    assert!(get(store, &key).await.is_empty());
}

pub(super) async fn tells_keys_apart<S: Store>(store: &S) {
    let hashing = Hashing::of_keys();
    let uri = |path| Name::Uri {
        scheme: "http",
        authority: "a.example",
        path,
    };
    let key = |name, partition, credentials: Option<Credentials>| {
        KeyRef::new(&hashing, name, partition, credentials).keep()
    };
    let keys = [
        key(uri("/"), "", None),
        key(uri("/?page=2"), "", None),
        key(uri("/"), "ann", None),
        key(uri("/"), "bob", None),
        key(uri("/"), "", Some([1, 2])),
        key(uri("/"), "", Some([2, 1])),
        key(uri("/"), "ann", Some([1, 2])),
        key(Name::Given("http://a.example/"), "", None),
        key(Name::Given("http://a.example/"), "ann", Some([1, 2])),
        key(Name::Given("mine"), "", None),
        key(Name::Given("min"), "e", None),
        key(Name::Given("../../etc/passwd"), "", None),
        key(Name::Given("a\nb\0c %2F*?\u{e4}"), "", None),
        key(Name::Given(""), "", None),
        key(Name::Given(&"long".repeat(2_000)), "", None),
    ];
    for (id, key) in (1..).zip(&keys) {
        put(store, key, variant(id, &id.to_string())).await;
    }
    for (id, key) in (1_u64..).zip(&keys) {
        assert_eq!(bodies(store, key).await, [id.to_string()], "{id}");
    }
    assert_eq!(invalidate(store, Selector::Key(keys[0].clone())).await, 1);
    for (id, key) in (1_u64..).zip(&keys) {
        let expected = usize::from(id > 1);
        assert_eq!(get(store, key).await.len(), expected, "{id}");
    }
}

pub(super) async fn loses_none_of_many_puts<S: Store>(store: S) {
    let (store, key) = (Arc::new(store), key("http://a.example/"));
    let puts = (0..8).map(|id| {
        let (store, key) = (Arc::clone(&store), key.clone());
        tokio::spawn(async move { put(&*store, &key, variant(id, "body")).await })
    });
    for put in puts.collect::<Vec<_>>() {
        put.await.expect("a put");
    }
    assert_eq!(get(&*store, &key).await.len(), 8);
}

/// What varies by a secret stays out of a store that does not keep secrets, and takes along what it was to
/// replace.
#[cfg(feature = "persistent")]
pub(super) async fn leaves_secrets_out<S: Store>(store: &S) {
    let key = key("http://a.example/");
    put(store, &key, varying_by(1, "accept")).await;
    put(store, &key, varying_by(2, "cookie")).await;
    let secrets = usize::from(store.keeps_secrets());
    assert_eq!(get(store, &key).await.len(), 1 + secrets);
    put(store, &key, varying_by(1, "cookie")).await;
    let found = get(store, &key).await.len();
    assert_eq!(found, 2 * secrets, "the old one of its number goes");
    put(store, &key, varying_by(1, "accept")).await;
    let end = store.update(&key, 1, head_varying_by("x-api-key"));
    end.wait().await.expect("an update");
    assert_eq!(get(store, &key).await.len(), 2 * secrets, "it says so now");
}
