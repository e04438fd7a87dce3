use std::fmt;
use std::sync::Arc;

use buttress_kernel::Body;
use bytes::Bytes;
use http::{HeaderName, Method, Request, Response};
use tower_layer::Layer;

use crate::cause::Failed;
use crate::rule::Rule;
use crate::service::FallbackService;
use crate::substitute::{FromFn, Other, Value};

/// Answers from a substitute when a call has failed.
///
/// | setting | default |
/// | --- | --- |
/// | [`methods`](Self::methods) | GET, HEAD, OPTIONS |
/// | [`when`](Self::when) | statuses from 500; errors that are not the caller's |
/// | [`header`](Self::header) | none |
///
/// ```
/// use buttress_fallback::FallbackLayer;
/// use buttress_kernel::Body;
/// use http::Response;
///
/// let layer = FallbackLayer::from_fn(|request, failed| {
///     let is_list = request.uri().path().ends_with("/flags");
///     is_list.then(|| Response::new(Body::from(format!("{{\"instead_of\":\"{failed}\"}}"))))
/// });
/// # let _ = layer;
/// ```
pub struct FallbackLayer<T = Value> {
    settings: Arc<Settings<T>>,
}

/// What a layer was told.
#[derive(Clone, Debug)]
pub(crate) struct Settings<T> {
    pub(crate) substitute: T,
    pub(crate) rule: Rule,
    pub(crate) header: Option<HeaderName>,
}

impl FallbackLayer {
    /// Answers with this response each time.
    #[must_use]
    pub fn value(response: Response<Bytes>) -> Self {
        Self::new(Value::new(response))
    }
}

impl<F> FallbackLayer<FromFn<F>>
where
    F: Fn(&Request<()>, Failed<'_>) -> Option<Response<Body>>,
{
    /// Answers with what a closure makes of the request (without its body) and the failure; where it is `None`,
    /// the failure stands. Each request's head is kept for it.
    #[must_use]
    pub fn from_fn(make: F) -> Self {
        Self::new(FromFn(make))
    }
}

impl<T> FallbackLayer<Other<T>> {
    /// Answers with what another service says to the same request. A request whose body cannot be
    /// sent twice has no substitute, and where the other service fails as well, the original failure
    /// stands.
    #[must_use]
    pub fn service(other: T) -> Self {
        Self::new(Other(other))
    }
}

impl<T> FallbackLayer<T> {
    /// Answers from a [`Substitute`](crate::substitute::Substitute).
    #[must_use]
    pub fn new(substitute: T) -> Self {
        let settings = Settings {
            substitute,
            rule: Rule::new(),
            header: None,
        };
        Self {
            settings: Arc::new(settings),
        }
    }

    fn change(self, change: impl FnOnce(&mut Settings<T>)) -> Self
    where
        T: Clone,
    {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        change(&mut settings);
        Self {
            settings: Arc::new(settings),
        }
    }
}

impl<T: Clone> FallbackLayer<T> {
    /// The methods that fall back. Add one that is not safe only where it does no harm to believe
    /// that it was carried out when it was not, and the reverse.
    #[must_use]
    pub fn methods(self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.change(|settings| settings.rule.methods = methods.into_iter().collect())
    }

    /// The failures that fall back, in place of the usual ones. Asked about errors, and responses of
    /// status 400 and above; no other response is a failure.
    ///
    /// ```
    /// use buttress_fallback::FallbackLayer;
    ///
    /// let also_when_throttled = FallbackLayer::value(http::Response::new("[]".into()))
    ///     .when(|failed| failed.status().is_none_or(|status| status == 429 || status.is_server_error()));
    /// # let _ = also_when_throttled;
    /// ```
    #[must_use]
    pub fn when(self, names: impl Fn(Failed<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.change(|settings| settings.rule.when = Some(Arc::new(names)))
    }

    /// Marks substitutes with this header, whose value is the status or the kind of error that they
    /// stand for: for those behind a gateway, who see no extensions.
    #[must_use]
    pub fn header(self, name: HeaderName) -> Self {
        self.change(|settings| settings.header = Some(name))
    }
}

// Not derived: the substitute is shared, not cloned.
impl<T> Clone for FallbackLayer<T> {
    fn clone(&self) -> Self {
        let settings = Arc::clone(&self.settings);
        Self { settings }
    }
}

impl<S, T> Layer<S> for FallbackLayer<T> {
    type Service = FallbackService<S, T>;

    fn layer(&self, inner: S) -> Self::Service {
        FallbackService::new(inner, Arc::clone(&self.settings))
    }
}

impl<T: fmt::Debug> fmt::Debug for FallbackLayer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FallbackLayer")
            .field("substitute", &self.settings.substitute)
            .field("rule", &self.settings.rule)
            .field("header", &self.settings.header)
            .finish()
    }
}
