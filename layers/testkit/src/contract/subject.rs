use std::fmt;
use std::sync::Arc;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Request, Response};
use tower::ServiceExt;
use tower::limit::ConcurrencyLimit;
use tower::util::BoxCloneService;
use tower_layer::Layer;
use tower_service::Service;

use crate::Collecting;

/// The service that layers are put around: scripted, behind a limit on the calls in flight.
///
/// The limit makes readiness worth something: who is ready holds a permit, and who forgets it
/// blocks everybody else.
pub type Inner = ConcurrencyLimit<Collecting>;

/// A layer's service without its type.
pub type Tested = BoxCloneService<Request<Body>, Response<Body>, BoxError>;

/// A layer without its type.
pub type LayerFn = Box<dyn Fn(Inner) -> Tested>;

/// Makes the layers that a check looks at.
///
/// # Example
///
/// ```
/// use buttress_testkit::contract::{self, Subject};
/// use tower::layer::util::Identity;
///
/// let subject = Subject::of(|| Identity::new());
/// contract::run(contract::errors_keep_their_source(&subject));
/// ```
#[derive(Clone)]
pub struct Subject(Arc<dyn Fn() -> LayerFn>);

impl Subject {
    /// The layers that `make` makes, each with state of its own.
    ///
    /// The layer's service takes a request with the kernel's [`Body`] and answers with any body of
    /// bytes. A layer over a body type of its own fits behind a `map_request`.
    pub fn of<L, B>(make: impl Fn() -> L + 'static) -> Self
    where
        L: Layer<Inner> + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self(Arc::new(move || {
            let layer = make();
            Box::new(move |inner| erase(layer.layer(inner)))
        }))
    }

    /// A new layer.
    #[must_use]
    pub fn layer(&self) -> LayerFn {
        (self.0)()
    }
}

/// Hides a service's type; polls, calls and clones reach it one to one.
pub(super) fn erase<S, B>(service: S) -> Tested
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneService::new(
        service
            .map_err(Into::into)
            .map_response(|response: Response<B>| response.map(Body::stream)),
    )
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}
