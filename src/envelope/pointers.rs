use buttress_kernel::BoxError;
use bytes::Bytes;
use http::StatusCode;
use http::response::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{ApiError, Envelope};
use crate::Pointer;

/// An [`Envelope`] whose parts JSON pointers find. Each part that is not set is not looked for; without
/// any, there is no envelope.
///
/// A response holds an error when the [flag](Self::flag) is false, or when something stands at the
/// place of the [error](Self::error): anything but `null`, `false`, `0`, and an empty text, list or
/// object, with which many APIs say that there is none. The status decides first: a response of an
/// error status is an error with or without one.
#[derive(Clone, Debug, Default)]
pub struct Pointers {
    content: Option<Pointer>,
    flag: Option<Pointer>,
    error: Option<Pointer>,
    code: Option<Pointer>,
    title: Option<Pointer>,
    message: Option<Pointer>,
    status: Option<Pointer>,
}

impl Pointers {
    /// No envelope yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the content is. A success without it is an error of the kind `decode`.
    #[must_use]
    pub fn content(mut self, at: Pointer) -> Self {
        self.content = Some(at);
        self
    }

    /// Where `false` says that the answer is an error.
    #[must_use]
    pub fn flag(mut self, at: Pointer) -> Self {
        self.flag = Some(at);
        self
    }

    /// Where an error stands: its message, or an object of which the rest of the pointers may find
    /// parts.
    #[must_use]
    pub fn error(mut self, at: Pointer) -> Self {
        self.error = Some(at);
        self
    }

    /// Where the API's own code stands, as text or a number.
    #[must_use]
    pub fn code(mut self, at: Pointer) -> Self {
        self.code = Some(at);
        self
    }

    /// Where the few words stand that do not vary.
    #[must_use]
    pub fn title(mut self, at: Pointer) -> Self {
        self.title = Some(at);
        self
    }

    /// Where the message stands.
    #[must_use]
    pub fn message(mut self, at: Pointer) -> Self {
        self.message = Some(at);
        self
    }

    /// Where the status stands that the error would have had. It decides of which
    /// [kind](crate::ErrorKind) an error in a response of a success status is.
    #[must_use]
    pub fn status(mut self, at: Pointer) -> Self {
        self.status = Some(at);
        self
    }

    fn has_error(&self, error: Option<&Value>, body: &[u8]) -> bool {
        let flag = look(self.flag.as_ref(), body);
        flag == Some(Value::Bool(false)) || error.is_some_and(|error| !is_none(error))
    }
}

impl Envelope for Pointers {
    fn error(&self, _: &Parts, body: &Bytes) -> Option<ApiError> {
        let error = look(self.error.as_ref(), body);
        if !self.has_error(error.as_ref(), body) {
            return None;
        }
        let found = |at: &Option<Pointer>| look(at.as_ref(), body).as_ref().and_then(text);
        let status = look(self.status.as_ref(), body).as_ref().and_then(status);
        let message = found(&self.message).or_else(|| error.as_ref().and_then(text));
        Some(ApiError::told(
            status,
            found(&self.code),
            found(&self.title),
            message,
            error.unwrap_or_default(),
        ))
    }

    fn content<T: DeserializeOwned>(&self, _: &Parts, body: &Bytes) -> Result<T, BoxError> {
        let at = self.content.as_ref().unwrap_or(&Pointer::ROOT);
        at.find(body)?.ok_or_else(|| missing(at))
    }
}

/// What is there, if anything: a body that is no JSON holds nothing that a pointer could find.
fn look(at: Option<&Pointer>, body: &[u8]) -> Option<Value> {
    at?.find(body).ok().flatten()
}

/// What stands in the place of an error where there is none.
fn is_none(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.is_empty(),
    }
}

pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A status, as a number or as its digits.
pub(super) fn status(value: &Value) -> Option<StatusCode> {
    StatusCode::from_bytes(text(value)?.as_bytes()).ok()
}

/// There is nothing where the content should be.
pub(crate) fn missing(at: &Pointer) -> BoxError {
    format!("there is nothing at `{}`", at.as_str().escape_debug()).into()
}
