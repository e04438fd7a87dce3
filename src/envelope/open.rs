use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;

use super::Envelope;
use crate::{Error, Response, StatusError};

/// What is in the envelope: the content, or the error as an error.
pub(crate) fn content<T: DeserializeOwned>(
    envelope: &impl Envelope,
    head: &Parts,
    body: &Bytes,
) -> Result<T, BoxError> {
    match envelope.error(head, body) {
        Some(error) => Err(error.into()),
        None => envelope.content(head, body),
    }
}

/// The error of a response that is no success, with what its body tells.
pub(crate) fn told(envelope: &impl Envelope, head: &Parts, refused: StatusError) -> StatusError {
    match envelope.error(head, refused.body()) {
        Some(told) => refused.with_api(told),
        None => refused,
    }
}

impl Response {
    /// The content of a success, taken out of its envelope, with status and headers around it. A 404 that is
    /// [asked for as an answer](crate::RequestBuilder::optional) is `None` for an `Option`.
    ///
    /// # Errors
    ///
    /// When the response is no success, or holds an error all the same ([`Error::api`] has what it
    /// says, in either case); when its body is larger than the [limit](Self::limit) or breaks off; and
    /// when its content is no `T`.
    ///
    /// # Cancellation
    ///
    /// Dropping the future drops the response.
    pub async fn open<T: DeserializeOwned>(
        self,
        envelope: &impl Envelope,
    ) -> Result<Response<T>, Error> {
        let response = if self.is_absent::<T>() {
            match self.absent() {
                Ok(absent) => return Ok(absent),
                Err(response) => *response,
            }
        } else {
            self
        };
        let opened = response.read_as(
            |head, body| content(envelope, head, body),
            |head, refused| told(envelope, head, refused),
        );
        opened.await
    }
}
