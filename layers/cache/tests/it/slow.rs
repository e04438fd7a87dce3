//! Memory that takes long bodies in pieces, and its time.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use buttress_cache::CacheLayer;
use buttress_cache::store::{
    Answer, Head, Key, KeyRef, Memory, Selector, Store, Variant, Variants, Writer,
};
use buttress_kernel::Body;
use buttress_testkit::{FrameSender, Step, channel};
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::time::sleep;

use crate::support::*;

pub(crate) const FRAME: usize = 64 * 1024;

/// Memory that is given long bodies in pieces, and takes its time for each.
#[derive(Clone)]
pub(crate) struct Slow {
    pub(crate) memory: Memory,
    pub(crate) pause: Duration,
    /// The write that fails, counted from 1.
    pub(crate) fails: usize,
    pub(crate) seen: Arc<Seen>,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) writes: AtomicUsize,
    pub(crate) finished: AtomicUsize,
    pub(crate) given_up: AtomicUsize,
    /// The longest piece.
    pub(crate) longest: AtomicUsize,
}

struct Writing {
    store: Slow,
    key: Key,
    bytes: Vec<u8>,
    is_over: bool,
}

pub(crate) fn slow(pause: u64) -> Slow {
    Slow {
        memory: Memory::of(256 << 20),
        pause: Duration::from_millis(pause),
        fails: 0,
        seen: Arc::default(),
    }
}

impl Store for Slow {
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        self.memory.get(key)
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        self.memory.body(key, id, range)
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        self.memory.put(key, variant, replaces)
    }

    fn writer(&self, key: &Key) -> Option<Box<dyn Writer>> {
        Some(Box::new(Writing {
            store: self.clone(),
            key: key.clone(),
            bytes: Vec::new(),
            is_over: false,
        }))
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        self.memory.update(key, id, head)
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        self.memory.remove(key, ids)
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        self.memory.invalidate(selector)
    }
}

impl Writer for Writing {
    fn write(mut self: Box<Self>, bytes: Bytes) -> Answer<Box<dyn Writer>> {
        Answer::later(async move {
            if !self.store.pause.is_zero() {
                sleep(self.store.pause).await;
            }
            let seen = &self.store.seen;
            seen.longest.fetch_max(bytes.len(), Ordering::Relaxed);
            if seen.writes.fetch_add(1, Ordering::Relaxed) + 1 == self.store.fails {
                return Err("the disk is full".into());
            }
            self.bytes.extend_from_slice(&bytes);
            Ok(self as Box<dyn Writer>)
        })
    }

    fn finish(mut self: Box<Self>, variant: Variant, replaces: &[u64]) -> Answer<()> {
        self.is_over = true;
        self.store.seen.finished.fetch_add(1, Ordering::Relaxed);
        let body = Bytes::from(std::mem::take(&mut self.bytes));
        let (id, head) = (variant.id(), variant.head().clone());
        let variant = Variant::restore(id, head, variant.tags(), Some(body));
        self.store.memory.put(&self.key, variant, replaces)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if !self.is_over && !self.bytes.is_empty() {
            self.store.seen.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Bytes that are told apart wherever they are cut.
pub(crate) fn bytes(length: usize) -> Bytes {
    let letters = (0..length).map(|at| b'a' + u8::try_from(at / 7 % 26).unwrap());
    letters.collect::<Vec<_>>().into()
}

pub(crate) fn long(body: Body) -> Step {
    let step = Step::ok().header("cache-control", "max-age=60");
    step.header("etag", "\"a\"").body(body)
}

pub(crate) fn send_all(sender: &FrameSender, bytes: &Bytes) {
    for at in (0..bytes.len()).step_by(FRAME) {
        sender.data(bytes.slice(at..bytes.len().min(at + FRAME)));
    }
}

/// A body of which all is there already, in frames.
pub(crate) fn at_once(bytes: &Bytes) -> Body {
    let (sender, body) = channel();
    send_all(&sender, bytes);
    body
}

pub(crate) fn layer(store: &Slow) -> CacheLayer {
    private()
        .store(store.clone())
        .max_entry(64 << 20)
        .unwrap()
        .max_bytes(1 << 20)
        .unwrap()
}

pub(crate) async fn all_of(service: &buttress_cache::Cache<buttress_testkit::Scripted>) -> Bytes {
    let answer = head(service, get("/")).await.unwrap();
    answer.into_body().collect().await.unwrap().to_bytes()
}
