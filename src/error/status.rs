use std::any::Any;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use buttress_kernel::{Attempt, Delay, Facts, Sent, SystemWallClock, WallClock};
use bytes::Bytes;
use http::response::Parts;
use http::{Extensions, HeaderMap, StatusCode};
use tokio::time::Instant;

/// A response that is no success, with what came of its body.
///
/// Found in an [`Error`](crate::Error) by [`response`](crate::Error::response).
pub struct StatusError {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    is_whole: bool,
    typed: Option<Box<dyn Any + Send + Sync>>,
    #[cfg(feature = "json")]
    api: Option<Box<crate::ApiError>>,
    pause: Option<Duration>,
    facts: Facts,
}

impl StatusError {
    pub(crate) fn new(head: &Parts, body: Bytes, is_whole: bool) -> Self {
        let pause = Delay::parse(&head.headers, SystemWallClock.now()).map(Delay::duration);
        Self {
            status: head.status,
            facts: facts(&head.extensions, pause),
            headers: head.headers.clone(),
            body,
            is_whole,
            typed: None,
            #[cfg(feature = "json")]
            api: None,
            pause,
        }
    }

    /// Keeps what an endpoint made of the body.
    pub(crate) fn with_typed<T: Any + Send + Sync>(mut self, typed: T) -> Self {
        self.typed = Some(Box::new(typed));
        self
    }

    /// Adds what the body tells in an API's own shape.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn with_api(mut self, told: crate::ApiError) -> Self {
        self.api = Some(Box::new(told));
        self
    }

    #[cfg(feature = "json")]
    pub(super) fn api(&self) -> Option<&crate::ApiError> {
        self.api.as_deref()
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub const fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What came of the body: at most 1 MiB, less when it broke off.
    #[must_use]
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether that is all of it.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub(super) fn typed<T: Any>(&self) -> Option<&T> {
        self.typed.as_ref()?.downcast_ref()
    }
}

fn facts(extensions: &Extensions, pause: Option<Duration>) -> Facts {
    let facts = Facts::default().sent(Sent::Yes);
    let facts = match extensions.get::<Attempt>() {
        Some(attempt) => facts.attempts(attempt.number().get()),
        None => facts,
    };
    let at = pause.and_then(|pause| Instant::now().into_std().checked_add(pause));
    match at {
        Some(at) => facts.retry_at(at),
        None => facts,
    }
}

impl fmt::Display for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server answered {}", self.status.as_u16())?;
        if let Some(reason) = self.status.canonical_reason() {
            write!(f, " {reason}")?;
        }
        match (self.pause, self.status.as_u16()) {
            (Some(pause), 429 | 503) => write!(f, "; it asks for a pause of {pause:?}"),
            (_, 401) => f.write_str("; check the credentials, or send some"),
            (_, 301 | 302 | 303 | 307 | 308) => f.write_str(
                "; it names another place, and the policy for redirects does not lead there",
            ),
            (_, 412) => f.write_str("; it has changed meanwhile, so read it again first"),
            (_, 413) => f.write_str("; send less at once"),
            (_, 415) => f.write_str("; send another content type"),
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for StatusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither headers nor body: both hold secrets.
        f.debug_struct("StatusError")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .field("is_whole", &self.is_whole)
            .finish_non_exhaustive()
    }
}

impl Error for StatusError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
