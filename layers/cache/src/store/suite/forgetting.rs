//! What is invalidated, is gone, and nothing else.

use std::sync::Arc;

use super::*;
use crate::store::{Key, Selector};

pub(super) async fn invalidates_by_key<S: Store>(store: &S) {
    let [one, two, ..] = three_keys(store).await;
    assert_eq!(invalidate(store, Selector::Key(one.clone())).await, 2);
    assert!(get(store, &one).await.is_empty());
    assert_eq!(get(store, &two).await.len(), 1);
    assert_eq!(invalidate(store, Selector::Key(one)).await, 0);
}

pub(super) async fn invalidates_by_prefix<S: Store>(store: &S) {
    let [one, two, three] = three_keys(store).await;
    let prefix = Selector::Prefix("http://a.example/users".into());
    assert_eq!(invalidate(store, prefix).await, 3);
    assert!(get(store, &one).await.is_empty() && get(store, &two).await.is_empty());
    assert_eq!(get(store, &three).await.len(), 1);
}

pub(super) async fn invalidates_by_pattern<S: Store>(store: &S) {
    let [one, two, three] = three_keys(store).await;
    let pattern = Selector::Pattern("http://*.example/users/2*".into());
    assert_eq!(invalidate(store, pattern).await, 1);
    assert_eq!(get(store, &one).await.len(), 2);
    assert!(get(store, &two).await.is_empty());
    assert_eq!(get(store, &three).await.len(), 1);
}

pub(super) async fn invalidates_by_tag<S: Store>(store: &S) {
    let [one, two, three] = three_keys(store).await;
    assert_eq!(invalidate(store, Selector::Tag("tag-2".into())).await, 1);
    assert_eq!(
        bodies(store, &one).await,
        ["1"],
        "the other one of two under a key stays"
    );
    assert_eq!(get(store, &two).await.len(), 1);
    assert_eq!(invalidate(store, Selector::Tag("every".into())).await, 3);
    assert!(get(store, &three).await.is_empty());
}

pub(super) async fn clears<S: Store>(store: &S) {
    let keys = three_keys(store).await;
    assert_eq!(invalidate(store, Selector::All).await, 4);
    for key in &keys {
        assert!(get(store, key).await.is_empty());
    }
}

/// When an invalidation has answered, nothing comes back that was put before it was asked, however far that
/// had come.
pub(super) async fn forgets_what_is_on_its_way_in<S: Store>(make: &impl AsyncFn() -> S) {
    let key = key("http://a.example/");
    for (selector, is_meant) in [
        (Selector::Key(key.clone()), true),
        (Selector::Tag("tag-1".into()), true),
        (Selector::Prefix("http://a.".into()), true),
        (Selector::Pattern("*a.ex*".into()), true),
        (Selector::All, true),
        (Selector::Tag("tag-2".into()), false),
    ] {
        let store = Arc::new(make().await);
        let expected = usize::from(!is_meant);
        for (body, turns) in [("", 0), ("body", 0), ("", 3), (&*"long".repeat(100_000), 9)] {
            let coming = store.put(&key, variant(1, body), &[]);
            let coming = tokio::spawn(coming.wait());
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            invalidate(&*store, selector.clone()).await;
            let found = get(&*store, &key).await.len();
            assert!(found <= expected, "after {selector:?}");
            coming.await.expect("no panic").expect("a put");
            let found = get(&*store, &key).await.len();
            assert_eq!(found, expected, "after the put, {selector:?}, {turns}");
        }
        if let Some(writer) = store.writer(&key) {
            let writer = write(writer, "body").await.expect("a piece");
            let coming = writer.finish(variant(1, "body").without_body(), &[1]);
            invalidate(&*store, selector.clone()).await;
            coming.wait().await.expect("a put");
            assert_eq!(get(&*store, &key).await.len(), expected, "{selector:?}");
        }
    }
}

/// Two responses under the first, and one under each of the others.
async fn three_keys<S: Store>(store: &S) -> [Key; 3] {
    let keys = [
        "a.example/users/1",
        "a.example/users/2",
        "b.example/users/1",
    ];
    let keys = keys.map(|name| key(&format!("http://{name}")));
    for (id, key) in [(1, &keys[0]), (2, &keys[0]), (3, &keys[1]), (4, &keys[2])] {
        put(store, key, variant(id, &id.to_string())).await;
    }
    keys
}
