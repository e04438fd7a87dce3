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
/// | [`shared_keys`](Self::shared_keys), of another service | no |
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
    /// Answers with what another service says to the same request. Where the other service fails as well, the
    /// original failure stands.
    ///
    /// Not every request may go out a second time. One whose body cannot be sent twice has no substitute.
    /// One whose method is not idempotent ([RFC 9110 §9.2.2](https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2)),
    /// once [`methods`](Self::methods) or an [`Override`](crate::Override) let it fall back at all, has
    /// one only if it provably did not reach the first service, or by [`shared_keys`](Self::shared_keys): the
    /// first may have carried it out before it failed, and the second would do so again.
    #[must_use]
    pub fn service(other: T) -> Self {
        Self::new(Other::new(other))
    }
}

impl<T: Clone> FallbackLayer<Other<T>> {
    /// Says that both services know each other's idempotency keys, as two doors to one database do. A
    /// request with an `Idempotency-Key` may then go to the other one whatever its method and whatever has
    /// become of it. The key must be there before this layer: a layer that adds keys stands outside.
    ///
    /// ```
    /// use buttress_fallback::FallbackLayer;
    /// use http::Method;
    ///
    /// # fn layer<T: Clone>(other_region: T) {
    /// let layer = FallbackLayer::service(other_region)
    ///     .methods([Method::GET, Method::POST])
    ///     .shared_keys(true);
    /// # let _ = layer;
    /// # }
    /// ```
    #[must_use]
    pub fn shared_keys(self, shared: bool) -> Self {
        self.change(|settings| settings.substitute.shares_keys(shared))
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
