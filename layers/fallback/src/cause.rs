use std::error::Error;
use std::fmt;
use std::sync::Arc;

use buttress_kernel::{BoxError, Failure, Kind};
use http::{Extensions, HeaderMap, StatusCode};

/// A failed call, as rules and closures see it: a response of status 400 or above, or an error.
#[derive(Clone, Copy)]
pub struct Failed<'a>(View<'a>);

#[derive(Clone, Copy)]
enum View<'a> {
    Response(StatusCode, &'a HeaderMap),
    Error(&'a (dyn Error + 'static)),
}

impl<'a> Failed<'a> {
    pub(crate) const fn response(status: StatusCode, headers: &'a HeaderMap) -> Self {
        Self(View::Response(status, headers))
    }

    pub(crate) fn error(error: &'a (dyn Error + 'static)) -> Self {
        Self(View::Error(error))
    }

    /// The response's status, where there was a response.
    #[must_use]
    pub const fn status(self) -> Option<StatusCode> {
        match self.0 {
            View::Response(status, _) => Some(status),
            View::Error(_) => None,
        }
    }

    /// The response's headers, where there was a response.
    #[must_use]
    pub const fn headers(self) -> Option<&'a HeaderMap> {
        match self.0 {
            View::Response(_, headers) => Some(headers),
            View::Error(_) => None,
        }
    }

    /// The error, where there was one.
    #[must_use]
    pub fn failure(self) -> Option<Failure<'a>> {
        match self.0 {
            View::Response(..) => None,
            View::Error(error) => Some(Failure::of(error)),
        }
    }

    /// What sort of error, where there was one.
    #[must_use]
    pub fn kind(self) -> Option<Kind> {
        self.failure().map(Failure::kind)
    }
}

/// The status, or the kind of error.
impl fmt::Display for Failed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            View::Response(status, _) => write!(f, "{}", status.as_u16()),
            View::Error(error) => Failure::of(error).kind().fmt(f),
        }
    }
}

impl fmt::Debug for Failed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The headers may hold secrets.
        write!(f, "Failed({self})")
    }
}

/// What a response stands for, in its extensions: the original failure. Absent from a response that
/// is no substitute.
#[derive(Clone, Debug)]
pub struct Fallback(Arc<Cause>);

#[derive(Debug)]
enum Cause {
    Status(StatusCode),
    Error(BoxError),
}

impl Fallback {
    pub(crate) fn from_status(status: StatusCode) -> Self {
        Self(Arc::new(Cause::Status(status)))
    }

    pub(crate) fn from_error(error: BoxError) -> Self {
        Self(Arc::new(Cause::Error(error)))
    }

    /// What a response with these extensions stands for, if it is a substitute.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The status of the original response, where there was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        match &*self.0 {
            Cause::Status(status) => Some(*status),
            Cause::Error(_) => None,
        }
    }

    /// The original error, where there was one.
    #[must_use]
    pub fn failure(&self) -> Option<Failure<'_>> {
        match &*self.0 {
            Cause::Status(_) => None,
            Cause::Error(error) => Some(Failure::of(&**error)),
        }
    }
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Cause::Status(status) => write!(f, "a substitute for {}", status.as_u16()),
            Cause::Error(error) => write!(f, "a substitute for: {error}"),
        }
    }
}
