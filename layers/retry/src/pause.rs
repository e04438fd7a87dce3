use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Buf;
use http::Request;
use pin_project_lite::pin_project;
use tokio::time::{self, Sleep};

use crate::budget::Grant;

/// How long a failed response may take to end. What has not arrived by then is slower than a new
/// connection.
const DRAIN_FOR: Duration = Duration::from_millis(100);

pin_project! {
    /// The time between two attempts.
    ///
    /// The failed response is read meanwhile, so that its connection can be used again; it is
    /// dropped when it ends, when it turns out to be long, and after a tenth of a second at the latest.
    pub(crate) struct Pause<B, R> {
        #[pin]
        failed: Option<R>,
        // Bytes that may still be read.
        left: u64,
        #[pin]
        sleep: Sleep,
        until: time::Instant,
        over: bool,
        planned: Option<Planned<B>>,
    }
}

impl<B, R: http_body::Body> Pause<B, R> {
    pub(crate) fn new(failed: Option<R>, drain: u64, wait: Duration, planned: Planned<B>) -> Self {
        let worth_reading = |body: &R| !body.is_end_stream() && body.size_hint().lower() <= drain;
        let failed = failed.filter(worth_reading);
        let whole = time::sleep(wait);
        let until = whole.deadline();
        let sleep = match failed {
            Some(_) if wait > DRAIN_FOR => time::sleep(DRAIN_FOR),
            _ => whole,
        };
        Self {
            failed,
            left: drain,
            sleep,
            until,
            over: false,
            planned: Some(planned),
        }
    }

    /// Ready when it is time for the next attempt, and from then on.
    pub(crate) fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while !self.over {
            self.as_mut().drain(cx);
            let mut this = self.as_mut().project();
            ready!(this.sleep.as_mut().poll(cx));
            this.failed.set(None);
            *this.over = this.sleep.deadline() >= *this.until;
        }
        Poll::Ready(())
    }

    fn drain(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        let mut this = self.project();
        while let Some(body) = this.failed.as_mut().as_pin_mut() {
            match body.poll_frame(cx) {
                Poll::Pending => return,
                Poll::Ready(Some(Ok(frame))) => {
                    // An empty frame counts as a byte, so that a stream of them ends as well.
                    let length = frame.data_ref().map_or(1, |data| data.remaining().max(1)) as u64;
                    match this.left.checked_sub(length) {
                        Some(left) => *this.left = left,
                        None => this.failed.set(None),
                    }
                }
                Poll::Ready(None | Some(Err(_))) => this.failed.set(None),
            }
        }
        if this.sleep.deadline() < *this.until {
            this.sleep.reset(*this.until);
        }
    }
}

impl<B, R> Pause<B, R> {
    /// What was waited for; it can be taken once.
    pub(crate) fn take(self: Pin<&mut Self>) -> Planned<B> {
        self.project()
            .planned
            .take()
            .expect("an attempt is made once")
    }
}

/// The attempt that comes after a pause.
pub(crate) struct Planned<B> {
    pub(crate) request: Request<B>,
    pub(crate) grant: Grant,
    /// When it was decided to make it.
    pub(crate) decided: Instant,
}
