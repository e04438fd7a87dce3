use std::error::Error as StdError;
use std::fmt;
use std::time::Instant;

use buttress_kernel::{BoxError, Failure, Sent};
use http::{Method, Request, StatusCode, Uri};

mod decode;
mod kind;
mod predicates;
#[cfg(feature = "json")]
mod problem;
mod status;

pub use self::decode::{DecodeError, TooLarge};
#[cfg(feature = "json")]
pub(crate) use self::decode::{Misplaced, Place};
pub use self::kind::ErrorKind;
#[cfg(feature = "json")]
pub use self::problem::Problem;
pub use self::status::StatusError;

/// A call that brought nothing, or not what was wanted.
///
/// One pointer large. To [`send`](crate::RequestBuilder::send) a response of any status is a response;
/// whatever gives its body a type ([`json`](crate::Response::json), [`call`](crate::Client::call)) makes an
/// error of one that is no success. What went wrong is answered by [`kind`](Self::kind) and the `is_…`
/// predicates, of which exactly one is true; what each layer knew is in the source chain
/// ([`failure`](Self::failure)). Neither `Display` nor `Debug` shows a query string, a header or a
/// body.
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
    source: BoxError,
}

impl Error {
    pub(crate) fn new(call: impl Into<Option<Call>>, source: BoxError) -> Self {
        let call = call.into();
        Self(Box::new(Inner { call, source }))
    }

    /// What sort of thing went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let source = &self.0.source;
        if let Some(response) = self.response() {
            ErrorKind::of_status(response.status())
        } else if source.is::<DecodeError>() {
            ErrorKind::Decode
        } else if source.is::<TooLarge>() {
            ErrorKind::TooLarge
        } else {
            self.failure().kind().into()
        }
    }

    /// The kind as a word for logs and metrics, the same from release to release.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind().as_str()
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
        let source = &self.0.source;
        let decode = || source.downcast_ref().map(DecodeError::status);
        let too_large = || source.downcast_ref().map(TooLarge::status);
        self.response()
            .map(StatusError::status)
            .or_else(decode)
            .or_else(too_large)
    }

    /// The response, where it was one that is no success: its headers and what came of its body.
    #[must_use]
    pub fn response(&self) -> Option<&StatusError> {
        self.0.source.downcast_ref()
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
        serde_json::from_slice(self.response()?.body()).ok()
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
        self.0.source.downcast_ref()
    }

    /// How loudly to log it: a 404 quietly, a 5xx loudly.
    #[must_use]
    pub fn level(&self) -> tracing::Level {
        self.kind().level()
    }

    /// The view on the source chain: find a layer's own error with [`Failure::find`].
    #[must_use]
    pub fn failure(&self) -> Failure<'_> {
        Failure::of(&*self.0.source)
    }

    /// The error as the stack returned it.
    #[must_use]
    pub fn into_inner(self) -> BoxError {
        self.0.source
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(call) = &self.0.call {
            write!(f, "{call}: ")?;
        }
        self.0.source.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("call", &self.0.call)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(&*self.0.source)
    }
}

/// A call as errors name it: method and URI, shown without user info and query.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    target: Target,
}

#[derive(Clone)]
enum Target {
    Uri(Uri),
    /// What was given and is no URI, without what may be a query.
    Text(String),
}

impl Call {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            target: Target::Uri(request.uri().clone()),
        }
    }

    /// A call whose template has not been filled. Its names may be told, a query in it may not.
    pub(crate) fn unfilled(method: Method, template: &str) -> Self {
        let query = template.match_indices(['?', '#']).map(|(at, _)| at);
        let mut query = query.filter(|at| !template[..*at].ends_with('{'));
        Self::named(method, &template[..query.next().unwrap_or(template.len())])
    }

    /// A call whose URI could not be made of what was given.
    pub(crate) fn unlocated(method: Method, given: &str) -> Self {
        let shown = given.split(['?', '#']).next().unwrap_or_default();
        // A question mark may also belong to a password.
        let secret = given[shown.len()..].contains('@');
        let shown = match shown.split_once("://") {
            Some((scheme, _)) if secret => &given[..scheme.len() + "://".len()],
            _ => shown,
        };
        Self::named(method, shown)
    }

    fn named(method: Method, path: &str) -> Self {
        // User info may stand before the last `@`.
        let path = path.rsplit_once('@').map_or(path, |(_, rest)| rest);
        Self {
            method,
            target: Target::Text(path.escape_debug().take(256).collect()),
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.target {
            Target::Uri(uri) => write!(f, "{} {}", self.method, redacted(uri)),
            Target::Text(text) => write!(f, "{} {text}", self.method),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A URI without user info and query.
pub(crate) fn redacted(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default();
    let port = uri
        .port()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    let scheme = uri
        .scheme_str()
        .map(|scheme| format!("{scheme}://"))
        .unwrap_or_default();
    format!("{scheme}{host}{port}{}", uri.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ic71_neither_query_nor_user_info_is_named() {
        let uri = "https://u:p@example.com:8443/a/b?token=1#f";
        let call = Call::of(&Request::get(uri).body(()).unwrap());
        assert_eq!(call.to_string(), "GET https://example.com:8443/a/b");
        assert_eq!(format!("{call:?}"), call.to_string());
        assert_eq!(redacted(&"/a?b".parse().unwrap()), "/a");
    }

    fn of_kind(kind: ErrorKind) -> Error {
        use buttress_kernel::{Facts, Kind};
        use bytes::Bytes;

        let foreign = || "a foreign error".into();
        let answered = |status: u16| {
            let head = http::Response::builder().status(status).body(()).unwrap();
            StatusError::new(&head.into_parts().0, Bytes::new(), true).into()
        };
        let told = |kind| Facts::new(kind).into();
        let source: BoxError = match kind {
            ErrorKind::Timeout => told(Kind::Timeout),
            ErrorKind::Connect => told(Kind::Connect),
            ErrorKind::Transport => told(Kind::Transport),
            ErrorKind::CircuitOpen => told(Kind::CircuitOpen),
            ErrorKind::RateLimited => told(Kind::RateLimited),
            ErrorKind::Held => told(Kind::Held),
            ErrorKind::Unauthenticated => told(Kind::Unauthenticated),
            ErrorKind::Request => told(Kind::Request),
            ErrorKind::RequestBody => told(Kind::RequestBody),
            ErrorKind::Unauthorized => answered(401),
            ErrorKind::Forbidden => answered(403),
            ErrorKind::NotFound => answered(404),
            ErrorKind::Conflict => answered(409),
            ErrorKind::Validation => answered(422),
            ErrorKind::Throttled => answered(429),
            ErrorKind::Client => answered(408),
            ErrorKind::Server => answered(504),
            ErrorKind::Status => answered(304),
            ErrorKind::Decode => DecodeError::new(StatusCode::OK, Bytes::new(), foreign()).into(),
            ErrorKind::TooLarge => TooLarge::new(StatusCode::OK, 1).into(),
            ErrorKind::Other => foreign(),
        };
        Error::new(None, source)
    }

    #[test]
    fn w13_ic63_exactly_one_predicate_is_true_of_each_kind() {
        for (_, kind) in predicates::ALL {
            let error = of_kind(*kind);
            assert_eq!(error.kind(), *kind);
            assert_eq!(error.code(), kind.as_str());
            let holds = predicates::ALL.iter().filter(|(holds, _)| holds(&error));
            assert_eq!(holds.map(|(_, kind)| *kind).collect::<Vec<_>>(), [*kind]);
        }
    }

    #[test]
    fn w13_every_status_that_is_no_success_has_one_kind() {
        for status in (100..=999).filter(|status| !(200..300).contains(status)) {
            let kind = ErrorKind::of_status(StatusCode::from_u16(status).unwrap());
            let is_class = match status {
                400..=499 => kind != ErrorKind::Server && kind != ErrorKind::Status,
                500..=599 => kind == ErrorKind::Server,
                _ => kind == ErrorKind::Status,
            };
            assert!(is_class, "{status} is {kind}");
        }
    }

    #[test]
    fn codes_differ() {
        let mut codes: Vec<_> = predicates::ALL
            .iter()
            .map(|(_, kind)| kind.as_str())
            .collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), predicates::ALL.len());
    }

    #[test]
    fn ap32_a_level_says_how_loudly_to_log() {
        let level = |kind| of_kind(kind).level();
        assert_eq!(level(ErrorKind::NotFound), tracing::Level::INFO);
        assert_eq!(level(ErrorKind::Validation), tracing::Level::WARN);
        assert_eq!(level(ErrorKind::Server), tracing::Level::ERROR);
        assert_eq!(level(ErrorKind::Timeout), tracing::Level::ERROR);
    }

    #[test]
    fn an_error_is_one_pointer_large() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
