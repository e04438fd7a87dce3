//! A stored body that is not in memory: its store gives it piece by piece, and may fail in between.

use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;

use crate::policy::Rest;
use crate::store::Key;
use crate::telemetry;

pub(crate) type Polled = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

/// A body of so many bytes, neither more nor fewer.
pub(crate) struct Counted {
    /// None once it is over.
    body: Option<Body>,
    left: u64,
}

impl Counted {
    pub(crate) const fn new(body: Body, length: u64) -> Self {
        Self {
            body: Some(body),
            left: length,
        }
    }

    fn count(
        &mut self,
        polled: Option<Result<Frame<Bytes>, BoxError>>,
    ) -> Option<Result<Frame<Bytes>, BoxError>> {
        let frame = match polled {
            Some(Ok(frame)) => frame,
            None if self.left > 0 => return Some(Err("a body was cut short".into())),
            end => return end,
        };
        let length = frame.data_ref().map_or(0, Bytes::len) as u64;
        let Some(left) = self.left.checked_sub(length) else {
            return Some(Err("a body is longer than announced".into()));
        };
        self.left = left;
        Some(Ok(frame))
    }
}

impl http_body::Body for Counted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = ready!(Pin::new(body).poll_frame(cx));
        let counted = self.count(polled);
        if !matches!(counted, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(counted)
    }

    fn is_end_stream(&self) -> bool {
        let is_end = |body: &Body| self.left == 0 && body.is_end_stream();
        self.body.as_ref().is_none_or(is_end)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// What is to be sent of a stored body, and what the origin could be asked for in its place.
pub(crate) struct Kept {
    body: Counted,
    pub(crate) key: Key,
    /// Nothing where what is missing cannot be asked for.
    pub(crate) rest: Option<Rest>,
}

impl Kept {
    pub(crate) fn new(key: Key, body: Body, length: u64, rest: Option<Rest>) -> Self {
        Self {
            body: Counted::new(body, length),
            key,
            rest,
        }
    }

    /// How many bytes are to come.
    pub(crate) const fn left(&self) -> u64 {
        self.body.left
    }
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = BoxError;

    /// The next frame. That the store has failed is an event.
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
        let polled = ready!(Pin::new(&mut self.body).poll_frame(cx));
        match &polled {
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                if let Some(rest) = &mut self.rest {
                    rest.advance(length);
                }
            }
            Some(Err(error)) => telemetry::store_failed("body", &**error),
            None => {}
        }
        Poll::Ready(polled)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// All of a stored body; nothing, and an event, where the store fails.
pub(crate) async fn all_of(body: Body, length: u64) -> Option<Bytes> {
    match Counted::new(body, length).collect().await {
        Ok(all) => Some(all.to_bytes()),
        Err(error) => {
            telemetry::store_failed("body", &*error);
            None
        }
    }
}

/// All of a body, where a store has given it at once.
pub(crate) fn at_once(body: &mut Body) -> Option<Bytes> {
    body.as_bytes()?;
    let mut cx = Context::from_waker(Waker::noop());
    let polled = Pin::new(body).poll_frame(&mut cx);
    Some(match polled {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    })
}
