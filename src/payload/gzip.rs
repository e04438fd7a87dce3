use std::io::Write;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderMap;
use http_body::Frame;

/// A body compressed on the way.
pub(super) struct GzipBody {
    inner: Body,
    /// `None` once it has written its end.
    encoder: Option<GzEncoder<Vec<u8>>>,
    trailers: Option<HeaderMap>,
}

/// A body in gzip. What lies in memory is packed at once, and can be sent again; so can what is made anew each time,
/// which is packed anew.
pub(super) fn gzip(body: Body) -> Result<Body, BoxError> {
    if let Some(bytes) = body.as_bytes() {
        let mut encoder = encoder();
        encoder.write_all(bytes)?;
        return Ok(encoder.finish()?.into());
    }
    let packed = body.made_through(GzipBody::new);
    Ok(packed.unwrap_or_else(|stream| Body::stream(GzipBody::new(stream))))
}

fn encoder() -> GzEncoder<Vec<u8>> {
    GzEncoder::new(Vec::new(), Compression::default())
}

impl GzipBody {
    fn new(inner: Body) -> Self {
        Self {
            inner,
            encoder: Some(encoder()),
            trailers: None,
        }
    }

    /// What has been packed so far.
    fn packed(&mut self) -> Option<Bytes> {
        let packed = mem::take(self.encoder.as_mut()?.get_mut());
        (!packed.is_empty()).then(|| packed.into())
    }

    fn pack(&mut self, data: &[u8]) -> Result<(), BoxError> {
        match &mut self.encoder {
            Some(encoder) => Ok(encoder.write_all(data)?),
            None => Ok(()),
        }
    }
}

impl http_body::Body for GzipBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        while self.encoder.is_some() {
            match ready!(Pin::new(&mut self.inner).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.pack(&data)?,
                    Err(frame) => self.trailers = frame.into_trailers().ok(),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let end = self.encoder.take().map(GzEncoder::finish).transpose()?;
                    let end = Bytes::from(end.unwrap_or_default());
                    return Poll::Ready(Some(Ok(Frame::data(end))));
                }
            }
            if let Some(packed) = self.packed() {
                return Poll::Ready(Some(Ok(Frame::data(packed))));
            }
        }
        let trailers = self.trailers.take();
        Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))))
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }
}
