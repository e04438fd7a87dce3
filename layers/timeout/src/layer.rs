use std::fmt;
use std::marker::PhantomData;
use std::time::Duration;

use buttress_kernel::AnyRequest;
use http::HeaderName;
use tower_layer::Layer;

use crate::Timeout;
use crate::limits::Limits;
use crate::mode::{HeadOnly, Http, Messages, Source, Upload};

/// Limits the time of one attempt: until the response's head and, where asked for, between two
/// moves of either body.
///
/// Put it beneath retry, so that every attempt has its own, and beneath a circuit breaker, which
/// must see a timeout as an error: a cancelled attempt tells it nothing.
///
/// Where the request carries a [`Deadline`](buttress_kernel::Deadline) that comes before the
/// attempt's end, the attempt ends with it, as [`Phase::Total`](crate::Phase::Total); one timer
/// serves both. If it has passed already, the inner service is not called.
///
/// No limit is `None`. A limit of zero is a limit of zero: whatever is not there at once is late. A
/// limit beyond what the clock can say, such as [`Duration::MAX`], never runs out.
///
/// Waiting in `poll_ready` happens before there is a request, so no limit covers it.
///
/// ```
/// use std::time::Duration;
/// use buttress_timeout::TimeoutLayer;
///
/// let layer = TimeoutLayer::new(Duration::from_secs(10)).body_idle(Duration::from_secs(5));
/// assert_eq!(layer.limit(), Some(Duration::from_secs(10)));
/// assert_eq!(TimeoutLayer::default().limit(), Some(Duration::from_secs(30)));
/// ```
pub struct TimeoutLayer<M = Http> {
    limits: Limits,
    forward: Option<HeaderName>,
    mode: PhantomData<fn() -> M>,
}

impl TimeoutLayer {
    /// The limit of an attempt unless set: 30 seconds.
    pub const DEFAULT_LIMIT: Duration = Duration::from_secs(30);

    /// At most `limit` from the call to the response's head; no other limit.
    ///
    /// The clock starts when the response's future is first polled.
    #[must_use]
    pub fn new(limit: impl Into<Option<Duration>>) -> Self {
        Self::with(limit.into())
    }

    /// No limit but those that a request asks for: its override and its deadline.
    #[must_use]
    pub fn none() -> Self {
        Self::with(None)
    }
}

impl Default for TimeoutLayer {
    /// 30 seconds until the response's head.
    fn default() -> Self {
        Self::new(Self::DEFAULT_LIMIT)
    }
}

impl TimeoutLayer<HeadOnly<AnyRequest>> {
    /// The limit for a service over any request type: until it answers, whatever the answer is.
    ///
    /// Neither message is touched, so the inner service's response type stays.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// use std::{convert::Infallible, time::Duration};
    /// use buttress_timeout::TimeoutLayer;
    /// use tower::{Layer, ServiceExt, service_fn};
    ///
    /// let slow = service_fn(|name: &'static str| async move {
    ///     tokio::time::sleep(Duration::from_secs(60)).await;
    ///     Ok::<_, Infallible>(name.len())
    /// });
    /// let service = TimeoutLayer::any_request(Duration::from_secs(1)).layer(slow);
    /// assert!(service.oneshot("not HTTP").await.is_err());
    /// # }
    /// ```
    #[must_use]
    pub fn any_request(limit: impl Into<Option<Duration>>) -> Self {
        Self::with(limit.into())
    }

    /// Finds a request's extensions through `V`: for HTTP without touching the bodies
    /// ([`HttpRequest`](buttress_kernel::HttpRequest)), or for a request type that wraps one.
    #[must_use]
    pub fn seen_as<V>(self) -> TimeoutLayer<HeadOnly<V>> {
        self.into_mode()
    }
}

impl<M: Messages> TimeoutLayer<M> {
    /// At most `limit` between two frames of the response's body, or before the first one.
    ///
    /// The clock stands still while nobody polls the body. Off unless set.
    #[must_use]
    pub fn body_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.body_idle = limit.into();
        self
    }

    /// Watches the source of each request's body, where that is the kernel's
    /// [`Body`](buttress_kernel::Body) and no bytes in memory.
    ///
    /// A limit that runs out while the body was asked for more and its source had nothing to give is the
    /// caller's fault: the error's phase is [`Phase::Source`](crate::Phase::Source) and its kind
    /// [`Kind::RequestBody`](buttress_kernel::Kind::RequestBody), so that a breaker counts nothing and nobody
    /// retries. Without it a client that does not finish what it sends through a proxy makes the
    /// server look slow, to everybody. A body that the transport does not ask for is the server's
    /// doing, and nothing but the head's limit.
    #[must_use]
    pub fn watch_source(self) -> TimeoutLayer<Source> {
        self.into_mode()
    }

    /// At most `limit` in which the peer takes nothing of the request's body, while there is more.
    ///
    /// A stalled upload is noticed by the response's future, because nobody may be polling the body.
    /// The time in which the caller's own source has nothing to send does not count, and neither
    /// does the time before the transport first asks for the body. A silence of the source has a limit of its
    /// own, which is as long as that on the head; the error then tells
    /// [`Phase::Source`](crate::Phase::Source), which is no fault of the peer. Large frames are cut, so that a
    /// slow link counts as progress; see [`UploadBody`](crate::body::UploadBody).
    ///
    /// The limit on the head leaves the upload alone: it runs until the transport first asks for the
    /// body, and starts anew when the whole body was taken. So an upload may last for hours, yet
    /// neither a server that never takes it nor one that never answers it can hold the call up. A
    /// [`DeadlineLayer`](crate::DeadlineLayer) bounds it all the same. Watching ends with the
    /// response's head.
    ///
    /// What the transport has taken counts as sent, though it may still lie in a buffer (some 400 KiB
    /// in hyper, and the socket's own); the limit on the head must leave time for that.
    ///
    /// This changes the type of the request's body, `None` included, so that one stack can decide at
    /// run time.
    #[must_use]
    pub fn upload_idle(mut self, limit: impl Into<Option<Duration>>) -> TimeoutLayer<Upload> {
        self.limits.upload_idle = limit.into();
        self.into_mode()
    }

    /// Tells the next hop in a header, such as `x-request-timeout-ms`, how many milliseconds are
    /// left of the request's [`Deadline`](buttress_kernel::Deadline) when this attempt starts. A
    /// request without a deadline is left alone.
    #[must_use]
    pub fn forward_deadline_in(mut self, name: impl Into<Option<HeaderName>>) -> Self {
        self.forward = name.into();
        self
    }
}

impl<M> TimeoutLayer<M> {
    /// The limit until the response's head.
    #[must_use]
    pub const fn limit(&self) -> Option<Duration> {
        self.limits.head
    }

    /// The limit between two frames of the response's body.
    #[must_use]
    pub const fn body_idle_limit(&self) -> Option<Duration> {
        self.limits.body_idle
    }

    /// The limit between two takings from the request's body.
    #[must_use]
    pub const fn upload_idle_limit(&self) -> Option<Duration> {
        self.limits.upload_idle
    }

    fn with(head: Option<Duration>) -> Self {
        let (body_idle, upload_idle) = (None, None);
        let limits = Limits {
            head,
            body_idle,
            upload_idle,
        };
        let (forward, mode) = (None, PhantomData);
        Self {
            limits,
            forward,
            mode,
        }
    }

    fn into_mode<N>(self) -> TimeoutLayer<N> {
        let Self {
            limits, forward, ..
        } = self;
        let mode = PhantomData;
        TimeoutLayer {
            limits,
            forward,
            mode,
        }
    }
}

impl<S, M> Layer<S> for TimeoutLayer<M> {
    type Service = Timeout<S, M>;

    fn layer(&self, inner: S) -> Timeout<S, M> {
        Timeout::new(inner, self.limits, self.forward.clone())
    }
}

// By hand: a derive would ask `M`, which is only a mark, to be `Clone` and `Debug`.
impl<M> Clone for TimeoutLayer<M> {
    fn clone(&self) -> Self {
        let Self {
            limits,
            ref forward,
            mode,
        } = *self;
        let forward = forward.clone();
        Self {
            limits,
            forward,
            mode,
        }
    }
}

impl<M> fmt::Debug for TimeoutLayer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimeoutLayer")
            .field("limits", &self.limits)
            .field("forward", &self.forward)
            .finish()
    }
}
