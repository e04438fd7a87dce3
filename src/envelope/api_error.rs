use std::error::Error;
use std::fmt;

use buttress_kernel::{Facts, Sent};
use http::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An error as an API tells it in a body of its own shape.
///
/// Found in an [`Error`](crate::Error) by [`api`](crate::Error::api). `Display` and `Debug` show
/// nothing of what the API said, since that may hold what it was asked for.
#[derive(Default)]
pub struct ApiError {
    status: Option<StatusCode>,
    code: Option<String>,
    title: Option<String>,
    message: Option<String>,
    details: Value,
    facts: Facts,
}

impl ApiError {
    /// An error of which nothing is known.
    #[must_use]
    pub fn new() -> Self {
        Self {
            facts: Facts::default().sent(Sent::Yes),
            ..Self::default()
        }
    }

    pub(super) fn told(
        status: Option<StatusCode>,
        code: Option<String>,
        title: Option<String>,
        message: Option<String>,
        details: Value,
    ) -> Self {
        Self {
            status,
            code,
            title,
            message,
            details,
            ..Self::new()
        }
    }

    /// Sets the status that the body names, which need not be the response's.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Sets the API's own code.
    #[must_use]
    pub fn with_code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets the few words that do not vary.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what happened this time.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<String>) -> Self {
        self.message = Some(message.into());
        self
    }

    /// Sets whatever else the API told.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.details = details;
        self
    }

    /// The status that the body names, which need not be the response's.
    #[must_use]
    pub const fn status(&self) -> Option<StatusCode> {
        self.status
    }

    /// The API's own code; a number in its decimal form.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.code.as_deref()
    }

    /// A few words that do not vary from one time to the next.
    #[must_use]
    pub fn title(&self) -> Option<&str> {
        self.title.as_deref()
    }

    /// What happened; the title, where the API told no more.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref().or(self.title())
    }

    /// Whatever else the API told, as a `T`, where it is one.
    #[must_use]
    pub fn details<T: DeserializeOwned>(&self) -> Option<T> {
        T::deserialize(&self.details).ok()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server reports an error in the body of its answer")?;
        if let Some(status) = self.status {
            write!(f, ", of status {}", status.as_u16())?;
        }
        f.write_str("; `Error::api` has its words")
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("has_code", &self.code.is_some())
            .field("has_message", &self.message().is_some())
            .finish_non_exhaustive()
    }
}

impl Error for ApiError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
