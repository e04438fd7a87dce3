use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError, TransportError};
use bytes::Bytes;
use http::{Extensions, HeaderName, Method, Request, Response, Uri};
use tower::ServiceExt;
use tower::util::BoxCloneSyncService;
use tower_service::Service;

use crate::builder::ClientBuilder;
use crate::error::Call;
use crate::forward::{Bound, Forwarded};
use crate::request::{RequestBuilder, demands_replay, length_agrees};
use crate::{BaseUri, Error, InvalidUri, future};

/// The one service that a client holds: whatever the stack is made of, its type ends here.
pub(crate) type Erased = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// An HTTP client: a base URI, and a stack of layers over a transport.
///
/// Cheap to clone; clones share connections, budgets and holds. There is no global state: each
/// client that is built has its own. Put it into axum's `State`, or use it as a [`tower::Service`].
///
/// ```
/// use std::time::Duration;
/// use buttress::Client;
///
/// let client = Client::builder()
///     .base_uri("https://api.example.com/v1")
///     .header("accept", "application/json")
///     .timeout(Duration::from_secs(5))
///     .total(Duration::from_secs(20))
///     .build()?;
/// # let _ = client.get("/users");
/// # Ok::<_, buttress::InvalidClient>(())
/// ```
///
/// # Cancellation
///
/// Dropping the future of a call cancels it: the connection's exchange is given up, a place in a
/// queue is given back, and nothing is sent any more.
#[derive(Clone)]
pub struct Client {
    base: Option<Arc<BaseUri>>,
    stack: Erased,
    /// Whether there is a layer for the credentials of a single request.
    binds_credentials: bool,
    /// Whether the stack is the user's own, so that nobody can see what is in it.
    is_foreign: bool,
    /// What goes along with every call.
    forwarded: Forwarded,
    holdings: Holdings,
}

/// What a client puts on requests by itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Holdings {
    /// The names of its default fields.
    pub(crate) names: Arc<[HeaderName]>,
    /// Whether it has credentials.
    pub(crate) credentials: bool,
}

impl Client {
    /// A client to be set up.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::new()
    }

    /// A client with the standard stack and its defaults, and without a base URI.
    ///
    /// # Panics
    ///
    /// Never with the crate's default features. With neither `webpki-roots` nor `native-roots` there
    /// is no trust to start from; use the [`builder`](Self::builder), which returns an error.
    #[must_use]
    #[allow(clippy::expect_used)]
    pub fn new() -> Self {
        Self::builder()
            .build()
            .expect("the defaults contradict nothing")
    }

    /// A client over a whole stack of your own. Nothing is added to it.
    ///
    /// ```
    /// use buttress::{Body, Client};
    /// use tower::ServiceBuilder;
    ///
    /// let stack = ServiceBuilder::new().service_fn(|request: http::Request<Body>| async move {
    ///     Ok::<_, std::convert::Infallible>(http::Response::new(Body::from(request.uri().to_string())))
    /// });
    /// let client = Client::from_service(stack);
    /// # let _ = client;
    /// ```
    pub fn from_service<S, R>(stack: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        R: http_body::Body<Data = Bytes> + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self {
            base: None,
            stack: erase(stack),
            // Whether such a stack has one cannot be seen.
            binds_credentials: true,
            is_foreign: true,
            forwarded: Forwarded::default(),
            holdings: Holdings::default(),
        }
    }

    pub(crate) fn over(
        base: Option<Arc<BaseUri>>,
        stack: Erased,
        binds_credentials: bool,
        holdings: Holdings,
    ) -> Self {
        Self {
            base,
            stack,
            binds_credentials,
            is_foreign: false,
            forwarded: Forwarded::default(),
            holdings,
        }
    }

    pub(crate) const fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    pub(crate) const fn binds_credentials(&self) -> bool {
        self.binds_credentials
    }

    /// The URI under which relative paths lie.
    #[must_use]
    pub fn base_uri(&self) -> Option<&BaseUri> {
        self.base.as_deref()
    }

    /// This client for the calls that are made for one incoming request: what the request brought
    /// [along](crate::forward) goes with them, in place of what an earlier `with` said.
    ///
    /// Nothing is built: the two share everything, connections, limits and cache among it. Over a stack of your
    /// own ([`from_service`](Self::from_service)) the fields are written by a
    /// [`DefaultHeadersLayer`](crate::defaults::DefaultHeadersLayer), or by a client inside.
    #[must_use]
    pub fn with(&self, forwarded: &Forwarded) -> Self {
        Self {
            forwarded: forwarded.clone(),
            ..self.clone()
        }
    }

    /// A GET request.
    pub fn get(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::GET, uri)
    }

    /// A HEAD request.
    pub fn head(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::HEAD, uri)
    }

    /// A POST request.
    pub fn post(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::POST, uri)
    }

    /// A PUT request.
    pub fn put(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PUT, uri)
    }

    /// A PATCH request.
    pub fn patch(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::PATCH, uri)
    }

    /// A DELETE request.
    pub fn delete(&self, uri: impl AsRef<str>) -> RequestBuilder {
        self.request(Method::DELETE, uri)
    }

    /// A request of any method. `uri` is a path under the [base URI](ClientBuilder::base_uri), or absolute.
    pub fn request(&self, method: Method, uri: impl AsRef<str>) -> RequestBuilder {
        RequestBuilder::new(self.clone(), method, uri.as_ref())
    }

    /// Sends a request: the way in for an [`http::Request`] made elsewhere, with overrides as typed
    /// extensions. A response of any status is a response.
    ///
    /// # Errors
    ///
    /// When no response came, or before anything is sent when the URI is relative and there is no
    /// base URI, when the request demands retries and has a body that cannot be sent twice, or when its
    /// `Content-Length` is not that of its body.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the call.
    pub async fn execute<B>(&self, request: Request<B>) -> Result<Response<Body>, Error>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let sent = self.clone().send(request.map(Body::new)).await;
        sent.map(|(_, response)| response)
    }

    /// The response, and the call as errors to come shall name it.
    pub(crate) async fn send(
        self,
        request: Request<Body>,
    ) -> Result<(Call, Response<Body>), Error> {
        let call = Call::of(&request);
        let end = match self.prepare(request) {
            Ok(request) => self.stack.oneshot(request).await,
            Err(fault) => Err(fault),
        };
        match end {
            Ok(response) => Ok((call, response)),
            Err(source) => Err(Error::new(call, source)),
        }
    }

    pub(crate) fn locate(&self, uri: Cow<'_, str>) -> Result<Uri, InvalidUri> {
        match &self.base {
            Some(base) => base.join_own(uri),
            None => BaseUri::absolute(&uri),
        }
    }

    /// A request from a server names the host that its sender chose, so it must not decide where it
    /// goes.
    fn stays_home(&self, request: &Request<Body>) -> Result<(), BoxError> {
        let uri = request.uri();
        match self.base.as_deref() {
            Some(base) if uri.authority().is_some() && !base.is_origin_of(uri) => {
                Err(TransportError::request(InvalidUri::elsewhere()).into())
            }
            _ => Ok(()),
        }
    }

    /// Has what is forwarded go along.
    fn go_along(&self, extensions: &mut Extensions) -> Result<(), BoxError> {
        let home = self.base.as_ref();
        if self.forwarded.says_something() {
            Bound::attach(&self.forwarded, home, self.is_foreign, extensions)
        } else {
            if let Some(home) = home.filter(|_| !extensions.is_empty()) {
                Bound::settle(home, extensions);
            }
            Ok(())
        }
    }

    /// Makes the URI absolute and refuses what can be seen to be wrong.
    fn prepare(&self, mut request: Request<Body>) -> Result<Request<Body>, BoxError> {
        let invalid = |error: InvalidUri| TransportError::request(error);
        if request.uri().authority().is_none() {
            let base = self
                .base
                .as_deref()
                .ok_or_else(InvalidUri::no_base)
                .map_err(invalid)?;
            *request.uri_mut() = base.resolve(request.uri()).map_err(invalid)?;
        }
        demands_replay(&request)?;
        length_agrees(&request)?;
        self.go_along(request.extensions_mut())?;
        Ok(request)
    }
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base.as_ref().map(ToString::to_string);
        f.debug_struct("Client")
            .field("base_uri", &base)
            .field("forwarded", &self.forwarded)
            .finish_non_exhaustive()
    }
}

/// The client as the inside of other people's layers.
///
/// As a service it sends to its base URI's origin alone, where it has one: a request that came in
/// through a server carries the host that its sender chose, and fields that belong to the incoming connection.
/// [`Proxy`](crate::proxy::Proxy) takes both out, and never fails. [`Client::execute`] sends anywhere.
impl<B> Service<Request<B>> for Client
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = future::ResponseFuture;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.stack
            .poll_ready(cx)
            .map_err(|source| Error::new(None, source))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let request = request.map(Body::new);
        let call = Call::of(&request);
        match self
            .stays_home(&request)
            .and_then(|()| self.prepare(request))
        {
            Ok(request) => future::ResponseFuture::sent(call, self.stack.call(request)),
            Err(fault) => future::ResponseFuture::refused(call, fault),
        }
    }
}

/// Ends a stack's type: its body becomes a [`Body`], its error a [`BoxError`].
pub(crate) fn erase<S, R>(stack: S) -> Erased
where
    S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BoxError>,
{
    let stack = stack.map_response(|response: Response<R>| response.map(Body::new));
    BoxCloneSyncService::new(stack.map_err(Into::into))
}
