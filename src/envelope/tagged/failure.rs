use http::StatusCode;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::marks::ErrorMark;
use super::{Meta, TAG};
use crate::Pointer;
use crate::envelope::ApiError;
use crate::envelope::pointers::{status, text};

static ERROR: Pointer = Pointer::from_static("/error");

/// What went wrong: `{"t":"error","error":{…}}`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure<M = Meta, O = Obstruction> {
    t: ErrorMark,
    /// The error.
    pub error: ErrorBody<O>,
    /// What else is to be said.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub meta: Option<M>,
}

/// An error of the [tagged](super) envelope.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct ErrorBody<O = Obstruction> {
    /// A few words that do not vary.
    pub title: String,
    /// The API's own code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The status.
    pub status: u16,
    /// What happened this time.
    pub detail: String,
    /// What the user can do something about.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub obstructions: Option<Vec<O>>,
}

/// Something that stands in the way, and that the user can do something about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Obstruction<D = Value> {
    /// Which one it is.
    pub code: String,
    /// What to tell the user.
    pub text: String,
    /// The values in the text. Some servers call them `params`.
    #[serde(
        default = "none",
        alias = "params",
        skip_serializing_if = "Option::is_none"
    )]
    pub data: Option<D>,
}

const fn none<T>() -> Option<T> {
    None
}

impl<M, O> Failure<M, O> {
    /// An error.
    #[must_use]
    pub const fn new(error: ErrorBody<O>) -> Self {
        let (t, meta) = (ErrorMark, None);
        Self { t, error, meta }
    }
}

/// The error in a body that says it is one, with whatever of it can be read: a server in trouble does not
/// write its best documents, and a failure must not turn into a success for that.
pub(super) fn told(body: &[u8]) -> Option<ApiError> {
    let tag = TAG.find::<Value>(body).ok()??;
    if tag != "error" {
        return None;
    }
    let error = ERROR.find::<Value>(body).ok().flatten().unwrap_or_default();
    let part = |name: &str| error.get(name).and_then(text);
    Some(ApiError::told(
        error.get("status").and_then(status),
        part("code"),
        part("title"),
        part("detail"),
        error.get("obstructions").cloned().unwrap_or_default(),
    ))
}

impl<O: Serialize> From<ErrorBody<O>> for ApiError {
    fn from(body: ErrorBody<O>) -> Self {
        let obstructions = serde_json::to_value(&body.obstructions).unwrap_or_default();
        let status = StatusCode::from_u16(body.status).ok();
        Self::told(
            status,
            body.code,
            Some(body.title),
            Some(body.detail),
            obstructions,
        )
    }
}

impl<M, O: Serialize> From<Failure<M, O>> for ApiError {
    fn from(failure: Failure<M, O>) -> Self {
        failure.error.into()
    }
}

impl ApiError {
    /// What the user can do something about, where the error came in the
    /// [tagged](crate::envelope::tagged) envelope and its `D` fits; else nothing.
    #[must_use]
    pub fn obstructions<D: DeserializeOwned>(&self) -> Vec<Obstruction<D>> {
        self.details().unwrap_or_default()
    }
}
