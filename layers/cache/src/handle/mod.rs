//! A look at what is stored from outside, and a hand on it.

mod change;
mod optimistic;

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use tokio::runtime;

use crate::kept::all_of;
use crate::overrides::Override;
use crate::policy::{self, Action, Aim, Arrival, Ask, Extent, Reply, Serve, Vary, Wishes, learn};
use crate::shared::Shared;
use crate::store::{Head, Key, Selector, Variant};
use crate::telemetry;

pub use self::change::{Change, Changes};
pub use self::optimistic::Optimistic;

/// Looks at what is stored from outside, and changes it.
///
/// It works on every store. One that fails, or takes too long, is as good as empty, and tells of it
/// in an event.
///
/// ```
/// use std::time::Duration;
/// use buttress_cache::CacheLayer;
/// use http::Response;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let layer = CacheLayer::private();
/// let handle = layer.handle();
/// let key = handle.uri(&"https://api.example.com/users/42".parse()?);
///
/// handle.set(&key, Response::new("Ada".into()), Duration::from_secs(60)).await;
/// assert_eq!(handle.get(&key).await.unwrap().body(), "Ada");
///
/// assert_eq!(handle.invalidate_prefix("https://api.example.com/users/").await, 1);
/// assert!(handle.get(&key).await.is_none());
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

/// Keys.
impl Handle {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }

    /// What the response to a request is stored under, credentials, partition and
    /// [`Override`] included.
    #[must_use]
    pub fn key<B>(&self, request: &Request<B>) -> Key {
        let wants = self.0.wants(request);
        let name = wants.as_ref().and_then(Override::name);
        let authorization = request.headers().get(header::AUTHORIZATION);
        let address = self.0.address(request, name, authorization);
        self.0.with_key(&address, |key| key.keep())
    }

    /// What the response to a GET of this URI is stored under, without credentials or partition.
    #[must_use]
    pub fn uri(&self, uri: &Uri) -> Key {
        let mut request = Request::new(());
        *request.uri_mut() = uri.clone();
        let address = self.0.address(&request, None, None);
        self.0.with_key(&address, |key| key.keep())
    }

    /// What a response with an [`Override::key`] is stored under, without credentials or partition.
    #[must_use]
    pub fn named(&self, name: &str) -> Key {
        self.0.named(name)
    }
}

/// Content.
impl Handle {
    /// The newest response under a key, fresh or stale, if it is whole.
    ///
    /// # Cancellation
    ///
    /// Dropped, it has changed nothing.
    pub async fn get(&self, key: &Key) -> Option<Response<Bytes>> {
        let (variant, body) = self.newest(key).await?;
        let head: &policy::Head = variant.as_ref();
        let serve = Serve {
            index: 0,
            reply: Reply::Whole,
            age: head.freshness.age(self.0.now()),
            ttl: 0,
            revalidate: false,
        };
        Some(policy::answer(head, &serve, body))
    }

    /// Stores a response, fresh for so long, in place of all that were stored under the key. It answers
    /// whoever asks for the key, whatever its `Vary` says. What is being fetched under it is not stored.
    ///
    /// Whether it was stored. One that says `no-store` is not, nor one that is longer than
    /// [`max_entry`](crate::CacheLayer::max_entry): those leave everything as it was. If the store fails,
    /// nothing is left under the key.
    ///
    /// # Cancellation
    ///
    /// Dropped while the store puts it there, it goes on in the background.
    pub async fn set(&self, key: &Key, response: Response<Bytes>, fresh_for: Duration) -> bool {
        if !self.fits(response.body()) {
            return false;
        }
        let Some(head) = self.head(key, &response, fresh_for) else {
            return false;
        };
        let shared = &self.0;
        shared.doom_key(key);
        let since = shared.outdated.moment();
        let Some(found) = shared.wait("get", shared.get(key.lend())).await else {
            shared.invalidate_key(key.clone()).end().await;
            return false;
        };
        let ids: Vec<u64> = found.iter().map(Variant::id).collect();
        let variant = Variant::new(shared.new_id(), head, None, own(response.body()));
        let (shared, key) = (Arc::clone(shared), key.clone());
        let put = async move { shared.put_now(key, variant, ids, since).await };
        see_through(put).await.unwrap_or_default()
    }

    /// Changes the newest response under a key, until it is known whether that is right: dropped, the
    /// guard puts back what was there, unless [committed](Optimistic::commit). What is being fetched
    /// under the key does not take the change back: it is not stored.
    ///
    /// `None` where nothing is stored, the changed response is longer than
    /// [`max_entry`](crate::CacheLayer::max_entry), or the store fails. If it is the change that it fails to
    /// make, nothing is left under the key.
    ///
    /// # Cancellation
    ///
    /// Dropped while the store makes the change, the change is made and taken back in the background.
    pub async fn optimistic(
        &self,
        key: &Key,
        change: impl FnOnce(Response<Bytes>) -> Response<Bytes>,
    ) -> Option<Optimistic> {
        self.0.doom_key(key);
        let since = self.0.outdated.moment();
        let (before, body) = self.newest(key).await?;
        let head: &policy::Head = before.as_ref();
        let mut response = Response::new(body.clone());
        *response.status_mut() = head.parts.status;
        *response.headers_mut() = head.parts.headers.clone();
        let (parts, changed) = change(response).into_parts();
        if !self.fits(&changed) {
            return None;
        }
        let mut head = head.clone();
        head.parts.status = parts.status;
        head.parts.headers = parts.headers;
        head.extent = Extent::whole(changed.len() as u64);
        fit(&mut head.parts.headers, changed.len());
        let id = self.0.new_id();
        let variant = before.changed(id, Head::new(head), own(&changed));
        let before = before.changed(before.id(), before.head().clone(), body);
        let guard = Optimistic::new(Arc::clone(&self.0), key.clone(), id, before);
        see_through(guard.put(variant, since)).await.flatten()
    }

    /// The newest whole response, and its body.
    async fn newest(&self, key: &Key) -> Option<(Variant, Bytes)> {
        let shared = &self.0;
        let found = shared.wait("get", shared.get(key.lend())).await?;
        // Of those of one moment the last that was put, which stands first.
        let whole = found.iter().rev();
        let whole = whole.filter(|one| head_of(one).extent.is_whole());
        let variant = whole.max_by_key(|one| head_of(one).freshness.rank())?;
        if let Some(body) = variant.body() {
            return Some((variant.clone(), body.clone()));
        }
        let end = head_of(variant).extent.end;
        let body = shared.store.body(key, variant.id(), 0..end);
        let body = shared.wait("body", body).await.flatten()?;
        Some((variant.clone(), all_of(body, end).await?))
    }

    /// Whether a body is not too long to be kept.
    fn fits(&self, body: &Bytes) -> bool {
        body.len() as u64 <= self.0.settings.max_entry
    }

    fn head(&self, key: &Key, response: &Response<Bytes>, fresh_for: Duration) -> Option<Head> {
        let (shared, now) = (&self.0, self.0.now());
        let wishes = Wishes {
            fresh_for: Some(fresh_for),
            negative_for: Some(fresh_for),
            ..Wishes::default()
        };
        let uri = key.name().parse().unwrap_or_default();
        let ask = Ask {
            method: &Method::GET,
            uri: &uri,
            headers: &HeaderMap::new(),
        };
        let arrival = Arrival::of(response, now, now);
        let policy = shared.policy(key);
        let lesson = learn::<Variant>(policy, &wishes, &ask, &[], Aim::Fetch, &arrival);
        let Action::Store { mut head, .. } = lesson.action else {
            return None;
        };
        // It is there for whoever asks for the key.
        head.vary = Vary::default();
        head.freshness.initial_age = Duration::ZERO;
        head.freshness.lifetime = fresh_for;
        head.freshness.no_cache = false;
        let fits = head.finish(response.body().len() as u64);
        fit(&mut head.parts.headers, response.body().len());
        fits.then(|| Head::new(*head))
    }
}

/// Invalidation. Each function says how many responses were forgotten; a fetch under way is not
/// stored when it ends.
///
/// What is meant is not served any more from the moment at which one of them is called. It ends when the store
/// has forgotten all of it, whatever the layer's [`store_timeout`](crate::CacheLayer::store_timeout): to search
/// a large store may take its time. Whoever has less drops it, and it is carried out all the same. If the store
/// fails, or nothing is heard of it for a minute, that is an event and 0; what it still holds is left aside
/// until it has forgotten that.
impl Handle {
    /// Forgets what is stored under a key.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits for the store, it is carried out all the same.
    pub async fn invalidate(&self, key: &Key) -> usize {
        self.select(Selector::Key(key.clone())).await
    }

    /// Forgets all whose URI, or [name](Override::key), begins like this, of every partition.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits for the store, it is carried out all the same.
    pub async fn invalidate_prefix(&self, prefix: &str) -> usize {
        self.select(Selector::Prefix(prefix.into())).await
    }

    /// Forgets all whose URI, or [name](Override::key), is like this, of every partition; `*` stands
    /// for any text.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits for the store, it is carried out all the same.
    pub async fn invalidate_pattern(&self, pattern: &str) -> usize {
        self.select(Selector::Pattern(pattern.into())).await
    }

    /// Forgets all with this [tag](Override::tag), of every partition.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits for the store, it is carried out all the same.
    pub async fn invalidate_tag(&self, tag: &str) -> usize {
        self.select(Selector::Tag(tag.into())).await
    }

    /// Forgets everything.
    ///
    /// # Cancellation
    ///
    /// Dropped while it waits for the store, it is carried out all the same.
    pub async fn clear(&self) -> usize {
        self.select(Selector::All).await
    }

    async fn select(&self, selector: Selector) -> usize {
        let shared = &self.0;
        shared.doom(&selector);
        let told = selector.clone();
        let settling = shared.settle_by_hand(&selector, move |shared, count| {
            telemetry::invalidated_by_hand(&told, count.unwrap_or_default());
            shared.announce(|| Change::Invalidated(told));
        });
        settling.end().await.unwrap_or_default()
    }

    /// Listens to changes, from now on.
    #[must_use]
    pub fn changes(&self) -> Changes {
        Changes::new(self.0.changes.subscribe())
    }
}

fn head_of(variant: &Variant) -> &policy::Head {
    variant.as_ref()
}

/// Waits for work that goes on in a task of its own where nobody waits any more; nothing if the runtime
/// has ended. What is done at once needs no runtime.
async fn see_through<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let mut work = Box::pin(work);
    if let Poll::Ready(end) = poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await {
        return Some(end);
    }
    let runtime = runtime::Handle::try_current().ok()?;
    runtime.spawn(work).await.ok()
}

/// The length that the fields announce is that of the body.
fn fit(headers: &mut HeaderMap, length: usize) {
    if headers.contains_key(header::CONTENT_LENGTH) {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// A body that shares no memory with the caller's, so that it holds no more than its bytes.
fn own(body: &Bytes) -> Bytes {
    let own = Bytes::from(body.to_vec());
    // The first clone of what was a vector makes the count of its owners.
    drop(own.clone());
    own
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.0).finish()
    }
}
