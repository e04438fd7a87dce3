//! Bodies: short, long, in parts and in pieces.

use bytes::Bytes;
use http_body_util::BodyExt;

use super::*;
use crate::store::Selector;

fn long_text() -> String {
    let bytes = (0..700_000_u32).map(|at| b'a' + u8::try_from(at * 7 % 26).unwrap_or_default());
    String::from_utf8(bytes.collect()).expect("letters")
}

pub(super) async fn keeps_empty_bodies<S: Store>(store: &S) {
    let key = key("http://a.example/empty");
    put(store, &key, variant(1, "")).await;
    assert_eq!(bodies(store, &key).await, [""]);
}

pub(super) async fn gives_parts_of_bodies<S: Store>(store: &S) {
    let key = key("http://a.example/");
    put(store, &key, variant(1, "0123456789")).await;
    for (range, part) in [
        (0..4, "0123"),
        (4..10, "456789"),
        (3..3, ""),
        (8..99, "89"),
        (20..30, ""),
    ] {
        let found = store.body(&key, 1, range).wait().await.expect("a body");
        let found = found.expect("it is there").collect().await.expect("a body");
        assert_eq!(found.to_bytes(), part);
    }
    for (key, id) in [(key.clone(), 2), (super::key("http://b.example/"), 1)] {
        let found = store.body(&key, id, 0..1).wait().await.expect("an answer");
        assert!(found.is_none(), "there is no such response");
    }
}

pub(super) async fn gives_long_bodies_and_their_parts<S: Store>(store: &S) {
    let key = key("http://a.example/long");
    let text = long_text();
    put(store, &key, variant(1, &text)).await;
    let found = get(store, &key).await;
    assert!(body(store, &key, &found[0]).await == text, "all of it");
    for range in [
        0..1,
        1..700_000,
        65_535..262_145,
        131_072..131_073,
        699_999..800_000,
    ] {
        let part = store.body(&key, 1, range.clone()).wait().await;
        let part = part.expect("a body").expect("it is there");
        let part = part.collect().await.expect("a body").to_bytes();
        let at = |at: u64| usize::try_from(at).expect("a place").min(text.len());
        assert!(part == text[at(range.start)..at(range.end)], "{range:?}");
    }
}

pub(super) async fn gives_the_rest_of_what_has_gone<S: Store>(store: &S) {
    let key = key("http://a.example/going");
    let text = long_text();
    for selector in [
        None,
        Some(Selector::Key(key.clone())),
        Some(Selector::Tag("every".into())),
        Some(Selector::Prefix("http://a.example/".into())),
        Some(Selector::All),
    ] {
        put(store, &key, variant(1, &text)).await;
        let read = store.body(&key, 1, 0..700_000).wait().await;
        let mut read = read.expect("a body").expect("it is there");
        let first = read.frame().await.expect("more").expect("a piece");
        let first = first.into_data().expect("data");
        match selector {
            Some(selector) => assert_eq!(invalidate(store, selector).await, 1),
            None => {
                let new = variant(2, "new");
                store.put(&key, new, &[1]).wait().await.expect("a put");
                store.remove(&key, &[2]).wait().await.expect("a removal");
            }
        }
        assert!(get(store, &key).await.is_empty());
        let rest = read.collect().await.expect("the rest").to_bytes();
        assert!([first, rest].concat() == text.as_bytes());
    }
}

pub(super) async fn takes_bodies_in_pieces<S: Store>(store: &S) {
    let key = key("http://a.example/pieces");
    let text = long_text();
    for (id, lengths) in [
        (1, vec![]),
        (2, vec![10]),
        (3, vec![1, 131_072, 0, 300_000, 268_927]),
    ] {
        let length = lengths.iter().sum();
        let Some(mut writer) = store.writer(&key) else {
            return;
        };
        let (mut rest, before) = (&text[..length], bodies(store, &key).await);
        for length in lengths {
            let (piece, others) = rest.split_at(length);
            writer = write(writer, piece).await.expect("a piece");
            rest = others;
            assert_eq!(bodies(store, &key).await, before, "it is not there yet");
        }
        let put_in = variant(id, &text[..length]);
        let end = writer.finish(put_in.without_body(), &[]).wait().await;
        end.expect("a put");
        let found = get(store, &key).await;
        assert_eq!(found.len() as u64, id);
        assert_eq!(found[0].as_ref(), put_in.as_ref(), "the head");
        assert_eq!(found[0].tags(), put_in.tags());
        assert!(body(store, &key, &found[0]).await == text[..length]);
    }
    let part = store.body(&key, 3, 131_000..132_000).wait().await;
    let part = part.expect("a body").expect("it is there");
    assert!(part.collect().await.expect("a body").to_bytes() == text[131_000..132_000]);
    assert_eq!(invalidate(store, Selector::Tag("tag-3".into())).await, 1);
    assert_eq!(bodies(store, &key).await.len(), 2);
}

pub(super) async fn gives_up_what_is_not_finished<S: Store>(store: &S) {
    let key = key("http://a.example/given-up");
    let Some(writer) = store.writer(&key) else {
        return;
    };
    put(store, &key, variant(1, "there")).await;
    let writer = write(writer, "given").await.expect("a piece");
    let writer = write(writer, "up").await.expect("a piece");
    drop(writer.write(Bytes::from("nobody waits")));
    assert_eq!(bodies(store, &key).await, ["there"]);
    assert_eq!(invalidate(store, Selector::Key(key.clone())).await, 1);
    assert!(get(store, &key).await.is_empty());
}

pub(super) async fn finishes_in_the_place_of_others<S: Store>(store: &S) {
    let key = key("http://a.example/");
    for (id, text) in [(1, "one"), (2, "two"), (3, "three")] {
        put(store, &key, variant(id, text)).await;
    }
    let Some(writer) = store.writer(&key) else {
        return;
    };
    let writer = write(writer, "two again").await.expect("a piece");
    // It was begun before, and is new all the same.
    assert_eq!(invalidate(store, Selector::Tag("tag-2".into())).await, 1);
    let new = variant(2, "two again").without_body();
    writer.finish(new, &[1, 99]).wait().await.expect("a put");
    assert_eq!(bodies(store, &key).await, ["two again", "three"]);
}
