use buttress_kernel::Attempt;
use bytes::Bytes;
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, Uri, Version};
use http_body::SizeHint;
use tokio::time::Instant;

/// What a [`Scripted`](super::Scripted) service saw of one call.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Call {
    /// The request's method.
    pub method: Method,
    /// The request's URI.
    pub uri: Uri,
    /// The request's version.
    pub version: Version,
    /// The request's headers.
    pub headers: HeaderMap,
    /// The request's extensions.
    pub extensions: Extensions,
    /// Which attempt it was, if the request said so; the first says nothing.
    pub attempt: Option<Attempt>,
    /// When `call` was called, by tokio's clock.
    pub at: Instant,
    /// The bytes of the request's body as far as they were read; a
    /// [`Collecting`](super::Collecting) service alone reads them.
    pub body: Bytes,
    /// The request's trailers, if they were read.
    pub trailers: Option<HeaderMap>,
    /// What the request's body said about its size before it was read; nothing unless
    /// [`Collecting`](super::Collecting).
    pub size_hint: SizeHint,
}

impl Call {
    pub(super) fn new(head: Parts, size_hint: SizeHint) -> Self {
        Self {
            attempt: head.extensions.get().copied(),
            method: head.method,
            uri: head.uri,
            version: head.version,
            headers: head.headers,
            extensions: head.extensions,
            at: Instant::now(),
            body: Bytes::new(),
            trailers: None,
            size_hint,
        }
    }

    /// The value of a header as text, if it is there and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
