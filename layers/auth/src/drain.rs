use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Buf;
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};

/// How long a rejection may take to end. What has not arrived by then is slower than a new connection.
const DRAIN_FOR: Duration = Duration::from_millis(100);

pin_project! {
    /// A response that nobody wants, read to its end if that is near, so that its connection can be
    /// used again, and dropped otherwise.
    pub(crate) struct Drain<R> {
        #[pin]
        body: Option<R>,
        // Bytes that may still be read.
        left: u64,
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<R> Drain<R> {
    pub(crate) const fn nothing() -> Self {
        Self {
            body: None,
            left: 0,
            sleep: None,
        }
    }
}

impl<R: http_body::Body> Drain<R> {
    pub(crate) fn of(body: R, most: u64) -> Self {
        let worth_reading = |body: &R| !body.is_end_stream() && body.size_hint().lower() <= most;
        let body = Some(body).filter(worth_reading);
        Self {
            sleep: body.is_some().then(|| time::sleep(DRAIN_FOR)),
            body,
            left: most,
        }
    }

    /// Reads what there is.
    pub(crate) fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while let Some(body) = this.body.as_mut().as_pin_mut() {
            match body.poll_frame(cx) {
                Poll::Pending => break,
                Poll::Ready(Some(Ok(frame))) => {
                    // An empty frame counts as a byte, so that a stream of them ends as well.
                    let length = frame.data_ref().map_or(1, |data| data.remaining().max(1)) as u64;
                    match this.left.checked_sub(length) {
                        Some(left) => *this.left = left,
                        None => this.body.set(None),
                    }
                }
                Poll::Ready(None | Some(Err(_))) => this.body.set(None),
            }
        }
        let sleep = this.sleep.as_mut().as_pin_mut();
        if this.body.is_some() && sleep.is_none_or(|sleep| sleep.poll(cx).is_ready()) {
            this.body.set(None);
        }
        if this.body.is_none() {
            this.sleep.set(None);
        }
    }

    /// Drops the rest.
    pub(crate) fn stop(self: Pin<&mut Self>) {
        let mut this = self.project();
        this.body.set(None);
        this.sleep.set(None);
    }
}
