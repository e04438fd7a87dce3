//! One call, again and again, as a stream of what it brings.
//!
//! ```
//! use std::time::Duration;
//! use buttress::{Client, Endpoint, NoContent};
//! use futures_util::StreamExt;
//! # use buttress_testkit::{Scripted, Step};
//! # use http::Method;
//! # struct JobState { id: u64 }
//! # impl Endpoint for JobState {
//! #     const METHOD: Method = Method::GET;
//! #     const PATH: &'static str = "/jobs/{id}/state";
//! #     type Ok = String;
//! #     type Err = NoContent;
//! #     fn path(&self) -> impl serde::Serialize { [("id", self.id)] }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let server = Scripted::new([Step::ok().body("\"queued\""), Step::ok().body("\"done\"")]);
//! # let client = Client::builder().base_uri("http://h").build_over(server)?;
//! let mut states = client
//!     .poll(JobState { id: 7 })
//!     .every(Duration::from_secs(2))
//!     .until(|state| state.as_ref().is_ok_and(|state| state.body() == "done"));
//!
//! while let Some(state) = states.next().await {
//!     println!("{}", state?.body());
//! }
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use futures_core::future::BoxFuture;
use http::HeaderValue;
use http::header::ETAG;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::{Client, Endpoint, Error, Response};

mod rhythm;

use self::rhythm::{Ended, Rhythm};

type End<T> = Result<Response<T>, Error>;
type Ask<T> = Box<dyn FnMut() -> BoxFuture<'static, End<T>> + Send>;

/// What a call brings, each time it is made; made by [`Client::poll`].
///
/// The first call is made at once. After that:
///
/// - A call begins on a beat of the interval, counted from the first; beats that pass while a call is under
///   way are left out, so that a slow server is never asked twice at a time nor in a burst. A call that its
///   reader comes late for begins when it is polled, and between the beginnings of two lies half an interval
///   at least.
/// - After a failure the pause doubles with each further one, up to a cap, and is never shorter than
///   what the server asked for. Failures are items of the stream like anything else, and do not end
///   it.
/// - The stream ends after the item that [`until`](Self::until) names; without that it never does.
///
/// Each call goes through the whole client. Over a cache, an answer that is still fresh costs nothing,
/// and one that is not is asked for with its `ETag`, so that an unchanged one is not sent again;
/// [`changes`](Self::changes) leaves it out of the stream, too.
///
/// # Cancellation
///
/// Dropping it cancels the call that is under way, and no other is made. Nothing is asked while nobody polls.
#[must_use = "nothing is sent before it is polled"]
pub struct Polling<T> {
    ask: Ask<T>,
    rhythm: Rhythm,
    until: Option<Until<T>>,
    changes: bool,
    last: Option<HeaderValue>,
    state: State<T>,
}

type Until<T> = Box<dyn FnMut(&End<T>) -> bool + Send>;

enum State<T> {
    /// It has not been polled yet.
    Idle,
    /// A call is under way. ⇒ Waiting, or ⇒ Ended
    Asking(BoxFuture<'static, End<T>>),
    /// The next call has its time. ⇒ Asking
    Waiting(Pin<Box<Sleep>>),
    /// The last item has been given.
    Ended,
}

impl Client {
    /// Calls an endpoint again and again.
    pub fn poll<E>(&self, endpoint: E) -> Polling<E::Ok>
    where
        E: Endpoint + Send + 'static,
        E::Ok: Send,
    {
        let client = self.clone();
        Polling::new(move || Box::pin(client.endpoint(&endpoint).send()))
    }
}

impl<T> Polling<T> {
    /// Makes the calls that a closure begins.
    ///
    /// ```
    /// use buttress::polling::Polling;
    ///
    /// # fn run(client: buttress::Client) {
    /// let numbers = Polling::new(move || {
    ///     let request = client.get("/numbers").header("x-kind", "even");
    ///     Box::pin(async move { request.send().await?.decode::<Vec<u64>>().await })
    /// });
    /// # drop(numbers);
    /// # }
    /// ```
    pub fn new(ask: impl FnMut() -> BoxFuture<'static, End<T>> + Send + 'static) -> Self {
        Self {
            ask: Box::new(ask),
            rhythm: Rhythm::new(),
            until: None,
            changes: false,
            last: None,
            state: State::Idle,
        }
    }

    /// The time from one beat to the next, and so from the beginning of one call to that of the next but for
    /// [jitter](Self::jitter) and late readers: 5 s unless set, and never below a millisecond.
    pub fn every(mut self, interval: Duration) -> Self {
        self.rhythm.every(interval);
        self
    }

    /// Puts each call off by up to this share of the interval, at random, so that many clients do not ask
    /// at once: 0.1 unless set; from 0 to 1.
    pub fn jitter(mut self, share: f64) -> Self {
        self.rhythm.jitter(share);
        self
    }

    /// The same jitter in each run, for tests.
    pub fn seed(mut self, seed: u64) -> Self {
        self.rhythm.seed(seed);
        self
    }

    /// The longest pause after failures: ten intervals unless set. A server's own wish may be longer.
    pub fn max_backoff(mut self, pause: Duration) -> Self {
        self.rhythm.max_backoff(pause);
        self
    }

    /// Ends after the first item of which this is true. It is asked about what
    /// [`changes`](Self::changes) leaves out, too, and what it is true of is not left out.
    pub fn until(mut self, is_last: impl FnMut(&End<T>) -> bool + Send + 'static) -> Self {
        self.until = Some(Box::new(is_last));
        self
    }

    /// Leaves answers out whose `ETag` is that of the answer before. One without is always a change.
    pub fn changes(mut self) -> Self {
        self.changes = true;
        self
    }

    /// Whether the answer is the last one, once more.
    fn is_known(&mut self, end: &End<T>) -> bool {
        let Ok(response) = end else { return false };
        let tag = response.headers().get(ETAG).cloned();
        let is_known = tag.is_some() && tag == self.last;
        self.last = tag;
        is_known && self.changes
    }

    /// The item that a call's end becomes, if it becomes one; and what happens after it.
    fn end(&mut self, end: End<T>) -> Option<End<T>> {
        let is_last = self.until.as_mut().is_some_and(|is_last| is_last(&end));
        let is_known = self.is_known(&end);
        self.state = if is_last {
            State::Ended
        } else {
            let now = Instant::now();
            let ended = match &end {
                Ok(_) => Ended::Well,
                Err(error) => Ended::Failed(error.retry_at().map(Instant::from_std)),
            };
            let next = self.rhythm.next(now, ended);
            State::Waiting(Box::pin(sleep_until(next)))
        };
        (is_last || !is_known).then_some(end)
    }
}

impl<T> Stream for Polling<T> {
    type Item = End<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<End<T>>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Ended => return Poll::Ready(None),
                State::Idle => {}
                State::Waiting(pause) => ready!(pause.as_mut().poll(cx)),
                State::Asking(call) => {
                    let end = ready!(call.as_mut().poll(cx));
                    if let Some(item) = this.end(end) {
                        return Poll::Ready(Some(item));
                    }
                    continue;
                }
            }
            this.rhythm.begin(Instant::now());
            this.state = State::Asking((this.ask)());
        }
    }
}

impl<T> fmt::Debug for Polling<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Polling")
            .field("rhythm", &self.rhythm)
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}
