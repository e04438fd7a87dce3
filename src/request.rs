use std::fmt;
use std::time::Duration;

use buttress_kernel::{
    Body, BoxError, Explain, Facts, Kind, Partition, Replay, Sent, TransportError,
};
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, header};

use crate::defaults::WithoutDefaults;
use crate::error::Call;
use crate::observe::Label;
use crate::template::is_template;
use crate::{Client, Error, Response};

mod bodies;
mod places;
mod target;

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
    /// The body's own, for a request that sets no other.
    content_type: Option<HeaderValue>,
    /// The first fault, and the call as it can be named.
    fault: Option<(Call, BoxError)>,
}

impl RequestBuilder {
    pub(crate) fn new(client: Client, method: Method, reference: &str) -> Self {
        let mut builder = Self {
            client,
            request: Request::new(Body::empty()),
            target: Target::default(),
            content_type: None,
            fault: None,
        };
        *builder.request.method_mut() = method;
        if is_template(reference) {
            builder.target.template = Some(reference.to_owned());
        } else {
            match builder.client.locate(reference) {
                Ok(uri) => *builder.request.uri_mut() = uri,
                Err(fault) => {
                    let call = Call::unlocated(builder.request.method().clone(), reference);
                    builder.fault = Some((call, fault.into()));
                }
            }
        }
        builder
    }

    /// Sets a header, in place of the client's default and of an earlier one of this name.
    pub fn header<N, V>(mut self, name: N, value: V) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
        V: TryInto<HeaderValue, Error: Into<http::Error>>,
    {
        match crate::header::pair(name, value) {
            Ok((name, value)) => drop(self.headers().insert(name, value)),
            Err(fault) => self.blame(fault),
        }
        self
    }

    /// Sets all these headers, each in place of the client's default of its name.
    pub fn set_headers(mut self, headers: &HeaderMap) -> Self {
        for name in headers.keys() {
            self.headers().remove(name);
        }
        for (name, value) in headers {
            self.headers().append(name.clone(), value.clone());
        }
        self
    }

    /// Leaves out the client's default header of this name, an `Authorization` for instance.
    pub fn without_default<N>(mut self, name: N) -> Self
    where
        N: TryInto<HeaderName, Error: Into<http::Error>>,
    {
        match crate::header::name_of(name) {
            Ok(name) => {
                let without = self.extensions().get_or_insert_default::<WithoutDefaults>();
                without.0.push(name);
            }
            Err(fault) => self.blame(fault),
        }
        self
    }

    /// Limits the time until each attempt's response head, in place of the client's limit.
    pub fn timeout(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.timeouts(|o| o.head(limit))
    }

    /// Limits the time between two frames of the response's body, in place of the client's limit.
    pub fn body_idle(self, limit: impl Into<Option<Duration>>) -> Self {
        let limit = limit.into();
        self.timeouts(|o| o.body_idle(limit))
    }

    /// Limits everything, the response's body included, in place of the client's limit.
    pub fn total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        let total = buttress_timeout::TotalOverride::new(limit);
        self.extensions().insert(total);
        self
    }

    /// Takes a response from the client's cache, and stores it there, otherwise than the server says.
    pub fn cache(mut self, wishes: buttress_cache::Override) -> Self {
        self.extensions().insert(wishes);
        self
    }

    /// Counts a response as fresh for so long, whatever the server says, if the client has a cache.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        let mine = self.extensions().remove::<buttress_cache::Override>();
        self.cache(mine.unwrap_or_default().fresh_for(time))
    }

    /// Makes so many attempts at most, the first included, in place of the client's number. The
    /// request is refused before anything is sent when its body cannot be sent twice.
    pub fn retry(self, max_attempts: u32) -> Self {
        self.retries(|o| o.max_attempts(max_attempts))
    }

    /// Makes one attempt only.
    pub fn no_retry(self) -> Self {
        self.retries(|o| o.max_attempts(1))
    }

    /// Says that this request can be repeated without harm, or that it cannot, whatever its method.
    pub fn idempotent(self, idempotent: bool) -> Self {
        self.retries(|o| o.idempotent(idempotent))
    }

    /// Goes without the client's credentials.
    pub fn without_auth(mut self) -> Self {
        let without = buttress_auth::Override::without_auth();
        self.extensions().insert(without);
        self
    }

    /// Goes with these credentials in place of the client's, and to the same origins. A client without
    /// credentials has no origins for them: it sends none.
    ///
    /// Give such a request a [`partition`](Self::partition) as well, so that what is stored for it is
    /// not found by others.
    pub fn credentials(mut self, credentials: impl Into<buttress_auth::Credentials>) -> Self {
        let other = buttress_auth::Override::with(credentials);
        self.extensions().insert(other);
        self
    }

    /// Where it stands among those that wait for a place: higher first, 0 unless set.
    pub fn priority(mut self, priority: i32) -> Self {
        let priority = buttress_priority::Priority(priority);
        self.extensions().insert(priority);
        self
    }

    /// Does not wait for a server that asked for a pause.
    pub fn ignore_retry_after(mut self) -> Self {
        let ignore = buttress_retry_after::Override::new().ignore();
        self.extensions().insert(ignore);
        self
    }

    /// Goes through an open circuit, and counts for nothing there.
    pub fn bypass_circuit_breaker(mut self) -> Self {
        let bypass = buttress_circuit_breaker::Override::new().bypass();
        self.extensions().insert(bypass);
        self
    }

    /// Has every layer write down what it decides; see [`Explain`].
    pub fn explain(mut self, explain: &Explain) -> Self {
        self.extensions().insert(explain.clone());
        self
    }

    /// Says whose credentials the request carries.
    pub fn partition(mut self, partition: Partition) -> Self {
        self.extensions().insert(partition);
        self
    }

    /// Names the request in events.
    pub fn label(mut self, label: &'static str) -> Self {
        self.extensions().insert(Label(label));
        self
    }

    /// Adds a typed extension: the override of a layer of yours, for instance.
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.extensions().insert(extension);
        self
    }

    /// The request as it would be handed to the stack.
    ///
    /// # Errors
    ///
    /// When the URI or a header was malformed, or when retries were asked for by
    /// [`retry`](Self::retry) and the body cannot be sent twice.
    pub fn build(self) -> Result<Request<Body>, Error> {
        self.checked().map(|(_, request)| request)
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
        let (client, request) = self.checked()?;
        let (call, response) = client.send(request).await?;
        Ok(Response::new(call, response))
    }

    fn checked(mut self) -> Result<(Client, Request<Body>), Error> {
        if let Some((call, fault)) = self.fault {
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
        if let Some(content_type) = self.content_type {
            let headers = self.request.headers_mut();
            headers.entry(header::CONTENT_TYPE).or_insert(content_type);
        }
        match demands_replay(&self.request) {
            Ok(()) => Ok((self.client, self.request)),
            Err(fault) => Err(Error::new(Call::of(&self.request), fault)),
        }
    }

    /// The call as it can be named so far.
    fn call(&self) -> Call {
        match &self.target.template {
            Some(template) => Call::unfilled(self.request.method().clone(), template),
            None => Call::of(&self.request),
        }
    }

    fn timeouts(
        mut self,
        change: impl FnOnce(buttress_timeout::Override) -> buttress_timeout::Override,
    ) -> Self {
        let mine = self
            .extensions()
            .get_or_insert_default::<buttress_timeout::Override>();
        *mine = change(std::mem::take(mine));
        self
    }

    fn retries(
        mut self,
        change: impl FnOnce(buttress_retry::Override) -> buttress_retry::Override,
    ) -> Self {
        let mine = self
            .extensions()
            .get_or_insert_default::<buttress_retry::Override>();
        *mine = change(std::mem::take(mine));
        self
    }

    fn headers(&mut self) -> &mut HeaderMap {
        self.request.headers_mut()
    }

    fn extensions(&mut self) -> &mut Extensions {
        self.request.extensions_mut()
    }

    /// Remembers the first fault.
    fn blame(&mut self, fault: impl Into<BoxError>) {
        if self.fault.is_none() {
            self.fault = Some((self.call(), fault.into()));
        }
    }

    pub(crate) fn blamed(mut self, fault: BoxError) -> Self {
        self.blame(fault);
        self
    }
}

impl fmt::Debug for RequestBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.as_ref().map(|(_, fault)| fault);
        f.debug_struct("RequestBuilder")
            .field("call", &self.call())
            .field("fault", &fault)
            .finish_non_exhaustive()
    }
}

/// Refuses a request that demands retries with a body that is sent once.
pub(crate) fn demands_replay(request: &Request<Body>) -> Result<(), BoxError> {
    let demand = request.extensions().get::<buttress_retry::Override>();
    if demand.is_some_and(|o| o.attempts().is_some_and(|n| n > 1)) && !request.body().can_replay() {
        let facts = Facts::new(Kind::Request).sent(Sent::No);
        return Err(NotReplayable { facts }.into());
    }
    Ok(())
}

/// Retries were demanded for a request whose body cannot be sent twice.
#[derive(Debug)]
pub struct NotReplayable {
    facts: Facts,
}

impl fmt::Display for NotReplayable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "retries were asked for, but the body cannot be sent twice; \
             send bytes, raise the stream's replay limit, or drop the `retry`",
        )
    }
}

impl std::error::Error for NotReplayable {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.facts)
    }
}
