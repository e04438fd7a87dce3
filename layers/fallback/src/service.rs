use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Background, BoxError, Explain};
use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use crate::body::ResponseBody;
use crate::future::{Plan, ResponseFuture};
use crate::layer::Settings;
use crate::overrides::Override;
use crate::substitute::Substitute;

/// Answers from a substitute when the inner service has failed; see
/// [`FallbackLayer`](crate::FallbackLayer).
///
/// Readiness is the inner service's; where making ready fails, there is no request yet to find a
/// substitute for.
pub struct FallbackService<S, T> {
    inner: S,
    settings: Arc<Settings<T>>,
}

impl<S, T> FallbackService<S, T> {
    pub(crate) const fn new(inner: S, settings: Arc<Settings<T>>) -> Self {
        Self { inner, settings }
    }
}

// Not derived: the substitute is shared, not cloned.
impl<S: Clone, T> Clone for FallbackService<S, T> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), Arc::clone(&self.settings))
    }
}

impl<S, T, B, R> Service<Request<B>> for FallbackService<S, T>
where
    S: Service<Request<B>, Response = Response<R>>,
    S::Error: Into<BoxError>,
    T: Substitute<B>,
    R: http_body::Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = ResponseFuture<S::Future, T, B, R>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let plan = plan(&self.settings, &mut request);
        ResponseFuture::new(self.inner.call(request), plan)
    }
}

/// What would be done about a failure of this request.
fn plan<T: Substitute<B>, B>(
    settings: &Arc<Settings<T>>,
    request: &mut Request<B>,
) -> Option<Plan<T, T::Kept>> {
    let change = Background::wish::<Override>(request.extensions());
    if !settings.rule.covers(request.method(), change) {
        return None;
    }
    let own = change.and_then(Override::own_value).cloned();
    let explain = Explain::of(request.extensions()).cloned();
    let kept = match own {
        Some(own) => Err(Box::new(own)),
        None => Ok(settings.substitute.keep(request)?),
    };
    Some(Plan {
        settings: Arc::clone(settings),
        kept,
        explain,
    })
}

impl<S: fmt::Debug, T> fmt::Debug for FallbackService<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackService")
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}
