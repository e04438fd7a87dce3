//! Headers that every request of a client carries, unless it brings its own.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderName, HeaderValue, Method, Request, Uri, header};
use tower_layer::Layer;
use tower_service::Service;

use crate::BaseUri;
use crate::forward::Bound;

/// Sets headers on requests that lack them.
///
/// A request's own header of the same name wins; of two defaults of one name the later wins. Where a
/// request goes decides which defaults it gets:
///
/// - to the [home](Self::home) origin: all of them;
/// - elsewhere, because of an absolute URI: `Accept` and its kin, and `User-Agent`. A key for one
///   server is nobody else's business, whatever it is called.
///
/// Without a home, elsewhere is where a redirect leads away from the origin that the request named, and
/// credentials (`Authorization`, `Cookie`, `Proxy-Authorization`, `X-Api-Key`, and every value that
/// [is sensitive](HeaderValue::is_sensitive)) are not sent at all.
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

    /// The origin that the headers belong to.
    #[must_use]
    pub fn home(mut self, base: BaseUri) -> Self {
        Arc::make_mut(&mut self.0).home = Some(base);
        self
    }

    /// A credential that would have nowhere to go, for want of a home.
    pub(crate) fn homeless(&self) -> Option<&HeaderName> {
        let headers = self.0.headers.iter().filter(|_| self.0.home.is_none());
        headers
            .map(|header| &header.name)
            .find(|name| self.holds_credential(name))
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &HeaderName> {
        self.0.headers.iter().map(|header| &header.name)
    }

    pub(crate) fn holds(&self, name: &HeaderName) -> bool {
        self.names().any(|held| held == name)
    }

    fn holds_credential(&self, name: &HeaderName) -> bool {
        let mut headers = self.0.headers.iter();
        headers.any(|header| header.name == name && header.is_credential())
    }

    fn push(mut self, name: HeaderName, mut value: HeaderValue, when: Option<Condition>) -> Self {
        // So that no layer's `Debug` of a request shows it.
        value.set_sensitive(value.is_sensitive() || is_credential(&name));
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
        // First, since what goes along with one request is nearer to it than what is every request's.
        forwarded(request);
        let extensions = request.extensions();
        let is_client_only = extensions.get::<ClientOnly>().is_some();
        let is_astray = extensions.get::<Astray>().is_some();
        let to = match &self.home {
            _ if is_client_only => To::Elsewhere,
            None if is_astray => To::Elsewhere,
            None => To::Anywhere,
            Some(home) if home.is_origin_of(request.uri()) => To::Home,
            Some(_) => To::Elsewhere,
        };
        // From the last to the first, so that the later of two defaults is there first and wins.
        for default in self.headers.iter().rev() {
            if default.goes(to) && !is_answered(request, default) && default.applies(request) {
                let (name, value) = (default.name.clone(), default.value.clone());
                request.headers_mut().insert(name, value);
            }
        }
    }
}

/// Writes down what of an incoming request goes along.
fn forwarded<B>(request: &mut Request<B>) {
    if request.extensions().is_empty() {
        return;
    }
    if let Some(bound) = request.extensions_mut().remove::<Bound>() {
        let extensions = request.extensions();
        let is_led =
            extensions.get::<ClientOnly>().is_some() || extensions.get::<Astray>().is_some();
        bound.write(request, is_led);
    }
}

/// Whether the request has such a header, or wants none.
fn is_answered<B>(request: &Request<B>, default: &DefaultHeader) -> bool {
    let without = request.extensions().get::<WithoutDefaults>();
    request.headers().contains_key(&default.name)
        || without.is_some_and(|without| without.covers(default))
}

/// Where a request goes.
#[derive(Clone, Copy)]
enum To {
    Home,
    /// To another origin, or to where a server has led it.
    Elsewhere,
    /// There is no home.
    Anywhere,
}

impl DefaultHeader {
    fn goes(&self, to: To) -> bool {
        match to {
            To::Home => true,
            To::Elsewhere => !self.value.is_sensitive() && is_about_the_client(&self.name),
            To::Anywhere => !self.is_credential(),
        }
    }

    fn is_credential(&self) -> bool {
        self.value.is_sensitive() || is_credential(&self.name)
    }

    fn applies<B>(&self, request: &Request<B>) -> bool {
        let when = self.when.as_ref();
        when.is_none_or(|when| when(request.method(), request.uri()))
    }
}

/// What says something about the client alone.
pub(crate) fn is_about_the_client(name: &HeaderName) -> bool {
    [
        header::ACCEPT,
        header::ACCEPT_CHARSET,
        header::ACCEPT_ENCODING,
        header::ACCEPT_LANGUAGE,
        header::USER_AGENT,
    ]
    .contains(name)
}

pub(crate) fn is_credential(name: &HeaderName) -> bool {
    [
        header::AUTHORIZATION,
        header::COOKIE,
        header::PROXY_AUTHORIZATION,
    ]
    .contains(name)
        || name == "x-api-key"
}

impl fmt::Debug for DefaultHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name alone: a value may be a credential that nobody marked.
        write!(f, "{}", self.name)
    }
}

/// A request that a server has led to another: whatever the defaults say, it gets those alone that are
/// about the client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientOnly;

/// A request that a redirect has led away from the origin that the caller named. Without a home, that one alone is
/// known to be meant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Astray;

/// Default headers that one request does without, in its extensions.
#[derive(Clone, Debug, Default)]
pub struct WithoutDefaults {
    names: Vec<HeaderName>,
    credentials: bool,
}

impl WithoutDefaults {
    /// Leaves out the default of this name, besides those left out already.
    #[must_use]
    pub fn header(mut self, name: HeaderName) -> Self {
        self.push(name);
        self
    }

    /// Leaves out all that are credentials: by their names, or because their values
    /// [are sensitive](HeaderValue::is_sensitive).
    #[must_use]
    pub const fn credentials(mut self) -> Self {
        self.drop_credentials();
        self
    }

    pub(crate) fn push(&mut self, name: HeaderName) {
        self.names.push(name);
    }

    pub(crate) const fn drop_credentials(&mut self) {
        self.credentials = true;
    }

    fn covers(&self, default: &DefaultHeader) -> bool {
        self.leaves_out(&default.name, default.is_credential())
    }

    pub(crate) fn leaves_out(&self, name: &HeaderName, is_credential: bool) -> bool {
        self.names.contains(name) || self.credentials && is_credential
    }
}
