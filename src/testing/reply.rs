use std::fmt;
use std::io;
use std::time::Duration;

use buttress_kernel::{BoxError, Sent, TransportError};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;

use super::body::{Ending, Pieces};
use buttress_kernel::Body;

/// What a mock does with a call: it answers, late if it must, or fails as servers and networks do.
///
/// ```
/// use std::time::Duration;
/// use buttress::testing::Reply;
///
/// let created = Reply::status(201).header("location", "/users/7").json(&[1, 2]);
/// let slow = Reply::ok().text("at last").delay(Duration::from_secs(3));
/// let cut = Reply::ok().text("half of it").reset_after(4);
/// let refused = Reply::connect_error();
/// # drop((created, slow, cut, refused));
/// ```
#[derive(Clone)]
#[must_use = "a reply is nothing until an expectation has it"]
pub struct Reply {
    end: End,
    delay: Duration,
}

#[derive(Clone)]
enum End {
    Answer(Answer),
    Fault(Fault),
    Hang,
}

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    pieces: Vec<Bytes>,
    pause: Duration,
    ending: Ending,
}

#[derive(Clone, Copy, Debug)]
enum Fault {
    Connect,
    Reset,
    Malformed,
}

impl Reply {
    /// 200 and no body.
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// This status and no body.
    ///
    /// # Panics
    ///
    /// If `status` is not between 100 and 999.
    pub fn status(status: u16) -> Self {
        Self::of(End::Answer(Answer {
            status: StatusCode::from_u16(status).expect("a status is between 100 and 999"),
            headers: HeaderMap::new(),
            pieces: Vec::new(),
            pause: Duration::ZERO,
            ending: Ending::Whole,
        }))
    }

    /// A [problem](crate::Problem) of this status: an error as RFC 9457 writes it.
    ///
    /// # Panics
    ///
    /// If `status` is not between 100 and 999.
    pub fn problem(status: u16, title: &str) -> Self {
        let problem = serde_json::json!({ "status": status, "title": title });
        Self::status(status)
            .header("content-type", "application/problem+json")
            .body(problem.to_string())
    }

    /// A file to be saved under this name.
    ///
    /// # Panics
    ///
    /// If `name` has characters that a header cannot hold in quotes.
    pub fn file(name: &str, content: impl Into<Bytes>) -> Self {
        assert!(!name.contains(['"', '\\']), "{name:?} needs no quotes");
        Self::ok()
            .header("content-type", "application/octet-stream")
            .header(
                "content-disposition",
                &format!("attachment; filename=\"{name}\""),
            )
            .body(content)
    }

    /// No connection can be made; the request has not left.
    pub const fn connect_error() -> Self {
        Self::of(End::Fault(Fault::Connect))
    }

    /// The connection breaks after the request and before the answer: nobody knows whether the server
    /// has acted.
    pub const fn reset() -> Self {
        Self::of(End::Fault(Fault::Reset))
    }

    /// What comes back is not HTTP.
    pub const fn malformed() -> Self {
        Self::of(End::Fault(Fault::Malformed))
    }

    /// Nothing comes back, and the connection stays.
    pub const fn hang() -> Self {
        Self::of(End::Hang)
    }

    const fn of(end: End) -> Self {
        let delay = Duration::ZERO;
        Self { end, delay }
    }

    /// Adds a header.
    ///
    /// # Panics
    ///
    /// If name or value cannot be in a header, or this is no answer.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a header's name");
        let value = HeaderValue::from_str(value).expect("a header's value");
        self.answer().headers.append(name, value);
        self
    }

    /// A body of JSON, with its content type unless one is set.
    ///
    /// # Panics
    ///
    /// If the value cannot be JSON, or this is no answer.
    pub fn json<T: Serialize + ?Sized>(self, value: &T) -> Self {
        let json = serde_json::to_vec(value).expect("a value that can be JSON");
        self.typed("application/json", json)
    }

    /// A body of text, with its content type unless one is set.
    ///
    /// # Panics
    ///
    /// If this is no answer.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.typed("text/plain; charset=utf-8", text.into())
    }

    /// A body, without a content type.
    ///
    /// # Panics
    ///
    /// If this is no answer.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.answer().pieces = vec![body.into()];
        self
    }

    /// A body that comes in pieces, with a pause before each but the first.
    ///
    /// # Panics
    ///
    /// If this is no answer.
    pub fn pieces<P: Into<Bytes>>(
        mut self,
        pieces: impl IntoIterator<Item = P>,
        pause: Duration,
    ) -> Self {
        let answer = self.answer();
        answer.pieces = pieces.into_iter().map(Into::into).collect();
        answer.pause = pause;
        self
    }

    /// Breaks the connection after so many bytes of the body.
    ///
    /// # Panics
    ///
    /// If this is no answer.
    pub fn reset_after(mut self, bytes: usize) -> Self {
        self.answer().ending = Ending::Reset(bytes);
        self
    }

    /// Sends nothing any more after so many bytes of the body, and keeps the connection.
    ///
    /// # Panics
    ///
    /// If this is no answer.
    pub fn stall_after(mut self, bytes: usize) -> Self {
        self.answer().ending = Ending::Stall(bytes);
        self
    }

    /// Waits so long before the head, or before the fault, by tokio's clock.
    pub const fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    pub(super) const fn delayed(&self) -> Duration {
        self.delay
    }

    fn typed(mut self, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let content_type = HeaderValue::from_static(content_type);
        let headers = &mut self.answer().headers;
        headers.entry(header::CONTENT_TYPE).or_insert(content_type);
        self.body(body)
    }

    fn answer(&mut self) -> &mut Answer {
        match &mut self.end {
            End::Answer(answer) => answer,
            End::Fault(_) | End::Hang => panic!("a fault has no head and no body"),
        }
    }

    /// What comes back, or `None` where nothing ever does.
    pub(super) fn end(self) -> Option<Result<Response<Body>, BoxError>> {
        match self.end {
            End::Answer(answer) => Some(Ok(answer.response())),
            End::Fault(fault) => Some(Err(fault.error().into())),
            End::Hang => None,
        }
    }
}

impl Answer {
    fn response(self) -> Response<Body> {
        let is_plain = self.pieces.len() < 2 && matches!(self.ending, Ending::Whole);
        let body = if is_plain {
            Body::from(self.pieces.into_iter().next().unwrap_or_default())
        } else {
            Body::stream(Pieces::new(self.pieces, self.pause, self.ending))
        };
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

impl Fault {
    fn error(self) -> TransportError {
        let io = |kind: io::ErrorKind| io::Error::from(kind);
        match self {
            Self::Connect => TransportError::connect(io(io::ErrorKind::ConnectionRefused)),
            Self::Reset => TransportError::broken(Sent::Maybe, io(io::ErrorKind::ConnectionReset)),
            Self::Malformed => TransportError::protocol(Sent::Yes, "what came is not HTTP"),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.end {
            End::Answer(answer) => write!(f, "Reply({})", answer.status.as_u16()),
            End::Fault(fault) => write!(f, "Reply({fault:?})"),
            End::Hang => f.write_str("Reply(Hang)"),
        }
    }
}
