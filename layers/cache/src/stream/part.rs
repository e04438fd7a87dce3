//! The store's part in a body.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::filing::{HeldUp, Next};
use super::{Stream, now};
use crate::sync::lock;
use crate::wakers::wake;

/// What a body is put into a store with, in pieces.
///
/// Dropped, it leaves the body to its readers.
#[derive(Debug)]
pub(crate) struct Part(Arc<Stream>);

impl Part {
    pub(super) const fn of(stream: Arc<Stream>) -> Self {
        Self(stream)
    }

    /// The next piece that has not been [filed](Self::filed), as soon as it is worth one.
    ///
    /// # Cancellation
    ///
    /// Nothing is lost: the next call gives the same.
    pub(crate) async fn next(&mut self) -> Next {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    fn poll_next(&self, cx: &Context<'_>) -> Poll<Next> {
        let next = lock(&self.0.state).next_piece(cx.waker(), now());
        next.map_or(Poll::Pending, Poll::Ready)
    }

    /// The store has so many bytes more; why readers had to wait for that, if they had to, and for how long.
    pub(crate) fn filed(&mut self, length: usize) -> Option<(HeldUp, Duration)> {
        let (held_up, wakers) = lock(&self.0.state).filed(length as u64, now());
        wake(wakers);
        held_up
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let wakers = lock(&self.0.state).end_filing();
        wake(wakers);
    }
}
