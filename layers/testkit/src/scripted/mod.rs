//! A service that follows a script and keeps a record.

mod call;
mod collecting;
pub mod future;
mod shared;
mod step;
mod watched;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use http::{Request, Response};
use http_body::SizeHint;
use tower_service::Service;

pub use self::call::Call;
pub use self::collecting::Collecting;
pub use self::step::Step;

use self::future::ResponseFuture;
use self::shared::{Readiness, Shared};

/// A service that deals with each call as its script says, and keeps a record of the calls.
///
/// Clones share script and record. The first call gets the first step, and so on; when the script
/// is over, its last step repeats. It insists on tower's readiness contract: `call` panics unless
/// `poll_ready` of that very instance returned `Ready` first. tower-test's mock, which starts with
/// unlimited readiness and has to be answered from a second task, lets such mistakes pass.
///
/// It drops a request's body when the call ends, without reading it; [`collecting`](Self::collecting)
/// makes one that reads it.
///
/// ```
/// use buttress_testkit::{Scripted, Step};
/// use tower::ServiceExt;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), buttress_kernel::BoxError> {
/// let server = Scripted::new([Step::status(503), Step::ok().body("hi")]);
///
/// for status in [503, 200, 200] {
///     let response = server.clone().oneshot(http::Request::get("/a").body(())?).await?;
///     assert_eq!(response.status(), status);
/// }
/// assert_eq!(server.calls().len(), 3);
/// assert_eq!(server.calls()[0].uri, "/a");
/// # Ok(()) }
/// ```
pub struct Scripted {
    shared: Shared,
    ready: bool,
    /// How many more times this instance is not ready, while it is being made ready.
    pending: Option<u32>,
}

impl Scripted {
    /// A service with this script.
    ///
    /// # Panics
    ///
    /// If there is no step.
    #[must_use]
    pub fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::over(Shared::new(steps.into_iter().collect()))
    }

    fn over(shared: Shared) -> Self {
        Self {
            shared,
            ready: false,
            pending: None,
        }
    }

    /// Is not ready for the first `polls` polls before each call, waking itself each time.
    #[must_use]
    pub fn not_ready(self, polls: u32) -> Self {
        self.readiness(Readiness::After(polls))
    }

    /// Is never ready, and wakes nobody.
    #[must_use]
    pub fn never_ready(self) -> Self {
        self.readiness(Readiness::Never)
    }

    /// Fails in `poll_ready` with a fresh error from `make`.
    #[must_use]
    pub fn ready_error<E: Into<BoxError>>(
        self,
        make: impl Fn() -> E + Send + Sync + 'static,
    ) -> Self {
        self.readiness(Readiness::Error(Arc::new(move || make().into())))
    }

    fn readiness(self, readiness: Readiness) -> Self {
        self.shared.lock().readiness = readiness;
        self
    }

    /// A service of the same script and record that reads each request's body to its end before
    /// it deals with the call. The script's pauses run meanwhile.
    #[must_use]
    pub fn collecting(&self) -> Collecting {
        Collecting::new(self.clone())
    }

    /// The calls so far, in the order of their beginning.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.shared.lock().calls.clone()
    }

    /// How many calls are under way: their futures have neither ended nor been dropped.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.shared.lock().in_flight
    }

    /// How many calls were dropped before their end.
    #[must_use]
    pub fn dropped(&self) -> usize {
        self.shared.lock().dropped
    }

    /// How many response bodies exist.
    #[must_use]
    pub fn open_bodies(&self) -> usize {
        self.shared.lock().open_bodies
    }

    /// How many response bodies were dropped before they were read to their end.
    #[must_use]
    pub fn unread_bodies(&self) -> usize {
        self.shared.lock().unread_bodies
    }

    /// One poll of the readiness script.
    fn poll_script(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let readiness = self.shared.lock().readiness.clone();
        match readiness {
            Readiness::Never => Poll::Pending,
            Readiness::Error(make) => Poll::Ready(Err(make())),
            Readiness::After(polls) => {
                let left = self.pending.get_or_insert(polls);
                if *left == 0 {
                    return Poll::Ready(Ok(()));
                }
                *left -= 1;
                cx.waker().wake_by_ref();
                Poll::Pending
            }
        }
    }

    fn ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        if !self.ready {
            std::task::ready!(self.poll_script(cx))?;
            self.ready = true;
        }
        Poll::Ready(Ok(()))
    }

    fn begin<B>(&mut self, request: Request<B>, hint: SizeHint) -> (B, ResponseFuture<()>) {
        assert!(
            std::mem::take(&mut self.ready),
            "call on a service that is not ready: `poll_ready` must have returned `Ready` on the \
             very instance that is called; a clone of a ready service is not ready"
        );
        self.pending = None;
        let (head, body) = request.into_parts();
        let (step, in_flight) = self.shared.begin(head, hint);
        (body, ResponseFuture::new(step, in_flight))
    }
}

impl<B: Send + 'static> Service<Request<B>> for Scripted {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = ResponseFuture<B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (body, future) = self.begin(request, SizeHint::default());
        future.holding(body)
    }
}

/// A clone is not ready, even of one that is.
impl Clone for Scripted {
    fn clone(&self) -> Self {
        Self::over(self.shared.clone())
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted")
            .field("ready", &self.ready)
            .field("calls", &self.calls().len())
            .finish_non_exhaustive()
    }
}
