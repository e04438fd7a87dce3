//! The body that a verified request has.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::BoxError;
use bytes::{Buf, Bytes};
use http_body::{Frame, SizeHint};
use pin_project_lite::pin_project;

use super::content_digest::Claims;
use crate::{Reason, Unverified};

pin_project! {
    /// A body that is compared, while it is read, with the digest that was signed.
    ///
    /// Nothing is buffered, so what has been read may still turn out to be somebody else's: act on it
    /// when the body has ended well. In place of its end, or of its last frame where the body knows
    /// that it is the last, comes [`Unverified`] when it is another body. Without a signed digest it is
    /// the body as it came.
    pub struct VerifiedBody<B> {
        #[pin]
        inner: B,
        claims: Option<Claims>,
    }
}

impl<B: http_body::Body> VerifiedBody<B> {
    /// An end that nobody will read is checked at once.
    pub(super) fn new(inner: B, claims: Option<Claims>) -> Result<Self, Reason> {
        match claims {
            Some(claims) if inner.is_end_stream() => {
                claims.finish()?;
                Ok(Self {
                    inner,
                    claims: None,
                })
            }
            claims => Ok(Self { inner, claims }),
        }
    }
}

impl<B> http_body::Body for VerifiedBody<B>
where
    B: http_body::Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut this = self.project();
        let frame = match ready!(this.inner.as_mut().poll_frame(cx)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(finish(this.claims).err().map(Err)),
        };
        let frame = frame.map_data(|mut data| data.copy_to_bytes(data.remaining()));
        if let (Some(claims), Some(data)) = (this.claims.as_mut(), frame.data_ref()) {
            claims.update(data);
        }
        if this.inner.is_end_stream() {
            finish(this.claims)?;
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.claims.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn finish(claims: &mut Option<Claims>) -> Result<(), BoxError> {
    let end = claims.take().map_or(Ok(()), Claims::finish);
    end.map_err(|reason| Unverified::from(reason).into())
}

impl<B> fmt::Debug for VerifiedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedBody").finish_non_exhaustive()
    }
}
