use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::Call;

/// How a [`Scripted`](super::Scripted) service deals with one call.
///
/// ```
/// use std::time::Duration;
/// use buttress_testkit::Step;
///
/// let slow = Step::status(503).header("retry-after", "2").after(Duration::from_millis(50));
/// let hangs = Step::hang();
/// let breaks = Step::error(|| std::io::Error::from(std::io::ErrorKind::ConnectionReset));
/// # drop((slow, hangs, breaks));
/// ```
#[derive(Clone, Debug)]
pub struct Step {
    end: End,
    pub(super) pending: u32,
    pub(super) after: Option<Duration>,
}

#[derive(Clone)]
enum End {
    Reply(Reply),
    Answer(MakeAnswer),
    Error(MakeError),
    Hang,
}

type MakeAnswer = Arc<dyn Fn(&Call) -> Response<Body> + Send + Sync>;
pub(super) type MakeError = Arc<dyn Fn() -> BoxError + Send + Sync>;
type MakeBody = Arc<dyn Fn() -> Body + Send + Sync>;

#[derive(Clone)]
struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    extensions: Extensions,
    body: MakeBody,
}

impl Step {
    /// Answers 200 with an empty body.
    #[must_use]
    pub fn ok() -> Self {
        Self::status(200)
    }

    /// Answers with this status and an empty body.
    ///
    /// # Panics
    ///
    /// If `status` is not between 100 and 999.
    #[must_use]
    pub fn status(status: u16) -> Self {
        Self::ending(End::Reply(Reply {
            status: StatusCode::from_u16(status).expect("a status is between 100 and 999"),
            headers: HeaderMap::new(),
            extensions: Extensions::new(),
            body: Arc::new(Body::empty),
        }))
    }

    /// Answers with what `make` makes of the call.
    #[must_use]
    pub fn answer(make: impl Fn(&Call) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::ending(End::Answer(Arc::new(make)))
    }

    /// Fails with a fresh error from `make`.
    #[must_use]
    pub fn error<E: Into<BoxError>>(make: impl Fn() -> E + Send + Sync + 'static) -> Self {
        Self::ending(End::Error(Arc::new(move || make().into())))
    }

    /// Never answers.
    #[must_use]
    pub fn hang() -> Self {
        Self::ending(End::Hang)
    }

    fn ending(end: End) -> Self {
        Self {
            end,
            pending: 0,
            after: None,
        }
    }

    /// Adds a header to the reply.
    ///
    /// # Panics
    ///
    /// If name or value are not valid in a header, or if this step is no reply with a status.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::try_from(name).expect("a valid header name");
        let value = HeaderValue::from_str(value).expect("a valid header value");
        self.reply().headers.append(name, value);
        self
    }

    /// Puts `extension` into the extensions of the reply.
    ///
    /// # Panics
    ///
    /// If this step is no reply with a status.
    #[must_use]
    pub fn extension<T: Clone + Send + Sync + 'static>(mut self, extension: T) -> Self {
        self.reply().extensions.insert(extension);
        self
    }

    /// Replies with this body. Bytes serve any number of calls, a stream only one; for more see
    /// [`body_with`](Self::body_with).
    ///
    /// # Panics
    ///
    /// If this step is no reply with a status; and later, when a second call comes for a stream.
    #[must_use]
    pub fn body(self, body: impl Into<Body>) -> Self {
        let body = body.into();
        if let Some(bytes) = body.as_bytes().map(Bytes::copy_from_slice) {
            return self.body_with(move || Body::from(bytes.clone()));
        }
        let once = Mutex::new(Some(body));
        self.body_with(move || {
            let body = once.lock().unwrap_or_else(PoisonError::into_inner).take();
            body.expect("a stream serves one call; use `Step::body_with` for more")
        })
    }

    /// Replies with a fresh body from `make`, so that a stream can serve any number of calls.
    ///
    /// # Panics
    ///
    /// If this step is no reply with a status.
    #[must_use]
    pub fn body_with(mut self, make: impl Fn() -> Body + Send + Sync + 'static) -> Self {
        self.reply().body = Arc::new(make);
        self
    }

    /// Ends this long after the call, by tokio's clock.
    #[must_use]
    pub fn after(mut self, delay: Duration) -> Self {
        self.after = Some(delay);
        self
    }

    /// Is pending for the first `polls` polls, waking itself each time.
    #[must_use]
    pub fn pending(mut self, polls: u32) -> Self {
        self.pending = polls;
        self
    }

    fn reply(&mut self) -> &mut Reply {
        match &mut self.end {
            End::Reply(reply) => reply,
            End::Answer(_) | End::Error(_) | End::Hang => {
                panic!("only `Step::ok` and `Step::status` have headers, extensions and a body")
            }
        }
    }

    /// The end of `call`, or `None` if it never comes.
    pub(super) fn end(&self, call: &Call) -> Option<Result<Response<Body>, BoxError>> {
        match &self.end {
            End::Reply(reply) => Some(Ok(reply.response())),
            End::Answer(make) => Some(Ok(make(call))),
            End::Error(make) => Some(Err(make())),
            End::Hang => None,
        }
    }
}

impl Reply {
    fn response(&self) -> Response<Body> {
        let mut response = Response::new((self.body)());
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers.clone();
        *response.extensions_mut() = self.extensions.clone();
        response
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => write!(f, "Reply({})", reply.status),
            Self::Answer(_) => f.write_str("Answer"),
            Self::Error(_) => f.write_str("Error"),
            Self::Hang => f.write_str("Hang"),
        }
    }
}
