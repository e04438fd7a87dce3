use std::any::Any;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body as _;
use http_body_util::{Empty, Full};

use super::Body;
use crate::BoxError;

impl Body {
    /// Any body, without a second box around one that is a `Body` already, and without losing that
    /// bytes in memory can be sent again.
    ///
    /// ```
    /// use buttress_kernel::{Body, Replay};
    /// use http_body_util::Full;
    ///
    /// let body = Body::new(Full::new(bytes::Bytes::from("in memory")));
    /// assert!(body.can_replay());
    /// assert_eq!(body.as_bytes(), Some(&b"in memory"[..]));
    /// ```
    #[must_use]
    pub fn new<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut body = Some(body);
        let any: &mut dyn Any = &mut body;
        if let Some(body) = any.downcast_mut::<Option<Self>>() {
            return body.take().unwrap_or_default();
        }
        if let Some(full) = any.downcast_mut::<Option<Full<Bytes>>>() {
            return full.as_mut().map_or_else(Self::empty, in_memory);
        }
        if any.is::<Option<Empty<Bytes>>>() {
            return Self::empty();
        }
        body.map_or_else(Self::empty, Self::stream)
    }
}

/// A `Full` gives everything at the first poll.
fn in_memory(full: &mut Full<Bytes>) -> Body {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(full).poll_frame(&mut cx) {
        Poll::Ready(Some(Ok(frame))) => {
            frame.into_data().map_or_else(|_| Body::empty(), Body::from)
        }
        Poll::Ready(Some(Err(never))) => match never {},
        Poll::Ready(None) | Poll::Pending => Body::empty(),
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;
    use crate::Replay;

    #[test]
    fn bodies_in_memory_stay_replayable() {
        assert_eq!(
            Body::new(Full::new(Bytes::from("a"))).as_bytes(),
            Some(&b"a"[..])
        );
        assert_eq!(
            Body::new(Full::<Bytes>::default()).as_bytes(),
            Some(&b""[..])
        );
        assert_eq!(Body::new(Empty::new()).as_bytes(), Some(&b""[..]));
        assert!(Body::new(Body::from("a")).can_replay());
    }

    #[test]
    fn any_other_body_is_a_stream() {
        let body = Full::new(Bytes::from("a")).map_err(|never| match never {});
        let body = Body::new(body.map_err(|error: BoxError| error));
        assert_eq!(body.as_bytes(), None);
        assert!(body.can_replay());
    }
}
