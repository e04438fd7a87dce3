//! What is put into stores, and how they are asked.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};
use http_body_util::BodyExt;

use crate::policy::{self, Extent, Freshness, Vary};
use crate::store::{Hashing, Head, Key, KeyRef, Name, Selector, Store, Variant, Variants, Writer};

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
        parts: policy::parts(
            StatusCode::from_u16(299).expect("a valid status"),
            Version::HTTP_2,
            headers,
        ),
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

/// A head of a response that varies by a field, of which the request said `sesame`.
#[cfg(feature = "persistent")]
pub(crate) fn head_varying_by(name: &'static str) -> Head {
    let mut head = head("e", 4).as_ref().clone();
    head.vary.names = vec![http::HeaderName::from_static(name)];
    head.vary.rows = vec![policy::Row {
        values: vec![Some(b"sesame".as_slice().into())],
        confirmed: SystemTime::UNIX_EPOCH,
    }];
    Head::new(head)
}

#[cfg(feature = "persistent")]
pub(crate) fn varying_by(id: u64, name: &'static str) -> Variant {
    Variant::restore(id, head_varying_by(name), &[], Some(Bytes::from("body")))
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
