use std::error::Error as StdError;
use std::fmt;
use std::time::Instant;

use buttress_kernel::{BoxError, Failure, Kind, Sent};
use http::{Method, Request, Uri};

/// A call that brought no response.
///
/// One pointer large. A response of any status is not an error: it is a response. What went wrong is
/// answered by [`kind`](Self::kind) and the `is_…` predicates, which exclude one another; what each layer
/// knew is in the source chain ([`failure`](Self::failure)). Neither `Display` nor `Debug` shows a
/// query string, a header or a body.
///
/// ```
/// use buttress::{Client, Kind};
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
    pub fn kind(&self) -> Kind {
        self.failure().kind()
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

    /// Whether a time limit of ours ran out. A server's 408 is a response.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        self.kind() == Kind::Timeout
    }

    /// Whether no connection could be made.
    #[must_use]
    pub fn is_connect(&self) -> bool {
        self.kind() == Kind::Connect
    }

    /// Whether a connection broke, or the server did not speak HTTP.
    #[must_use]
    pub fn is_transport(&self) -> bool {
        self.kind() == Kind::Transport
    }

    /// Whether the server asked for a pause that is not over.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.kind() == Kind::Held
    }

    /// Whether a circuit breaker of ours is open.
    #[must_use]
    pub fn is_circuit_open(&self) -> bool {
        self.kind() == Kind::CircuitOpen
    }

    /// Whether a rate limit of ours refused.
    #[must_use]
    pub fn is_rate_limited(&self) -> bool {
        self.kind() == Kind::RateLimited
    }

    /// Whether the request itself was at fault and nothing was sent.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.kind() == Kind::Request
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

    /// A call whose URI could not be made of what was given.
    pub(crate) fn unlocated(method: Method, given: &str) -> Self {
        let path = given.split(['?', '#']).next().unwrap_or_default();
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

    #[test]
    fn an_error_is_one_pointer_large() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }
}
