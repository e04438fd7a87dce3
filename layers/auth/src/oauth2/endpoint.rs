use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use buttress_kernel::{Body, BoxError, Delay, SystemWallClock, WallClock};
use http::{HeaderValue, Method, Request, Response, Uri, header};
use oauth2::url::Url;
use tower_service::Service;

use super::answer::{self, Granted};
use super::carry::{Answer, Carrier, carrier};
use super::client_auth::ClientAuth;
use super::form::Form;
use super::invalid::{self, InvalidUrl, Plain};
use super::not_granted::{NotGranted, Problem};
use super::telemetry;
use crate::Token;
use crate::tokens::now;

/// A token endpoint, the client that asks there, and the service that carries its requests.
///
/// Any service over `http::Request<Body>` will do: hyper-util's client, a client with a retry layer
/// and a timeout around it. It must not be one that adds the very tokens which are asked for here, nor
/// one that follows redirects: the client's secret would go along.
/// Clones are cheap and share the service.
///
/// ```
/// use buttress_auth::oauth2::{ClientAuth, TokenEndpoint};
/// # let http_client = buttress_testkit::Scripted::new([buttress_testkit::Step::ok()]);
///
/// let client = ClientAuth::basic("my-client", "7Fjfp0ZBr1KtDRbnfVdmIw")?;
/// let endpoint = TokenEndpoint::new(http_client, "https://id.example.com/token", client)?;
/// # drop(endpoint);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TokenEndpoint {
    carrier: Carrier,
    url: Url,
    /// The URI as it was given: a server compares it with its own, character by character, where it is
    /// an audience.
    written: Arc<str>,
    client: ClientAuth,
    plain: Plain,
    timeout: Duration,
    clock: Arc<dyn WallClock>,
}

impl TokenEndpoint {
    /// The endpoint with this URI: one of `https`, or of `http` on this machine.
    ///
    /// # Errors
    ///
    /// If it is not absolute, not encrypted, or has a fragment or user info.
    pub fn new<S, R>(service: S, url: &str, client: ClientAuth) -> Result<Self, InvalidUrl>
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        R: http_body::Body + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self::over(carrier(service), url, client, Plain::Loopback)
    }

    /// [`new`](Self::new), and it may be unencrypted on any machine, against
    /// [RFC 6749 §3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2): inside a network that
    /// encrypts by itself.
    ///
    /// # Errors
    ///
    /// If the URI is not absolute, or has a fragment or user info.
    pub fn plain_http<S, R>(service: S, url: &str, client: ClientAuth) -> Result<Self, InvalidUrl>
    where
        S: Service<Request<Body>, Response = Response<R>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send,
        R: http_body::Body + Send + 'static,
        R::Error: Into<BoxError>,
    {
        Self::over(carrier(service), url, client, Plain::Allowed)
    }

    fn over(
        carrier: Carrier,
        url: &str,
        client: ClientAuth,
        plain: Plain,
    ) -> Result<Self, InvalidUrl> {
        Ok(Self {
            carrier,
            url: invalid::endpoint(url, plain)?,
            written: url.into(),
            client,
            plain,
            timeout: Duration::from_secs(30),
            clock: Arc::new(SystemWallClock),
        })
    }

    /// How long one request may take, its answer's body included; 30 s unless set.
    #[must_use]
    pub const fn timeout(mut self, limit: Duration) -> Self {
        self.timeout = limit;
        self
    }

    /// The calendar that dates of answers are compared with, and that signed tokens are dated by, in
    /// place of the system's.
    #[must_use]
    pub fn wall_clock(mut self, clock: impl WallClock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    pub(super) const fn client(&self) -> &ClientAuth {
        &self.client
    }

    #[cfg(feature = "jwt")]
    pub(super) fn written(&self) -> &str {
        &self.written
    }

    #[cfg(feature = "jwt")]
    pub(super) fn date(&self) -> std::time::SystemTime {
        self.clock.now()
    }

    /// Another endpoint of the same server, by the same rules.
    pub(super) fn sibling(&self, url: &str) -> Result<Url, InvalidUrl> {
        invalid::endpoint(url, self.plain)
    }

    /// What this form is granted.
    pub(super) async fn grant(&self, form: Form) -> Result<Granted, NotGranted> {
        let answer = self.post(&self.url, form).await?;
        answer::read(answer.status, &answer.body).map_err(|error| self.with_delay(error, &answer))
    }

    /// A token for somebody who keeps it himself: what is left of its life, now.
    pub(super) async fn grant_now(&self, form: Form) -> Result<Token, NotGranted> {
        let asked = now();
        let granted = self.grant(form).await?;
        Ok(Self::what_is_left(granted.token, asked))
    }

    /// A token that was asked for at `asked`, with the life that it has from now on.
    pub(super) fn what_is_left(token: Token, asked: Instant) -> Token {
        match token.life() {
            Some(life) => {
                let gone = now().saturating_duration_since(asked);
                token.expires_in(life.saturating_sub(gone))
            }
            None => token,
        }
    }

    pub(super) fn with_delay(&self, error: NotGranted, answer: &Answer) -> NotGranted {
        let delay = Delay::parse(&answer.headers, self.clock.now());
        error.delay(delay.map(Delay::duration))
    }

    /// The answer to this form, whatever it is.
    pub(super) async fn post(&self, url: &Url, form: Form) -> Result<Answer, NotGranted> {
        let (what, asked) = (form.name(), now());
        let request = self.request(url, form)?;
        let end = tokio::time::timeout(self.timeout, (self.carrier)(request)).await;
        let end = end.unwrap_or_else(|_| Err(NotGranted::new(Problem::TooSlow)));
        let status = match &end {
            Ok(answer) => Some(answer.status),
            Err(error) => error.status(),
        };
        telemetry::answered(what, status, now().saturating_duration_since(asked));
        end
    }

    fn request(&self, url: &Url, mut form: Form) -> Result<Request<Body>, NotGranted> {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = Method::POST;
        // What is an URI to the one parser is nearly always one to the other.
        *request.uri_mut() =
            Uri::try_from(url.as_str()).map_err(|error| NotGranted::unreachable(error.into()))?;
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        self.client
            .apply(&mut form, headers, &self.written, self.clock.now())?;
        *request.body_mut() = Body::from(form.into_bytes());
        Ok(request)
    }
}

/// The URI's host alone: its path and query may hold secrets.
impl fmt::Debug for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenEndpoint")
            .field("host", &self.url.host_str())
            .field("client", &self.client)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
