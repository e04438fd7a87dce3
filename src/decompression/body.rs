use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use buttress_kernel::{BoxError, Facts, Failure, Kind, Sent};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_http::decompression::DecompressionBody;

use super::checked::Checked;

pin_project! {
    /// A response's body, unpacked where it came compressed.
    pub struct DecodedBody<B>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        #[pin]
        inner: Inner<B>,
    }
}

pin_project! {
    #[project = Projected]
    enum Inner<B>
    where
        B: Body,
        B::Error: Into<BoxError>,
    {
        Plain { #[pin] body: B },
        Decoded { #[pin] body: DecompressionBody<Checked<B>> },
    }
}

impl<B> DecodedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    pub(super) const fn plain(body: B) -> Self {
        let inner = Inner::Plain { body };
        Self { inner }
    }

    pub(super) const fn decoded(body: DecompressionBody<Checked<B>>) -> Self {
        let inner = Inner::Decoded { body };
        Self { inner }
    }
}

impl<B> Body for DecodedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.project().inner.project() {
            Projected::Plain { body } => body.poll_frame(cx).map_err(Into::into),
            Projected::Decoded { body } => body.poll_frame(cx).map_err(NotDecoded::of),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.inner {
            Inner::Plain { body } => body.is_end_stream(),
            Inner::Decoded { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.inner {
            Inner::Plain { body } => body.size_hint(),
            Inner::Decoded { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for DecodedBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DecodedBody").finish_non_exhaustive()
    }
}

/// A body that is not what its `Content-Encoding` says: damaged, cut, or something else.
#[derive(Debug)]
pub struct NotDecoded {
    facts: Facts,
}

impl NotDecoded {
    /// The decoder's errors; what the body below says of itself is passed on.
    fn of(error: BoxError) -> BoxError {
        if Failure::of(&*error).find::<Facts>().is_some() {
            return error;
        }
        let facts = Facts::new(Kind::Transport).sent(Sent::Yes).caused_by(error);
        Self { facts }.into()
    }
}

impl fmt::Display for NotDecoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the response's body is not what its Content-Encoding says; \
             send `accept-encoding: identity` to have it as it is",
        )
    }
}

impl Error for NotDecoded {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.facts)
    }
}
