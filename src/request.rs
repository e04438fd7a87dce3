use std::fmt;

use buttress_kernel::{Body, BoxError, TransportError};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request};

use crate::defaults::{WithoutDefaults, is_credential};
use crate::error::Call;
use crate::response::Accepts;
use crate::template::{Draft, is_template};
use crate::{Client, Error, Response};

mod bodies;
mod connection;
mod described;
mod places;
mod replay;
mod target;
mod wishes;

use self::described::Described;
pub(crate) use self::described::length_agrees;
pub use self::replay::NotReplayable;
pub(crate) use self::replay::demands_replay;
use self::target::Target;

/// A request in the making, with what it wants otherwise than its client.
///
/// What cannot be built (a header value with a newline, a malformed URI) is remembered and told by
/// [`send`](Self::send) or [`build`](Self::build), before anything is sent.
///
/// ```
/// use std::time::Duration;
/// use buttress::Client;
///
/// let client = Client::builder().base_uri("https://api.example.com").build()?;
/// let request = client
///     .post("/reports")
///     .header("content-type", "application/json")
///     .body(r#"{"month":"may"}"#)
///     .timeout(Duration::from_secs(120))
///     .no_retry()
///     .build()?;
/// assert_eq!(request.uri(), "https://api.example.com/reports");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing is sent before `send` is awaited"]
pub struct RequestBuilder {
    client: Client,
    request: Request<Body>,
    target: Target,
    /// What the body says of itself.
    described: Described,
    accepts: Accepts,
    /// The first fault, and the call as it can be named.
    fault: Option<Box<(Call, BoxError)>>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, reference: &str) -> Self {
        let mut builder = Self::bare(client, method);
        if is_template(reference) {
            builder.target.template = Some(Draft::given(reference));
        } else {
            builder.locate(reference);
        }
        builder
    }

    /// A request to what the compiler has found to be a template, or to a path without places.
    pub(crate) fn drafted(client: Client, method: Method, draft: Draft) -> Self {
        let mut builder = Self::bare(client, method);
        if is_template(draft.as_str()) {
            builder.target.template = Some(draft);
        } else {
            builder.locate(draft.as_str());
        }
        builder
    }

    fn bare(client: Client, method: Method) -> Self {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        Self {
            client,
            request,
            target: Target::default(),
            described: Described::default(),
            accepts: Accepts::default(),
            fault: None,
        }
    }

    fn locate(&mut self, reference: &str) {
        match self.client.locate(reference.into()) {
            Ok(uri) => *self.request.uri_mut() = uri,
            Err(fault) => {
                let call = Call::unlocated(self.request.method().clone(), reference);
                self.fault = Some(Box::new((call, fault.into())));
            }
        }
    }

    /// Sets a header, in place of the client's default and of an earlier one of this name. A credential
    /// (`Authorization`, `Cookie`, `Proxy-Authorization`, `X-Api-Key`) is marked as
    /// [sensitive](HeaderValue::is_sensitive), so that `Debug` does not show it.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => {
                let value = marked(&name, value);
                self.headers().insert(name, value);
            }
            Err(fault) => self.blame(fault),
        }
        self
    }

    /// Adds a header to those of its name that are set.
    pub fn append_header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => {
                let value = marked(&name, value);
                self.headers().append(name, value);
            }
            Err(fault) => self.blame(fault),
        }
        self
    }

    /// Sets all these headers, each in place of the client's default of its name and marked as by
    /// [`header`](Self::header). What belongs to the connection that they came over stays behind:
    /// `Connection`, the fields that it names, and their like
    /// ([RFC 9110 §7.6.1](https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1)).
    pub fn set_headers(mut self, headers: &HeaderMap) -> Self {
        let names = headers.keys();
        for name in names.filter(|name| !connection::owns(headers, name)) {
            self.headers().remove(name);
            for value in headers.get_all(name) {
                let value = marked(name, value.clone());
                self.headers().append(name.clone(), value);
            }
        }
        self
    }

    /// Leaves out the client's default header of this name, an `Authorization` for instance, and what would be
    /// [forwarded](crate::forward) under it.
    pub fn without_default<N>(mut self, name: N) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
    {
        match crate::header::name_of(name) {
            Ok(name) => {
                let without = self.extensions().get_or_insert_default::<WithoutDefaults>();
                without.push(name);
            }
            Err(fault) => self.blame(fault),
        }
        self
    }

    /// The request as it would be handed to the stack.
    ///
    /// # Errors
    ///
    /// When the URI or a header was malformed, when retries were asked for by
    /// [`retry`](Self::retry) and the body cannot be sent twice, or when a `Content-Length` or
    /// `Content-Type` that was set is not the body's.
    pub fn build(self) -> Result<Request<Body>, Error> {
        let (_, request) = self.checked()?;
        match length_agrees(&request) {
            Ok(()) => Ok(request),
            Err(fault) => Err(Error::new(Call::of(&request), fault)),
        }
    }

    /// Sends the request. A response of any status is a response.
    ///
    /// # Errors
    ///
    /// When no response came; for what [`build`](Self::build) refuses, before anything is sent.
    ///
    /// # Cancellation
    ///
    /// Dropping the future cancels the call.
    pub async fn send(self) -> Result<Response, Error> {
        let accepts = self.accepts;
        // What the request was made of is not kept while the answer is waited for.
        let (client, request) = self.checked()?;
        let (call, response) = client.send(request).await?;
        Ok(Response::new(call, response).accepting(accepts))
    }

    #[cfg(any(feature = "fs", feature = "json"))]
    pub(crate) const fn accepts(&self) -> Accepts {
        self.accepts
    }

    pub(crate) fn checked(mut self) -> Result<(Client, Request<Body>), Error> {
        self.settle()?;
        Ok((self.client, self.request))
    }

    /// Completes the request.
    fn settle(&mut self) -> Result<(), Error> {
        if let Some(fault) = self.fault.take() {
            let (call, fault) = *fault;
            return Err(Error::new(call, TransportError::request(fault).into()));
        }
        if !self.target.is_settled() {
            let settled = self.target.settle(&self.client, self.request.uri_mut());
            if let Err(fault) = settled {
                return Err(Error::new(
                    self.call(),
                    TransportError::request(fault).into(),
                ));
            }
        }
        let settled = self.described.settle(self.request.headers_mut());
        let settled = settled.and_then(|()| demands_replay(&self.request));
        settled.map_err(|fault| Error::new(Call::of(&self.request), fault))
    }

    /// The call as it can be named so far.
    fn call(&self) -> Call {
        match &self.target.template {
            Some(draft) => Call::unfilled(self.request.method().clone(), draft.as_str()),
            None => Call::of(&self.request),
        }
    }

    fn headers(&mut self) -> &mut HeaderMap {
        self.request.headers_mut()
    }

    fn extensions(&mut self) -> &mut Extensions {
        self.request.extensions_mut()
    }

    /// Remembers the first fault.
    pub(crate) fn blame(&mut self, fault: impl Into<BoxError>) {
        if self.fault.is_none() {
            self.fault = Some(Box::new((self.call(), fault.into())));
        }
    }

    pub(crate) const fn is_blamed(&self) -> bool {
        self.fault.is_some()
    }

    pub(crate) fn blamed(mut self, fault: BoxError) -> Self {
        self.blame(fault);
        self
    }
}

/// The value, kept out of every `Debug` where its name says that it is a secret.
fn marked(name: &HeaderName, mut value: HeaderValue) -> HeaderValue {
    if is_credential(name) {
        value.set_sensitive(true);
    }
    value
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.as_ref().map(|fault| &fault.1);
        f.debug_struct("RequestBuilder")
            .field("call", &self.call())
            .field("fault", &fault)
            .finish_non_exhaustive()
    }
}
