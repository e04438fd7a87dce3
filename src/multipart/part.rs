use std::borrow::Cow;
use std::fmt::Write as _;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use buttress_kernel::Body;
use bytes::Bytes;
use http::HeaderValue;
use http_body::Body as _;

#[cfg(feature = "fs")]
use crate::payload::file::FileBody;

/// One part of a [`Multipart`](crate::Multipart).
#[derive(Debug)]
#[must_use]
pub struct Part {
    content: Content,
    file_name: Option<String>,
    content_type: Option<HeaderValue>,
}

/// What a part holds, by how often it can be sent.
#[derive(Debug)]
pub(super) enum Content {
    Bytes(Bytes),
    #[cfg(feature = "fs")]
    File(FileBody),
    /// As often as the body itself says.
    Body(Body),
}

impl Content {
    /// Its bytes, where they are there.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        if let Self::Bytes(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }

    /// The same once more, where that costs nothing.
    pub(super) fn again(&self) -> Option<Self> {
        match self {
            Self::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            #[cfg(feature = "fs")]
            Self::File(file) => Some(Self::File(file.anew())),
            Self::Body(_) => None,
        }
    }

    pub(super) fn into_body(self) -> Body {
        match self {
            Self::Bytes(bytes) => Body::from(bytes),
            #[cfg(feature = "fs")]
            Self::File(file) => Body::stream(file),
            Self::Body(body) => body,
        }
    }
}

/// The bytes of a body that has them all, which gives them at once.
fn in_memory(body: &mut Body) -> Bytes {
    let frame = Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()));
    match frame {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

impl Part {
    /// Any body, a stream for instance.
    pub fn new(body: impl Into<Body>) -> Self {
        let mut body = body.into();
        let bytes = body.as_bytes().is_some().then(|| in_memory(&mut body));
        Self::of(bytes.map_or(Content::Body(body), Content::Bytes))
    }

    const fn of(content: Content) -> Self {
        Self {
            content,
            file_name: None,
            content_type: None,
        }
    }

    /// A text.
    pub fn text(text: impl Into<Cow<'static, str>>) -> Self {
        Self::bytes(match text.into() {
            Cow::Borrowed(text) => Bytes::from_static(text.as_bytes()),
            Cow::Owned(text) => Bytes::from(text),
        })
    }

    /// Bytes.
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::of(Content::Bytes(bytes.into()))
    }

    /// A value as JSON.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    #[cfg(feature = "json")]
    pub fn json<T: serde::Serialize + ?Sized>(
        value: &T,
    ) -> Result<Self, buttress_kernel::BoxError> {
        let part = Self::bytes(serde_json::to_vec(value)?);
        Ok(part.media_type(HeaderValue::from_static("application/json")))
    }

    /// A file, read each time the form is sent, under its own name; see
    /// [`Payload::file`](crate::Payload::file).
    ///
    /// # Errors
    ///
    /// When there is no such file.
    #[cfg(feature = "fs")]
    pub fn file(path: impl AsRef<std::path::Path>) -> Result<Self, buttress_kernel::BoxError> {
        let path = path.as_ref();
        let file = FileBody::at(path)?;
        let name = path.file_name().unwrap_or_default();
        Ok(Self::of(Content::File(file)).file_name(name.to_string_lossy()))
    }

    /// The name under which a server may keep it. A part that has one is a file.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = Some(name.into());
        self
    }

    /// The content type; without one, a file's is `application/octet-stream`, and a text has none.
    ///
    /// # Panics
    ///
    /// When `content_type` cannot stand in a header. For one that is not yours to choose, see
    /// [`media_type`](Self::media_type).
    pub fn content_type(self, content_type: &'static str) -> Self {
        self.media_type(HeaderValue::from_static(content_type))
    }

    /// The content type as a header has it.
    pub fn media_type(mut self, content_type: HeaderValue) -> Self {
        self.content_type = Some(content_type);
        self
    }

    pub(super) fn write_head(&self, name: &str, into: &mut String) {
        let _ = write!(
            into,
            "Content-Disposition: form-data; name=\"{}\"",
            Escaped(name)
        );
        if let Some(file_name) = &self.file_name {
            let _ = write!(into, "; filename=\"{}\"", Escaped(file_name));
        }
        let content_type = self
            .content_type
            .as_ref()
            .and_then(|value| value.to_str().ok());
        let default = self.file_name.as_ref().map(|_| "application/octet-stream");
        if let Some(content_type) = content_type.or(default) {
            let _ = write!(into, "\r\nContent-Type: {content_type}");
        }
        into.push_str("\r\n\r\n");
    }

    /// Its bytes, where they are there.
    pub(super) fn in_memory(&self) -> Option<&[u8]> {
        self.content.in_memory()
    }

    pub(super) fn into_content(self) -> Content {
        self.content
    }
}

/// A name in quotes, as browsers write it (WHATWG HTML, "multipart form data"): what would end the
/// quotes or the line is percent-encoded.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for char in self.0.chars() {
            match char {
                '"' => f.write_str("%22")?,
                '\r' => f.write_str("%0D")?,
                '\n' => f.write_str("%0A")?,
                _ => f.write_char(char)?,
            }
        }
        Ok(())
    }
}
