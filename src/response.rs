use std::fmt;
use std::time::Duration;

use buttress_kernel::Body;
use http::response::Parts;
use http::{Extensions, HeaderMap, StatusCode, Uri, Version};

use crate::error::{Answer, Call, StatusError};
use crate::redirect::Redirected;
use crate::{Error, FromResponse};

pub(crate) mod charset;
pub(crate) mod decode;
mod disposition;
#[cfg(feature = "json")]
pub(crate) mod json;
pub(crate) mod optional;
mod read;
#[cfg(feature = "fs")]
mod save;
mod stream;
mod whole;

use self::read::Gathered;
pub use self::stream::Pieces;

/// How much of a body is read at once, unless set: 16 MiB.
const LIMIT: u64 = 16 * 1024 * 1024;

/// How much of an error's body is kept: 1 MiB.
const ERROR_LIMIT: u64 = 1024 * 1024;

/// How long an error's body is waited for. The status is known by then, and is what most callers want.
const ERROR_PATIENCE: Duration = Duration::from_secs(5);

/// A server's response: status, headers, and a body that has not been read, or one that has a type
/// already.
///
/// What gives the body a meaning ([`json`](Self::json), [`decode`](Self::decode),
/// [`error_for_status`](Self::error_for_status), `save`) makes an [`Error`] of a response that is no success,
/// with its body kept. What hands the body over as it is ([`bytes`](Self::bytes), [`text`](Self::text),
/// [`chunk`](Self::chunk), [`into_body`](Self::into_body)) takes any status.
///
/// ```
/// use buttress::Client;
/// # use buttress_testkit::{Scripted, Step};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let server = Scripted::new([Step::ok().header("x-total", "2").body("[1,2]")]);
/// # let client = Client::builder().base_uri("http://h").build_over(server)?;
/// let response = client.get("/numbers").send().await?;
/// assert_eq!(response.status(), 200);
/// assert_eq!(response.headers()["x-total"], "2");
/// assert_eq!(response.json::<Vec<u8>>().await?, [1, 2]);
/// # Ok(())
/// # }
/// ```
pub struct Response<T = Body> {
    call: Call,
    inner: http::Response<T>,
    accepts: Accepts,
}

/// What a caller takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Accepts {
    /// So many bytes at once.
    pub(crate) limit: u64,
    /// Whether a 404 is an answer.
    pub(crate) absent: bool,
}

impl Default for Accepts {
    fn default() -> Self {
        Self {
            limit: LIMIT,
            absent: false,
        }
    }
}

impl<T> Response<T> {
    pub(crate) fn new(call: Call, inner: http::Response<T>) -> Self {
        let accepts = Accepts::default();
        Self {
            call,
            inner,
            accepts,
        }
    }

    pub(crate) const fn accepting(mut self, accepts: Accepts) -> Self {
        self.accepts = accepts;
        self
    }

    /// The same response with another body.
    fn with_body<U>(self, body: U) -> Response<U> {
        Response {
            call: self.call,
            inner: self.inner.map(|_| body),
            accepts: self.accepts,
        }
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.inner.status()
    }

    /// The version of HTTP that the server spoke.
    #[must_use]
    pub fn version(&self) -> Version {
        self.inner.version()
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.inner.headers()
    }

    /// The URI that answered: the request's, or where [redirects](crate::redirect) led.
    #[must_use]
    pub fn uri(&self) -> &Uri {
        let redirected = self.extensions().get().map(Redirected::uri);
        redirected.unwrap_or(self.call.uri())
    }

    /// What layers left: an [`Attempt`](crate::Attempt), a [`Trail`](crate::Trail) and more.
    #[must_use]
    pub fn extensions(&self) -> &Extensions {
        self.inner.extensions()
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &T {
        self.inner.body()
    }

    /// The body, without the rest.
    #[must_use]
    pub fn into_body(self) -> T {
        self.inner.into_body()
    }

    fn answer(&self) -> Answer {
        Answer::new(self.status(), self.extensions())
    }

    #[cfg(feature = "fs")]
    pub(crate) const fn call(&self) -> &Call {
        &self.call
    }

    /// Head and body.
    #[must_use]
    pub fn into_parts(self) -> (Parts, T) {
        self.inner.into_parts()
    }

    /// The response as the `http` crate has it.
    #[must_use]
    pub fn into_http(self) -> http::Response<T> {
        self.inner
    }
}

impl<T> From<Response<T>> for http::Response<T> {
    fn from(response: Response<T>) -> Self {
        response.inner
    }
}

/// `let (status, user) = client.call(GetUser { id: 42 }).await?.into();`
impl<T> From<Response<T>> for (StatusCode, T) {
    fn from(response: Response<T>) -> Self {
        (response.status(), response.into_body())
    }
}

impl Response {
    /// Reads at most so many bytes into memory: 16 MiB unless set.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.accepts.limit = bytes;
        self
    }

    /// The response, if it is a success.
    ///
    /// # Errors
    ///
    /// When it is none; the error keeps the status, the headers and what came of the body in 5 s, up to
    /// 1 MiB.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn error_for_status(self) -> Result<Self, Error> {
        if self.status().is_success() {
            return Ok(self);
        }
        let (call, response, _) = self.refused().await;
        Err(Error::new(call, response.into()))
    }

    /// A response that is no success, with what came of its body. That the body broke off, stands still or
    /// is large must not hide the status.
    pub(crate) async fn refused(self) -> (Call, StatusError, Parts) {
        let (head, mut body) = self.inner.into_parts();
        let limit = ERROR_LIMIT.min(self.accepts.limit);
        let mut gathered = Gathered::default();
        let reading = gathered.read(&mut body, limit);
        let end = tokio::time::timeout(ERROR_PATIENCE, reading).await;
        let is_whole = matches!(end, Ok(Ok(())));
        let refused = StatusError::new(&head, gathered.into_bytes(), is_whole);
        (self.call, refused, head)
    }

    /// Whether it is a 404 that the caller, or the type that it is read as, takes for an answer.
    pub(crate) fn is_absent<T: FromResponse>(&self) -> bool {
        (self.accepts.absent || T::OPTIONAL) && self.status() == StatusCode::NOT_FOUND
    }

    /// A 404 that means nothing is there, for a `T` that can be nothing.
    /// Any other `T` is given up, and the response comes back.
    pub(crate) fn absent<T: FromResponse>(self) -> Result<Response<T>, Box<Self>> {
        let (head, body) = self.inner.into_parts();
        let nothing = T::absent(&head);
        let inner = http::Response::from_parts(head, body);
        let response = Self { inner, ..self };
        match nothing {
            Some(nothing) => Ok(response.with_body(nothing)),
            None => Err(Box::new(response)),
        }
    }
}

impl<T> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither headers nor body: both hold secrets.
        f.debug_struct("Response")
            .field("call", &self.call)
            .field("status", &self.status())
            .finish_non_exhaustive()
    }
}
