use std::sync::Arc;

use buttress_kernel::BoxError;
use bytes::Bytes;
use http::response::Parts;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Paginator;
use crate::envelope::{Envelope, content, missing, told};
use crate::error::Misplaced;
use crate::response::json;
use crate::{ApiError, StatusError};

/// How items are taken out of a page.
#[derive(Clone)]
pub(super) enum Content {
    /// From where the paginator says.
    InPlace,
    InEnvelope(Arc<dyn Opener>),
}

/// An [`Envelope`] whose content has no type yet.
pub(super) trait Opener: Send + Sync {
    fn content(&self, head: &Parts, body: &Bytes) -> Result<Value, BoxError>;
    fn refused(&self, head: &Parts, refused: StatusError) -> StatusError;
}

impl<E: Envelope + Send + Sync> Opener for E {
    fn content(&self, head: &Parts, body: &Bytes) -> Result<Value, BoxError> {
        content(self, head, body)
    }

    fn refused(&self, head: &Parts, refused: StatusError) -> StatusError {
        told(self, head, refused)
    }
}

impl Content {
    /// The items of a success.
    pub(super) fn items<T: DeserializeOwned>(
        &self,
        paginator: &dyn Paginator,
        head: &Parts,
        body: &Bytes,
    ) -> Result<Vec<T>, BoxError> {
        paginator.accepts(head, body)?;
        // A list of which nothing is left is `null` for some.
        let items: Option<Vec<T>> = match self {
            Self::InPlace => {
                let at = paginator.items();
                at.find(body)?.ok_or_else(|| missing(at))?
            }
            Self::InEnvelope(envelope) => {
                json::read_value(&envelope.content(head, body)?, "").map_err(Misplaced)?
            }
        };
        Ok(items.unwrap_or_default())
    }

    /// What a response that is no success tells.
    pub(super) fn refused(
        &self,
        paginator: &dyn Paginator,
        head: &Parts,
        refused: StatusError,
    ) -> StatusError {
        match self {
            Self::InPlace => match paginator.accepts(head, refused.body()) {
                Err(fault) => match fault.downcast::<ApiError>() {
                    Ok(told) => refused.with_api(*told),
                    Err(_) => refused,
                },
                Ok(()) => refused,
            },
            Self::InEnvelope(envelope) => envelope.refused(head, refused),
        }
    }
}
