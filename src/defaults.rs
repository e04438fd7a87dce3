//! Headers that every request of a client carries, unless it brings its own.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::BaseUri;

/// Sets headers on requests that lack them.
///
/// A request's own header of the same name wins. Credentials go to the base URI's origin alone, so
/// that an absolute URI in one request does not carry them elsewhere; those are `Authorization`,
/// `Cookie`, `Proxy-Authorization`, `X-Api-Key` and every value that
/// [is sensitive](HeaderValue::is_sensitive).
///
/// ```
/// use buttress::defaults::DefaultHeadersLayer;
/// use http::{HeaderName, HeaderValue, Method, header};
///
/// let layer = DefaultHeadersLayer::new()
///     .header(header::ACCEPT, HeaderValue::from_static("application/json"))
///     .header_when(
///         HeaderName::from_static("x-api-version"),
///         HeaderValue::from_static("2"),
///         |method, uri| method == Method::GET && uri.path().starts_with("/v2"),
///     );
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default)]
pub struct DefaultHeadersLayer(Arc<Settings>);

#[derive(Clone, Debug, Default)]
struct Settings {
    headers: Vec<DefaultHeader>,
    home: Option<BaseUri>,
}

type Condition = Arc<dyn Fn(&Method, &Uri) -> bool + Send + Sync>;

#[derive(Clone)]
struct DefaultHeader {
    name: HeaderName,
    value: HeaderValue,
    when: Option<Condition>,
}

impl DefaultHeadersLayer {
    /// No headers yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header for every request.
    #[must_use]
    pub fn header(self, name: HeaderName, value: HeaderValue) -> Self {
        self.push(name, value, None)
    }

    /// Adds a header for the requests that `condition` picks by method and URI.
    #[must_use]
    pub fn header_when<F>(self, name: HeaderName, value: HeaderValue, condition: F) -> Self
    where
        F: Fn(&Method, &Uri) -> bool + Send + Sync + 'static,
    {
        self.push(name, value, Some(Arc::new(condition)))
    }

    /// The origin that credentials belong to; without one they go wherever a request goes.
    #[must_use]
    pub fn home(mut self, base: BaseUri) -> Self {
        Arc::make_mut(&mut self.0).home = Some(base);
        self
    }

    fn push(mut self, name: HeaderName, value: HeaderValue, when: Option<Condition>) -> Self {
        let header = DefaultHeader { name, value, when };
        Arc::make_mut(&mut self.0).headers.push(header);
        self
    }
}

impl<S> Layer<S> for DefaultHeadersLayer {
    type Service = DefaultHeaders<S>;

    fn layer(&self, inner: S) -> Self::Service {
        DefaultHeaders {
            inner,
            settings: Arc::clone(&self.0),
        }
    }
}

/// The service of a [`DefaultHeadersLayer`]. Its future is the inner service's own, so dropping it
/// cancels the call.
#[derive(Clone, Debug)]
pub struct DefaultHeaders<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S, B> Service<Request<B>> for DefaultHeaders<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        self.settings.apply(&mut request);
        self.inner.call(request)
    }
}

impl Settings {
    fn apply<B>(&self, request: &mut Request<B>) {
        let away = self
            .home
            .as_ref()
            .is_some_and(|home| !home.is_origin_of(request.uri()));
        for default in &self.headers {
            let without = request.extensions().get::<WithoutDefaults>();
            let unwanted = without.is_some_and(|without| without.0.contains(&default.name));
            let elsewhere = away && default.is_credential();
            let own = request.headers().contains_key(&default.name);
            if !(unwanted || elsewhere || own) && default.applies(request) {
                request
                    .headers_mut()
                    .append(default.name.clone(), default.value.clone());
            }
        }
    }
}

impl DefaultHeader {
    fn is_credential(&self) -> bool {
        let named = [
            header::AUTHORIZATION,
            header::COOKIE,
            header::PROXY_AUTHORIZATION,
        ];
        self.value.is_sensitive() || named.contains(&self.name) || self.name == "x-api-key"
    }

    fn applies<B>(&self, request: &Request<B>) -> bool {
        let when = self.when.as_ref();
        when.is_none_or(|when| when(request.method(), request.uri()))
    }
}

impl fmt::Debug for DefaultHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name alone: a value may be a credential that nobody marked.
        write!(f, "{}", self.name)
    }
}

/// Default headers that one request does without, in its extensions.
#[derive(Clone, Debug, Default)]
pub struct WithoutDefaults(pub(crate) Vec<HeaderName>);

impl WithoutDefaults {
    /// Leaves out the default of this name, besides those left out already.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        self.0.push(name);
        self
    }
}
