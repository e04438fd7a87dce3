//! What every store must do. A store's own tests call [`run`] with a way to make an empty one.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use http_body_util::BodyExt;

use super::{
    Credentials, Hashing, Head, Key, KeyRef, Name, Selector, Store, Variant, Variants, Writer,
};
use crate::policy::{self, Extent, Freshness, Vary};

/// All checks, each on a store of its own.
pub(crate) async fn run<S: Store>(make: impl AsyncFn() -> S) {
    gives_back_what_was_put(&make().await).await;
    keeps_several_responses_under_a_key(&make().await).await;
    replaces_what_it_is_told_to(&make().await).await;
    updates_a_head_and_leaves_the_body(&make().await).await;
    removes_by_number(&make().await).await;
    tells_keys_apart(&make().await).await;
    keeps_empty_bodies(&make().await).await;
    gives_long_bodies_and_their_parts(&make().await).await;
    gives_parts_of_bodies(&make().await).await;
    takes_bodies_in_pieces(&make().await).await;
    gives_up_what_is_not_finished(&make().await).await;
    finishes_in_the_place_of_others(&make().await).await;
    invalidates_by_key(&make().await).await;
    invalidates_by_prefix(&make().await).await;
    invalidates_by_pattern(&make().await).await;
    invalidates_by_tag(&make().await).await;
    clears(&make().await).await;
    forgets_what_is_on_its_way_in(&make).await;
    loses_none_of_many_puts(make().await).await;
}

async fn gives_back_what_was_put<S: Store>(store: &S) {
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

async fn keeps_several_responses_under_a_key<S: Store>(store: &S) {
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

async fn replaces_what_it_is_told_to<S: Store>(store: &S) {
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

async fn updates_a_head_and_leaves_the_body<S: Store>(store: &S) {
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
        .update(&self::key("http://b.example/"), 1, head)
        .wait()
        .await
        .expect("no such key");
    assert_eq!(bodies(store, &key).await.len(), 2);
}

async fn removes_by_number<S: Store>(store: &S) {
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

async fn tells_keys_apart<S: Store>(store: &S) {
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

async fn keeps_empty_bodies<S: Store>(store: &S) {
    let key = key("http://a.example/empty");
    put(store, &key, variant(1, "")).await;
    assert_eq!(bodies(store, &key).await, [""]);
}

async fn gives_parts_of_bodies<S: Store>(store: &S) {
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
    for (key, id) in [(key.clone(), 2), (self::key("http://b.example/"), 1)] {
        let found = store.body(&key, id, 0..1).wait().await.expect("an answer");
        assert!(found.is_none(), "there is no such response");
    }
}

async fn gives_long_bodies_and_their_parts<S: Store>(store: &S) {
    let key = key("http://a.example/long");
    let bytes = (0..700_000_u32).map(|at| b'a' + u8::try_from(at * 7 % 26).unwrap_or_default());
    let text = String::from_utf8(bytes.collect()).expect("letters");
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

async fn takes_bodies_in_pieces<S: Store>(store: &S) {
    let key = key("http://a.example/pieces");
    let bytes = (0..700_000_u32).map(|at| b'a' + u8::try_from(at * 7 % 26).unwrap_or_default());
    let text = String::from_utf8(bytes.collect()).expect("letters");
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

async fn gives_up_what_is_not_finished<S: Store>(store: &S) {
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

async fn finishes_in_the_place_of_others<S: Store>(store: &S) {
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

async fn invalidates_by_key<S: Store>(store: &S) {
    let [one, two, ..] = three_keys(store).await;
    assert_eq!(invalidate(store, Selector::Key(one.clone())).await, 2);
    assert!(get(store, &one).await.is_empty());
    assert_eq!(get(store, &two).await.len(), 1);
    assert_eq!(invalidate(store, Selector::Key(one)).await, 0);
}

async fn invalidates_by_prefix<S: Store>(store: &S) {
    let [one, two, three] = three_keys(store).await;
    let prefix = Selector::Prefix("http://a.example/users".into());
    assert_eq!(invalidate(store, prefix).await, 3);
    assert!(get(store, &one).await.is_empty() && get(store, &two).await.is_empty());
    assert_eq!(get(store, &three).await.len(), 1);
}

async fn invalidates_by_pattern<S: Store>(store: &S) {
    let [one, two, three] = three_keys(store).await;
    let pattern = Selector::Pattern("http://*.example/users/2*".into());
    assert_eq!(invalidate(store, pattern).await, 1);
    assert_eq!(get(store, &one).await.len(), 2);
    assert!(get(store, &two).await.is_empty());
    assert_eq!(get(store, &three).await.len(), 1);
}

async fn invalidates_by_tag<S: Store>(store: &S) {
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

async fn clears<S: Store>(store: &S) {
    let keys = three_keys(store).await;
    assert_eq!(invalidate(store, Selector::All).await, 4);
    for key in &keys {
        assert!(get(store, key).await.is_empty());
    }
}

/// When an invalidation has answered, nothing comes back that was put before it was asked, however far that
/// had come.
async fn forgets_what_is_on_its_way_in<S: Store>(make: &impl AsyncFn() -> S) {
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

async fn loses_none_of_many_puts<S: Store>(store: S) {
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

pub(crate) fn key(name: &str) -> Key {
    KeyRef::new(&Hashing::of_keys(), Name::Given(name), "", None).keep()
}

pub(crate) fn variant(id: u64, body: &str) -> Variant {
    let tags = [format!("tag-{id}").into(), "every".into()];
    let head = head(&format!("\"{id}\""), body.len() as u64);
    Variant::new(
        id,
        head,
        Some(Arc::new(tags)),
        Bytes::copy_from_slice(body.as_bytes()),
    )
}

pub(crate) fn head(etag: &str, length: u64) -> Head {
    let mut headers = HeaderMap::new();
    headers.insert("etag", HeaderValue::from_str(etag).expect("a valid value"));
    headers.append("set-cookie", HeaderValue::from_static("a=b"));
    headers.append(
        "set-cookie",
        HeaderValue::from_bytes(b"\xe4=1").expect("a valid value"),
    );
    headers.insert("x-empty", HeaderValue::from_static(""));
    Head::new(policy::Head {
        status: StatusCode::from_u16(299).expect("a valid status"),
        version: Version::HTTP_2,
        headers,
        vary: Vary::default(),
        freshness: Freshness {
            received: SystemTime::UNIX_EPOCH + Duration::new(1_700_000_000, 123),
            date: SystemTime::UNIX_EPOCH + Duration::from_secs(1_699_999_999),
            initial_age: Duration::from_secs(3),
            lifetime: Duration::from_secs(60),
            no_cache: true,
            must_revalidate: false,
            immutable: true,
            while_revalidate: Duration::from_secs(5),
            if_error: Some(Duration::from_secs(7)),
            wished: None,
        },
        extent: Extent::whole(length),
    })
}

pub(crate) async fn get<S: Store>(store: &S, key: &Key) -> Variants {
    store.get(key.lend()).wait().await.expect("an answer")
}

pub(crate) async fn put<S: Store>(store: &S, key: &Key, variant: Variant) {
    store.put(key, variant, &[]).wait().await.expect("a put");
}

/// Writes a piece of a body.
pub(crate) async fn write(
    writer: Box<dyn Writer>,
    piece: &str,
) -> Result<Box<dyn Writer>, buttress_kernel::BoxError> {
    let piece = Bytes::copy_from_slice(piece.as_bytes());
    writer.write(piece).wait().await
}

pub(crate) async fn invalidate<S: Store>(store: &S, selector: Selector) -> usize {
    store
        .invalidate(&selector)
        .wait()
        .await
        .expect("an invalidation")
}

pub(crate) async fn bodies<S: Store>(store: &S, key: &Key) -> Vec<String> {
    let mut bodies = Vec::new();
    for variant in get(store, key).await.iter() {
        bodies.push(body(store, key, variant).await);
    }
    bodies
}

pub(crate) async fn body<S: Store>(store: &S, key: &Key, variant: &Variant) -> String {
    let bytes = match variant.body() {
        Some(body) => body.clone(),
        None => {
            let length = variant.as_ref().extent.end;
            let body = store.body(key, variant.id(), 0..length).wait().await;
            let body = body.expect("a body").expect("it is there");
            body.collect().await.expect("a body").to_bytes()
        }
    };
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// An empty folder, which goes with this.
#[cfg(feature = "disk")]
#[derive(Debug)]
pub(crate) struct Folder(pub(crate) std::path::PathBuf);

#[cfg(feature = "disk")]
impl Folder {
    pub(crate) fn new() -> Self {
        use std::sync::atomic::{AtomicU32, Ordering};
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let name = format!("buttress-cache-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            match std::fs::create_dir(&path) {
                // A process of the same number was killed.
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                made => {
                    made.expect("a folder of its own");
                    return Self(path);
                }
            }
        }
    }
}

#[cfg(feature = "disk")]
impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
