use std::time::Duration;

use http::HeaderName;
use tower_layer::Layer;

use super::WithDeadline;

/// Limits the time of a whole call: queueing, every attempt, every pause between them, and the
/// response's body to its last frame.
///
/// Put it outermost. It says the end as a [`Deadline`](buttress_kernel::Deadline) in the request's
/// extensions, where layers further in find it and give up at once when a wait cannot fit. A deadline
/// that is there already holds if it is the earlier one. When it has passed before the call, the inner
/// service is not called; so a total of zero refuses everything.
///
/// The consumer's own time with the body counts, unlike in
/// [`TimeoutLayer::body_idle`](crate::TimeoutLayer::body_idle). The last frame must be taken before the
/// end. Waiting in `poll_ready` happens before there is a request, so no limit covers it.
///
/// ```
/// use std::time::Duration;
/// use buttress_timeout::{DeadlineLayer, TimeoutLayer};
/// use tower::ServiceBuilder;
/// # use http::{Request, Response};
/// # use tower::service_fn;
/// # let transport = service_fn(|_: Request<()>| async { Ok::<_, std::io::Error>(Response::new(String::new())) });
///
/// let service = ServiceBuilder::new()
///     .layer(DeadlineLayer::new(Duration::from_secs(60)))
///     // a layer that retries would stand here
///     .layer(TimeoutLayer::new(Duration::from_secs(10)))
///     .service(transport);
/// # fn check<S: tower::Service<Request<()>>>(_: S) {}
/// # check(service);
/// ```
#[derive(Clone, Debug, Default)]
pub struct DeadlineLayer {
    total: Option<Duration>,
    forward: Option<HeaderName>,
}

impl DeadlineLayer {
    /// At most `total` for a call. `None` is no limit; zero is a limit of zero; what is beyond the
    /// clock, such as [`Duration::MAX`], never runs out.
    #[must_use]
    pub fn new(total: impl Into<Option<Duration>>) -> Self {
        let (total, forward) = (total.into(), None);
        Self { total, forward }
    }

    /// No total of its own: a request's deadline and [`TotalOverride`] hold.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Tells the next hop in a header, such as `x-request-timeout-ms`, how many milliseconds are
    /// left when the call starts: whole ones, rounded down, at least 1. Where there is no deadline the
    /// header is left as it is.
    ///
    /// Above a layer that retries, this says the same for every attempt;
    /// [`TimeoutLayer::forward_deadline_in`](crate::TimeoutLayer::forward_deadline_in), beneath it, says
    /// what is left for each.
    #[must_use]
    pub fn forward_in(mut self, name: impl Into<Option<HeaderName>>) -> Self {
        self.forward = name.into();
        self
    }

    /// The limit of a call.
    #[must_use]
    pub const fn total(&self) -> Option<Duration> {
        self.total
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = WithDeadline<S>;

    fn layer(&self, inner: S) -> WithDeadline<S> {
        WithDeadline::new(inner, self.total, self.forward.clone())
    }
}

/// Another total for one request; put it into the request's extensions.
///
/// It takes the place of the layer's own total. A deadline that the request carries holds all the
/// same. It concerns [`DeadlineLayer`] alone.
///
/// A request that [nobody waits for](buttress_kernel::Background) has the longer of the two.
///
/// ```
/// use std::time::Duration;
/// use buttress_timeout::TotalOverride;
///
/// let mut request = http::Request::get("https://example.com/report").body(())?;
/// request.extensions_mut().insert(TotalOverride::new(Duration::from_secs(300)));
/// # Ok::<_, http::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TotalOverride(Option<Duration>);

impl TotalOverride {
    /// At most `total` for this request; `None` is no limit.
    #[must_use]
    pub fn new(total: impl Into<Option<Duration>>) -> Self {
        Self(total.into())
    }

    pub(super) const fn get(self) -> Option<Duration> {
        self.0
    }
}
