//! Finds the bytes of bodies that lie in memory.

use std::any::Any;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::Body;
use http_body_util::{Empty, Full};

use crate::Payload;

/// A body's bytes, which are nowhere copied.
pub(crate) enum InMemory<'a> {
    Here(&'a [u8]),
    Shared(Bytes),
}

impl Deref for InMemory<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Here(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// A body's bytes, if they are all in memory; nothing is taken from it.
///
/// Rust cannot ask a type parameter for what a few types can do, so those are asked by name. Any
/// other body is a stream, unless it says that it is at its end.
pub(crate) fn in_memory<B: Body + 'static>(body: &B) -> Option<InMemory<'_>> {
    let any: &dyn Any = body;
    if let Some(body) = any.downcast_ref::<buttress_kernel::Body>()
        && let Some(bytes) = body.as_bytes()
    {
        return Some(InMemory::Here(bytes));
    }
    if let Some(text) = any.downcast_ref::<String>() {
        return Some(InMemory::Here(text.as_bytes()));
    }
    if let Some(full) = any.downcast_ref::<Full<Bytes>>() {
        return Some(InMemory::Shared(of_full(full.clone())));
    }
    (body.is_end_stream() || any.is::<Empty<Bytes>>()).then_some(InMemory::Here(&[]))
}

/// A `Full` gives everything at the first poll.
fn of_full(mut full: Full<Bytes>) -> Bytes {
    let mut cx = Context::from_waker(Waker::noop());
    match Pin::new(&mut full).poll_frame(&mut cx) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        Poll::Ready(Some(Err(never))) => match never {},
        Poll::Ready(None) | Poll::Pending => Bytes::new(),
    }
}

pub(crate) fn payload<'a>(bytes: Option<&'a InMemory<'_>>) -> Payload<'a> {
    bytes.map_or(Payload::Stream, |bytes| Payload::Bytes(bytes))
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    fn bytes<B: Body + 'static>(body: &B) -> Option<Vec<u8>> {
        in_memory(body).map(|bytes| bytes.to_vec())
    }

    #[test]
    fn bodies_in_memory_are_read_without_being_taken() {
        let full = Full::new(Bytes::from("a"));
        assert_eq!(in_memory(&full).as_deref(), Some(&b"a"[..]));
        assert_eq!(in_memory(&full).as_deref(), Some(&b"a"[..]));
        assert_eq!(
            bytes(&buttress_kernel::Body::from("a")),
            Some(b"a".to_vec())
        );
        assert_eq!(bytes(&"a".to_owned()), Some(b"a".to_vec()));
        assert_eq!(bytes(&Empty::<Bytes>::new()), Some(vec![]));
        assert_eq!(bytes(&buttress_kernel::Body::empty()), Some(vec![]));
    }

    #[test]
    fn no_body_is_copied_to_be_read() {
        let bytes = Bytes::from(vec![0; 100]);
        let place = |bytes: Option<InMemory<'_>>| bytes.map(|bytes| bytes.as_ptr());
        let full = Full::new(bytes.clone());
        assert_eq!(place(in_memory(&full)), Some(bytes.as_ptr()));
        let body = buttress_kernel::Body::from(bytes.clone());
        assert_eq!(place(in_memory(&body)), Some(bytes.as_ptr()));
    }

    #[test]
    fn a_stream_is_not_in_memory_unless_it_is_over() {
        let stream = Full::new(Bytes::from("a")).map_frame(|frame| frame);
        assert_eq!(bytes(&buttress_kernel::Body::stream(stream.clone())), None);
        assert_eq!(bytes(&stream), None);
        assert_eq!(
            bytes(&Full::<Bytes>::default().map_frame(|frame| frame)),
            Some(vec![])
        );
    }
}
