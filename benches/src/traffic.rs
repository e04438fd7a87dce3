//! The requests that are sent, and how the service below answers them.

use std::pin::Pin;
use std::sync::LazyLock;
use std::task::{Context, Poll};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use http_body::Frame;

/// What one row sends and gets. Rows with equal traffic share a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// What is sent.
    pub request: Sends,
    /// When the answer comes.
    pub inner: Inner,
    /// What the answer carries.
    pub answer: Answer,
}

/// The request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// A GET with an absolute URI and nothing else, which costs next to nothing to build.
    Plain,
    /// A GET with eight headers, an absolute URI and no body.
    Get,
    /// The same, with what the caller formatted a moment ago: nothing in it is `'static`.
    GetOwned,
    /// A PUT with 256 bytes in memory.
    PutBytes,
    /// A POST with no body and no key that would make it safe to repeat.
    Post,
    /// A POST with a stream that cannot be sent twice.
    PostStream,
}

/// The inner future.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inner {
    /// Has the answer when it is polled first.
    Ready,
    /// Has it when it is polled for the second time.
    Pending,
}

/// The response's head; its body is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No header.
    Bare,
    /// Six headers of the usual kind, none of which means anything to a layer.
    SixHeaders,
}

impl Sends {
    /// In few words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "GET, no headers",
            Self::Get => "GET",
            Self::GetOwned => "GET, owned",
            Self::PutBytes => "PUT of bytes",
            Self::Post => "POST",
            Self::PostStream => "POST of a stream",
        }
    }
}

impl Inner {
    /// In one word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Pending => "pending",
        }
    }
}

impl Answer {
    /// In few words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::SixHeaders => "6 headers",
        }
    }
}

impl Traffic {
    /// `request`, answered at once by a response without headers.
    #[must_use]
    pub const fn of(request: Sends) -> Self {
        Self {
            request,
            inner: Inner::Ready,
            answer: Answer::Bare,
        }
    }

    /// The same, answered at the second poll.
    #[must_use]
    pub const fn pending(mut self) -> Self {
        self.inner = Inner::Pending;
        self
    }

    /// The same, answered by a response with six headers.
    #[must_use]
    pub const fn six_headers(mut self) -> Self {
        self.answer = Answer::SixHeaders;
        self
    }

    /// A fresh request.
    ///
    /// # Panics
    ///
    /// Never: everything in it is well formed.
    #[must_use]
    pub fn request(self) -> Request<Body> {
        let (method, body) = match self.request {
            Sends::Plain | Sends::Get | Sends::GetOwned => (Method::GET, Body::empty()),
            Sends::PutBytes => (Method::PUT, Body::from(vec![b'x'; 256])),
            Sends::Post => (Method::POST, Body::empty()),
            Sends::PostStream => (Method::POST, Body::stream(Unrepeatable).replay_limit(0)),
        };
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_static(URI);
        *request.headers_mut() = match self.request {
            Sends::Plain => HeaderMap::new(),
            Sends::GetOwned => headers(&REQUEST_HEADERS, owned),
            _ => headers(&REQUEST_HEADERS, HeaderValue::from_static),
        };
        if self.request == Sends::GetOwned {
            *request.uri_mut() = Uri::try_from(URI.to_owned()).expect("a URI");
        }
        request
    }
}

const URI: &str = "https://api.example.com/v1/users/42?expand=teams";

const REQUEST_HEADERS: [(&str, &str); 8] = [
    ("accept", "application/json"),
    ("accept-encoding", "gzip, br"),
    ("accept-language", "en"),
    ("user-agent", "example/1.0"),
    ("authorization", "Bearer 0123456789abcdef0123456789abcdef"),
    ("x-request-id", "b2f7c0f0-5d3b-4f0e-9a63-0c1f6d0f7b11"),
    (
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    ),
    ("x-tenant", "blue"),
];

const RESPONSE_HEADERS: [(&str, &str); 6] = [
    ("content-type", "application/json"),
    ("content-length", "0"),
    ("date", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ("server", "example"),
    ("etag", "\"5d3b\""),
    ("vary", "accept-encoding"),
];

/// The headers of [`Answer::SixHeaders`].
pub(crate) static SIX_HEADERS: LazyLock<HeaderMap> =
    LazyLock::new(|| headers(&RESPONSE_HEADERS, HeaderValue::from_static));

fn owned(text: &'static str) -> HeaderValue {
    HeaderValue::from_str(text).expect("a value")
}

fn headers(
    lines: &[(&'static str, &'static str)],
    value: impl Fn(&'static str) -> HeaderValue,
) -> HeaderMap {
    let line = |&(name, text)| (HeaderName::from_static(name), value(text));
    lines.iter().map(line).collect()
}

/// A body of unknown length that ends at once.
struct Unrepeatable;

impl http_body::Body for Unrepeatable {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Poll::Ready(None)
    }
}
