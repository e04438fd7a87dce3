//! How far a transfer has come, as a stream of counts.
//!
//! A [`Meter`] goes to the request ([`RequestBuilder::progress`](crate::RequestBuilder::progress)), the
//! response ([`Response::progress`](crate::Response::progress)) or a download; the [`Counts`] that came with it
//! are read elsewhere, by a task that draws a bar for instance. A reader that is slow misses counts, never
//! the last one, and holds nothing up. The stream ends with the transfer, however that ends.
//!
//! ```
//! use buttress::{Client, progress};
//! use futures_util::StreamExt;
//! # use buttress_testkit::{Scripted, Step};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::ok().body("0123456789")]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! let (meter, mut counts) = progress::meter();
//! let bar = tokio::spawn(async move {
//!     while let Some(count) = counts.next().await {
//!         println!("{} of {:?} bytes", count.done(), count.total());
//!     }
//! });
//! let bytes = client.get("/file").send().await?.progress(meter).bytes().await?;
//! assert_eq!(bytes.len(), 10);
//! bar.await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use buttress_kernel::Body;
use futures_core::Stream;
use http::Request;

mod counted;

pub(crate) use self::counted::Counted;

/// A meter, and the counts that it makes.
#[must_use]
pub fn meter() -> (Meter, Counts) {
    let state = Arc::new(Mutex::new(State::default()));
    let meter = Meter(Arc::new(Writer(Arc::clone(&state))));
    (meter, Counts { state, seen: 0 })
}

/// So many bytes of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    done: u64,
    total: Option<u64>,
}

impl Progress {
    /// The bytes that have gone or come, since this attempt began.
    #[must_use]
    pub const fn done(self) -> u64 {
        self.done
    }

    /// The bytes there are in all, where that is known.
    #[must_use]
    pub const fn total(self) -> Option<u64> {
        self.total
    }
}

/// Counts a transfer. Clones count for the same [`Counts`], which end when all of them are gone.
#[derive(Clone)]
pub struct Meter(Arc<Writer>);

/// What a meter counted, the newest alone. A stream that ends when nobody can count any more.
pub struct Counts {
    state: Arc<Mutex<State>>,
    seen: u64,
}

#[derive(Default)]
struct State {
    progress: Progress,
    version: u64,
    is_over: bool,
    reader: Option<Waker>,
}

struct Writer(Arc<Mutex<State>>);

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Meter {
    pub(crate) fn begin(&self, done: u64, total: Option<u64>) {
        self.change(|progress| *progress = Progress { done, total });
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.change(|progress| progress.done = progress.done.saturating_add(bytes));
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        let mut state = lock(&self.0.0);
        change(&mut state.progress);
        state.version += 1;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.is_over = true;
        let reader = state.reader.take();
        drop(state);
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}

impl Counts {
    /// How far it is now.
    #[must_use]
    pub fn latest(&self) -> Progress {
        lock(&self.state).progress
    }
}

impl Stream for Counts {
    type Item = Progress;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Progress>> {
        let mut state = lock(&self.state);
        if state.version != self.seen {
            let (version, progress) = (state.version, state.progress);
            drop(state);
            self.seen = version;
            return Poll::Ready(Some(progress));
        }
        if state.is_over {
            return Poll::Ready(None);
        }
        state.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl fmt::Debug for Meter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Meter")
            .field(&lock(&self.0.0).progress)
            .finish()
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counts").field(&self.latest()).finish()
    }
}

/// The meter of a request's body, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct Upload(Meter);

impl Upload {
    pub(crate) const fn new(meter: Meter) -> Self {
        Self(meter)
    }
}

/// Counts the body of a request that has a meter, from nothing on.
pub(crate) fn count_upload(mut request: Request<Body>) -> Request<Body> {
    match request.extensions_mut().remove::<Upload>() {
        None => request,
        Some(Upload(meter)) => request.map(|body| Body::stream(Counted::new(body, meter))),
    }
}
