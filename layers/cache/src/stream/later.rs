//! What a reader that has fallen behind reads, once the store has all of a body.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use super::state::BoxBody;
use crate::error::{FellBehind, FetchFailed};

/// The bytes of a body from some place on, or nothing if they cannot be had.
pub(crate) type Finding = Pin<Box<dyn Future<Output = Option<BoxBody>> + Send>>;

/// Where the bytes of a body can be had that a reader was too slow for.
pub(crate) trait Archive: Send + Sync + 'static {
    /// Those from there on, as soon as it is known what has become of the body.
    fn find(&self, from: u64) -> Finding;
}

/// The rest of a body, from elsewhere.
pub(super) enum Later {
    Finding(Finding),
    Found(BoxBody),
    Over,
}

impl Later {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Self::Finding(finding) = self {
            *self = match ready!(finding.as_mut().poll(cx)) {
                Some(body) => Self::Found(body),
                None => {
                    *self = Self::Over;
                    let error = FetchFailed::new(FellBehind.into());
                    return Poll::Ready(Some(Err(error.into())));
                }
            };
        }
        let Self::Found(body) = self else {
            return Poll::Ready(None);
        };
        let polled = ready!(body.as_mut().poll_frame(cx));
        if !matches!(polled, Some(Ok(_))) {
            *self = Self::Over;
        }
        Poll::Ready(polled)
    }

    pub(super) fn is_end_stream(&self) -> bool {
        match self {
            Self::Finding(_) => false,
            Self::Found(body) => body.is_end_stream(),
            Self::Over => true,
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Finding(_) => SizeHint::new(),
            Self::Found(body) => body.size_hint(),
            Self::Over => SizeHint::with_exact(0),
        }
    }
}
