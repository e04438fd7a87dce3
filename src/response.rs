use std::fmt;

use buttress_kernel::Body;
use bytes::Bytes;
use http::response::Parts;
use http::{Extensions, HeaderMap, StatusCode, Version};
use http_body_util::BodyExt;

use crate::error::{Call, DecodeError, StatusError, TooLarge};
use crate::{Error, FromResponse};

pub(crate) mod charset;
pub(crate) mod decode;
mod disposition;
#[cfg(feature = "json")]
pub(crate) mod json;
mod read;
#[cfg(feature = "fs")]
mod save;

use self::read::{Unread, read};

/// How much of a body is read at once, unless set: 16 MiB.
const LIMIT: u64 = 16 * 1024 * 1024;

/// How much of an error's body is kept: 1 MiB.
const ERROR_LIMIT: u64 = 1024 * 1024;

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
    limit: u64,
}

impl<T> Response<T> {
    pub(crate) const fn new(call: Call, inner: http::Response<T>) -> Self {
        let limit = LIMIT;
        Self { call, inner, limit }
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

impl Response {
    /// Reads at most so many bytes into memory: 16 MiB unless set.
    #[must_use]
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The response, if it is a success.
    ///
    /// # Errors
    ///
    /// When it is none; the error keeps the status, the headers and up to 1 MiB of the body.
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

    /// A response that is no success, with what came of its body. That the body broke off, or is
    /// large, must not hide the status.
    pub(crate) async fn refused(self) -> (Call, StatusError, Parts) {
        let (head, mut body) = self.inner.into_parts();
        let limit = ERROR_LIMIT.min(self.limit);
        let (bytes, end) = read(&mut body, limit, true).await;
        let refused = StatusError::new(&head, bytes, end.is_ok());
        (self.call, refused, head)
    }

    /// A 404 that means nothing is there, for a `T` that can be nothing.
    /// Any other `T` is given up, and the response comes back.
    pub(crate) fn absent<T: FromResponse>(self) -> Result<Response<T>, Box<Self>> {
        let (head, body) = self.inner.into_parts();
        match T::from_response(&head, &Bytes::new()) {
            Ok(nothing) => Ok(Response {
                call: self.call,
                inner: http::Response::from_parts(head, nothing),
                limit: self.limit,
            }),
            Err(_) => Err(Box::new(Self {
                call: self.call,
                inner: http::Response::from_parts(head, body),
                limit: self.limit,
            })),
        }
    }

    /// The body of a success, read as JSON.
    ///
    /// # Errors
    ///
    /// When the response is no success, when its body is larger than the [limit](Self::limit) or
    /// breaks off, and when it is not the JSON of a `T`: the error says where in the document, and
    /// keeps the bytes.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    #[cfg(feature = "json")]
    pub async fn json<T: serde::de::DeserializeOwned>(self) -> Result<T, Error> {
        Ok(self.decode().await?.into_body())
    }

    /// The same, and `None` for a 404.
    ///
    /// # Errors
    ///
    /// As [`json`](Self::json).
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    #[cfg(feature = "json")]
    pub async fn json_or_none<T: serde::de::DeserializeOwned>(self) -> Result<Option<T>, Error> {
        if self.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        self.json().await.map(Some)
    }

    /// The body of a success as a `T`, with status and headers around it.
    ///
    /// # Errors
    ///
    /// When the response is no success, when its body is larger than the [limit](Self::limit) or
    /// breaks off, and when it is no `T`.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn decode<T: FromResponse>(self) -> Result<Response<T>, Error> {
        let whole = self.error_for_status().await?.collect().await?;
        let Response { call, inner, limit } = whole;
        let (head, bytes) = inner.into_parts();
        match T::from_response(&head, &bytes) {
            Ok(body) => Ok(Response {
                call,
                inner: http::Response::from_parts(head, body),
                limit,
            }),
            Err(fault) => {
                let fault = DecodeError::new(head.status, bytes, fault);
                Err(Error::new(call, fault.into()))
            }
        }
    }

    /// The body, of whatever status.
    ///
    /// # Errors
    ///
    /// When it is larger than the [limit](Self::limit), or breaks off.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn bytes(self) -> Result<Bytes, Error> {
        Ok(self.collect().await?.into_body())
    }

    /// The body, of whatever status, as text in the charset that its content type names, else UTF-8.
    /// What cannot be read becomes U+FFFD, as in a browser.
    ///
    /// # Errors
    ///
    /// When it is larger than the [limit](Self::limit), or breaks off, or its charset is not known.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn text(self) -> Result<String, Error> {
        let Response { call, inner, .. } = self.collect().await?;
        let (head, bytes) = inner.into_parts();
        charset::text(&head.headers, &bytes).map_err(|fault| {
            let fault = DecodeError::new(head.status, bytes, fault.into());
            Error::new(call, fault.into())
        })
    }

    /// The next piece of the body as it comes, of whatever status; `None` at its end.
    ///
    /// # Errors
    ///
    /// When the body breaks off.
    ///
    /// # Cancellation
    ///
    /// Safe: no piece is lost when the future is dropped.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let call = &self.call;
        while let Some(frame) = self.inner.body_mut().frame().await {
            let frame = frame.map_err(|source| Error::new(call.clone(), source))?;
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// The file name that the server suggests ([RFC 6266](https://www.rfc-editor.org/rfc/rfc6266)),
    /// made safe: the last segment of whatever path was given, without what a file system may take
    /// for more than a name.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        disposition::file_name(self.headers())
    }

    async fn collect(self) -> Result<Response<Bytes>, Error> {
        let Self { call, inner, limit } = self;
        let (head, mut body) = inner.into_parts();
        match read(&mut body, limit, false).await {
            (bytes, Ok(())) => Ok(Response {
                call,
                inner: http::Response::from_parts(head, bytes),
                limit,
            }),
            (_, Err(Unread::TooLarge)) => {
                let fault = TooLarge::new(head.status, limit);
                Err(Error::new(call, fault.into()))
            }
            (_, Err(Unread::Broken(source))) => Err(Error::new(call, source)),
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
