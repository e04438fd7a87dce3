use std::error::Error as StdError;
use std::fmt;
use std::time::Instant;

use buttress_kernel::{BoxError, Facts, Failure, Sent};
use bytes::Bytes;
use http::{Method, StatusCode, Uri};

use crate::redirect::NotFollowed;

mod answer;
mod call;
mod decode;
mod kind;
mod predicates;
#[cfg(feature = "json")]
mod problem;
mod status;

pub(crate) use self::answer::{Answer, BrokenBody};
pub(crate) use self::call::{Call, redacted};
pub use self::decode::{DecodeError, TooLarge};
#[cfg(feature = "json")]
pub(crate) use self::decode::{Misplaced, Place};
pub use self::kind::ErrorKind;
#[cfg(feature = "json")]
pub use self::problem::Problem;
pub use self::status::StatusError;
#[cfg(feature = "json")]
use crate::envelope::ApiError;
#[cfg(feature = "json")]
use crate::pages::{Astray, FailedPage};

/// A call that brought nothing, or not what was wanted.
///
/// One pointer large. To [`send`](crate::RequestBuilder::send) a response of any status is a response;
/// whatever gives its body a type ([`json`](crate::Response::json), [`call`](crate::Client::call)) makes an
/// error of one that is no success. What went wrong is answered by [`kind`](Self::kind) and the `is_…`
/// predicates, of which exactly one is true; what each layer knew is in the source chain
/// ([`failure`](Self::failure)). Neither `Display` nor `Debug` shows a query string, a header or a
/// body.
///
/// `Display` shows the text of the layer's error, and [`source`](std::error::Error::source) goes on behind
/// it, so that a reporter that prints the chain (`{:#}` of anyhow and eyre) says nothing twice. The
/// layer's error itself is found with [`Failure::find`], from this error or from any that wraps it.
///
/// ```
/// use buttress::Client;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder().base_uri("http://127.0.0.1:1").retry(None).build()?;
/// let error = client.get("/users?token=s3cret").send().await.unwrap_err();
///
/// assert!(error.is_connect());
/// assert!(error.sent().is_provably_unsent());
/// assert_eq!(
///     error.to_string(),
///     "GET http://127.0.0.1:1/users: no connection could be made",
/// );
/// # Ok(())
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    /// What was asked, where the request got so far.
    call: Option<Call>,
    /// The facts of the error whose text is shown as our own.
    facts: Facts,
    /// The page that was asked for, where pages are.
    #[cfg(feature = "json")]
    page: Option<FailedPage>,
}

impl Error {
    pub(crate) fn new(call: impl Into<Option<Call>>, source: BoxError) -> Self {
        let call = call.into();
        Self(Box::new(Inner {
            call,
            facts: Facts::default().told(source),
            #[cfg(feature = "json")]
            page: None,
        }))
    }

    /// The error of a success whose body could not be read as what it should be.
    pub(crate) fn unread(
        call: Call,
        answer: impl Into<Answer>,
        body: Bytes,
        fault: BoxError,
    ) -> Self {
        #[cfg(feature = "json")]
        if fault.is::<ApiError>() {
            return Self::new(call, fault).answered(answer.into());
        }
        Self::new(call, DecodeError::new(answer, body, fault).into())
    }

    /// The error as the stack returned it.
    fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        let facts = &self.0.facts;
        facts.behind().unwrap_or(facts)
    }

    /// With what the head tells of an answer whose error knows its body alone.
    #[cfg(feature = "json")]
    fn answered(self, answer: Answer) -> Self {
        let Inner { call, facts, page } = *self.0;
        let cause = facts.into_behind().unwrap_or_else(Into::into);
        let facts = answer.facts().told(cause);
        Self(Box::new(Inner { call, facts, page }))
    }

    #[cfg(feature = "json")]
    pub(crate) fn on_page(mut self, page: FailedPage) -> Self {
        self.0.page = Some(page);
        self
    }

    /// What sort of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let source = self.cause();
        #[cfg(feature = "json")]
        if let Some(kind) = self.kind_of_document() {
            return kind;
        }
        if let Some(response) = self.response() {
            ErrorKind::of_status(response.status())
        } else if source.is::<DecodeError>() {
            ErrorKind::Decode
        } else if source.is::<TooLarge>() {
            ErrorKind::TooLarge
        } else if self.redirect().is_some() {
            ErrorKind::Redirect
        } else {
            self.failure().kind().into()
        }
    }

    /// The kind of what only documents can tell.
    #[cfg(feature = "json")]
    fn kind_of_document(&self) -> Option<ErrorKind> {
        let source = self.cause();
        match source.downcast_ref::<ApiError>() {
            Some(told) => Some(told.status().map_or(ErrorKind::Api, ErrorKind::of_told)),
            None => source.is::<Astray>().then_some(ErrorKind::Astray),
        }
    }

    /// The kind as a word for logs and metrics, the same from release to release.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().as_str()
    }

    /// The method of the call.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        self.0.call.as_ref().map(Call::method)
    }

    /// The URI of the call, without user info and query, both of which may be secret; `None` where none could be
    /// made of what was given.
    #[must_use]
    pub fn uri(&self) -> Option<Uri> {
        let uri = self.0.call.as_ref()?.known_uri()?;
        redacted(uri).parse().ok()
    }

    /// Whether the request can have reached the server.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.failure().sent()
    }

    /// How many attempts were made.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.failure().attempts()
    }

    /// The instant before which trying again is pointless, if one is known.
    #[must_use]
    pub fn retry_at(&self) -> Option<Instant> {
        self.failure().retry_at()
    }

    /// The status of the server's answer, where one came.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        let source = self.cause();
        let decode = || source.downcast_ref().map(DecodeError::status);
        let too_large = || source.downcast_ref().map(TooLarge::status);
        let broken = || source.downcast_ref().map(BrokenBody::status);
        self.response()
            .map(StatusError::status)
            .or_else(decode)
            .or_else(too_large)
            .or_else(broken)
            .or_else(|| self.redirect().map(NotFollowed::status))
    }

    fn redirect(&self) -> Option<&NotFollowed> {
        self.failure().find()
    }

    /// The response, where it was one that is no success: its headers and what came of its body.
    #[must_use]
    pub fn response(&self) -> Option<&StatusError> {
        self.cause().downcast_ref()
    }

    /// The body of an error as the [`Endpoint`](crate::Endpoint) declares it, where it is one.
    #[must_use]
    pub fn body<T: 'static>(&self) -> Option<&T> {
        self.response()?.typed()
    }

    /// The body of an error, read as JSON.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(without_mark(self.response()?.body())).ok()
    }

    /// What the API told in a body of its own shape, whatever the status; see
    /// [`envelope`](crate::envelope).
    #[cfg(feature = "json")]
    #[must_use]
    pub fn api(&self) -> Option<&ApiError> {
        let answered = || self.response().and_then(StatusError::api);
        self.cause().downcast_ref().or_else(answered)
    }

    /// Which page it was, where [pages](crate::pages) were asked for: its number, and its position, from
    /// which to go on later.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn page(&self) -> Option<&FailedPage> {
        self.0.page.as_ref()
    }

    /// The server's explanation, where it is [one](Problem).
    #[cfg(feature = "json")]
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        let response = self.response()?;
        Problem::read(response.status(), response.headers(), response.body())
    }

    /// Where the body of a success is not what was expected: its bytes, and the place.
    #[must_use]
    pub fn decode_error(&self) -> Option<&DecodeError> {
        self.cause().downcast_ref()
    }

    /// How loudly to log it: a 404 quietly, a 5xx loudly.
    #[must_use]
    pub fn level(&self) -> tracing::Level {
        self.kind().level()
    }

    /// The view on the source chain: find a layer's own error with [`Failure::find`].
    #[must_use]
    pub fn failure(&self) -> Failure<'_> {
        Failure::of(&self.0.facts)
    }

    /// The error as the stack returned it.
    #[must_use]
    pub fn into_inner(self) -> BoxError {
        self.0.facts.into_behind().unwrap_or_else(Into::into)
    }
}

/// The text behind the mark that some servers put first (RFC 8259 §8.1 lets us pass over it).
#[cfg(feature = "json")]
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text)
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[cfg(feature = "json")]
        if let Some(page) = &self.0.page {
            write!(f, "page {}: ", page.number())?;
        }
        if let Some(call) = &self.0.call {
            write!(f, "{call}: ")?;
        }
        fmt::Display::fmt(self.cause(), f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("call", &self.0.call)
            .field("source", &self.cause())
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&self.0.facts)
    }
}

#[cfg(test)]
mod tests;
