use std::borrow::Cow;
use std::fmt;

use buttress_kernel::{Body, BoxError, Replay};
use bytes::Bytes;
use futures_core::Stream;
use http::HeaderValue;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde::Serialize;

use crate::ArrayStyle;
use crate::query;

#[cfg(feature = "fs")]
pub(crate) mod file;
#[cfg(feature = "compression")]
mod gzip;

#[cfg(feature = "fs")]
pub(crate) use self::file::FileError;

/// A request's body together with its content type.
///
/// What cannot be written is remembered and told when the request is sent, before anything goes out.
///
/// ```
/// use buttress::{ArrayStyle, Payload};
///
/// let form = Payload::form(&[("name", "Ada")], ArrayStyle::default());
/// assert!(form.replayable());
/// assert_eq!(form.content_type().unwrap(), "application/x-www-form-urlencoded");
/// ```
#[must_use]
pub struct Payload {
    content: Result<Body, BoxError>,
    content_type: Option<HeaderValue>,
    content_encoding: Option<HeaderValue>,
    /// Whether the content type holds the boundary of a form.
    has_boundary: bool,
}

/// A payload as a request takes it.
pub(crate) struct Parts {
    pub(crate) content: Result<Body, BoxError>,
    pub(crate) content_type: Option<HeaderValue>,
    pub(crate) content_encoding: Option<HeaderValue>,
    pub(crate) has_boundary: bool,
}

impl Payload {
    /// No body.
    pub const fn none() -> Self {
        Self {
            content: Ok(Body::empty()),
            content_type: None,
            content_encoding: None,
            has_boundary: false,
        }
    }

    /// In place of a body that can be [given away](crate::Endpoint::into_body) only: a call that cannot give it
    /// away is refused, instead of going without.
    pub fn once() -> Self {
        let fault = "its body can be given away only, and this call keeps its endpoint; use `call` or a batch";
        Self::with(Err(fault.into()), None)
    }

    /// Any body, without a content type.
    pub fn new(body: impl Into<Body>) -> Self {
        Self::with(Ok(body.into()), None)
    }

    /// A value as JSON.
    #[cfg(feature = "json")]
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        let content = serde_json::to_vec(value).map(Body::from);
        let content_type = HeaderValue::from_static("application/json");
        Self::with(content.map_err(Into::into), Some(content_type))
    }

    /// A value as a form in URL encoding: a struct, a map, or a list of pairs.
    pub fn form<T: Serialize + ?Sized>(value: &T, arrays: ArrayStyle) -> Self {
        let content = query::form(value, arrays).map(Body::from);
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        Self::with(content.map_err(Into::into), Some(content_type))
    }

    /// Text, in UTF-8.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        let body = match text.into() {
            Cow::Borrowed(text) => Body::from(text),
            Cow::Owned(text) => Body::from(text),
        };
        Self::of_type(body, "text/plain; charset=utf-8")
    }

    /// Bytes of no special type.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::of_type(Body::from(bytes.into()), "application/octet-stream")
    }

    /// A stream of bytes, of no special type. Up to 64 KiB of it can be sent again; for another limit
    /// see [`replay_limit`](Self::replay_limit).
    pub fn stream<S, D, E>(stream: S) -> Self
    where
        S: Stream<Item = Result<D, E>> + Send + 'static,
        D: Into<Bytes>,
        E: Into<BoxError>,
    {
        let frames = Frames { stream };
        Self::of_type(
            Body::stream(StreamBody::new(frames)),
            "application/octet-stream",
        )
    }

    /// A form of several parts, files among them. Its content type holds its boundary, so that a request's
    /// own can name another `multipart/` type, and none besides.
    #[cfg(feature = "multipart")]
    pub fn multipart(form: crate::Multipart) -> Self {
        let (content, content_type) = form.into_parts();
        Self {
            has_boundary: true,
            ..Self::with(content, Some(content_type))
        }
    }

    /// A file, read while it is sent, and opened again where it is sent again. Its length is taken now and
    /// promised to the server; a file that is shorter by then is an error, and of one that has grown the
    /// first part is sent.
    #[cfg(feature = "fs")]
    pub fn file(path: impl AsRef<std::path::Path>) -> Self {
        let content = file::FileBody::at(path.as_ref()).map(file::FileBody::into_body);
        let content_type = HeaderValue::from_static("application/octet-stream");
        Self::with(content.map_err(Into::into), Some(content_type))
    }

    fn of_type(body: Body, content_type: &'static str) -> Self {
        Self::with(Ok(body), Some(HeaderValue::from_static(content_type)))
    }

    const fn with(content: Result<Body, BoxError>, content_type: Option<HeaderValue>) -> Self {
        Self {
            content,
            content_type,
            content_encoding: None,
            has_boundary: false,
        }
    }

    /// The same, compressed with gzip and marked so. What lies in memory is packed now; a file or a stream on the
    /// way, without a length, a file anew each time it is sent. Nothing stays nothing, and what is packed already stays as it is. Only for
    /// servers that are known to take it: no answer tells beforehand.
    #[cfg(feature = "compression")]
    pub fn gzip(self) -> Self {
        let is_empty = |body: &Body| body.as_bytes().is_some_and(<[u8]>::is_empty);
        if self.content_encoding.is_some() || self.content.as_ref().is_ok_and(is_empty) {
            return self;
        }
        Self {
            content: self.content.and_then(gzip::gzip),
            content_encoding: Some(HeaderValue::from_static("gzip")),
            ..self
        }
    }

    /// Keeps at most `bytes` of a stream for sending it again: 64 KiB unless set; 0 means that it is sent once.
    /// What lies in memory, or in a file, can be sent again whatever its size.
    pub fn replay_limit(self, bytes: usize) -> Self {
        Self {
            content: self.content.map(|body| body.replay_limit(bytes)),
            ..self
        }
    }

    /// The content type that goes with it.
    #[must_use]
    pub const fn content_type(&self) -> Option<&HeaderValue> {
        self.content_type.as_ref()
    }

    /// Whether it can be sent a second time, so that a retry is possible.
    #[must_use]
    pub fn replayable(&self) -> bool {
        self.content.as_ref().is_ok_and(Replay::can_replay)
    }

    pub(crate) fn into_parts(self) -> Parts {
        Parts {
            content: self.content,
            content_type: self.content_type,
            content_encoding: self.content_encoding,
            has_boundary: self.has_boundary,
        }
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::none()
    }
}

impl<B: Into<Body>> From<B> for Payload {
    fn from(body: B) -> Self {
        Self::new(body)
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Payload")
            .field("content", &self.content)
            .field("content_type", &self.content_type)
            .finish()
    }
}

pin_project_lite::pin_project! {
    /// A stream's pieces as frames.
    struct Frames<S> {
        #[pin]
        stream: S,
    }
}

impl<S, D, E> Stream for Frames<S>
where
    S: Stream<Item = Result<D, E>>,
    D: Into<Bytes>,
{
    type Item = Result<Frame<Bytes>, E>;

    fn poll_next(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        let next = self.project().stream.poll_next(cx);
        next.map(|piece| piece.map(|piece| piece.map(|data| Frame::data(data.into()))))
    }
}
