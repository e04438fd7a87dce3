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
mod file;

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
}

impl Payload {
    /// No body.
    pub const fn none() -> Self {
        Self {
            content: Ok(Body::empty()),
            content_type: None,
        }
    }

    /// Any body, without a content type.
    pub fn new(body: impl Into<Body>) -> Self {
        Self {
            content: Ok(body.into()),
            content_type: None,
        }
    }

    /// A value as JSON.
    #[cfg(feature = "json")]
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        let content = serde_json::to_vec(value).map(Body::from);
        Self {
            content: content.map_err(Into::into),
            content_type: Some(HeaderValue::from_static("application/json")),
        }
    }

    /// A value as a form in URL encoding: a struct, a map, or a list of pairs.
    pub fn form<T: Serialize + ?Sized>(value: &T, arrays: ArrayStyle) -> Self {
        let content = query::form(value, arrays).map(Body::from);
        let content_type = "application/x-www-form-urlencoded";
        Self {
            content: content.map_err(Into::into),
            content_type: Some(HeaderValue::from_static(content_type)),
        }
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
    /// see [`Body::replay_limit`].
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

    /// A form of several parts, files among them.
    #[cfg(feature = "multipart")]
    pub fn multipart(form: crate::Multipart) -> Self {
        let (content, content_type) = form.into_parts();
        Self {
            content,
            content_type: Some(content_type),
        }
    }

    /// A file, read while it is sent. Its length is taken now and promised to the server; a file that
    /// is shorter by then is an error, and of one that has grown the first part is sent.
    #[cfg(feature = "fs")]
    pub fn file(path: impl AsRef<std::path::Path>) -> Self {
        let content = file::FileBody::at(path.as_ref());
        Self {
            content: content.map(Body::stream).map_err(Into::into),
            content_type: Some(HeaderValue::from_static("application/octet-stream")),
        }
    }

    fn of_type(body: Body, content_type: &'static str) -> Self {
        Self {
            content: Ok(body),
            content_type: Some(HeaderValue::from_static(content_type)),
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

    pub(crate) fn into_parts(self) -> (Result<Body, BoxError>, Option<HeaderValue>) {
        (self.content, self.content_type)
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
