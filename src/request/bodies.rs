//! What a request carries.

use std::borrow::Cow;

use buttress_kernel::{Body, BoxError, Replay};
use bytes::Bytes;
use futures_core::Stream;
use serde::Serialize;

use super::Described;
use crate::{ArrayStyle, Payload, RequestBuilder};

impl RequestBuilder {
    /// Sets the body. Bytes and text can be sent again by retry; for a stream see
    /// [`Body::stream`]. No content type is made up: set one with [`header`](Self::header).
    pub fn body(self, body: impl Into<Body>) -> Self {
        self.payload(Payload::new(body))
    }

    /// Sends a value as JSON. Like every body's, its content type gives way to one that is set by
    /// [`header`](Self::header).
    #[cfg(feature = "json")]
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.payload(Payload::json(value))
    }

    /// Sends a struct, a map or a list of pairs as a form in URL encoding.
    pub fn form<T: Serialize + ?Sized>(self, value: &T) -> Self {
        self.payload(Payload::form(value, ArrayStyle::default()))
    }

    /// Sends a form of several parts, files among them.
    #[cfg(feature = "multipart")]
    pub fn multipart(self, form: crate::Multipart) -> Self {
        self.payload(Payload::multipart(form))
    }

    /// Sends text, in UTF-8.
    pub fn text(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.payload(Payload::text(text))
    }

    /// Sends bytes of no special type.
    pub fn bytes(self, bytes: impl Into<Bytes>) -> Self {
        self.payload(Payload::bytes(bytes))
    }

    /// Sends a stream of bytes; see [`Payload::stream`].
    pub fn stream<S, D, E>(self, stream: S) -> Self
    where
        S: Stream<Item = Result<D, E>> + Send + 'static,
        D: Into<Bytes>,
        E: Into<BoxError>,
    {
        self.payload(Payload::stream(stream))
    }

    /// Sends a file, read on the way; see [`Payload::file`].
    #[cfg(feature = "fs")]
    pub fn file(self, path: impl AsRef<std::path::Path>) -> Self {
        self.payload(Payload::file(path))
    }

    /// Sends a body that was made elsewhere.
    pub fn payload(mut self, payload: Payload) -> Self {
        self.carry(payload);
        self
    }

    pub(crate) fn carry(&mut self, payload: Payload) {
        let parts = payload.into_parts();
        self.described = Described {
            content_type: parts.content_type,
            content_encoding: parts.content_encoding,
            has_boundary: parts.has_boundary,
        };
        match parts.content {
            Ok(body) => *self.request.body_mut() = body,
            Err(fault) => self.blame(fault),
        }
    }

    /// Whether the body can be sent a second time, so that a retry is possible.
    #[must_use]
    pub fn replayable(&self) -> bool {
        self.request.body().can_replay()
    }
}
