//! Whose turn it is while a body is sent: its source's, or the peer's.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as _, Frame};

use super::{Body, Inner};
use crate::{BoxError, Replay};

/// Whether the source of a request's body has run dry; what the body tells about itself while it is sent.
///
/// A call that is not over in time is not always the server's fault. Where the body comes from
/// somebody else, such as a client of a proxy, that one may be who keeps the call waiting, and a
/// circuit breaker must not count that.
///
/// ```
/// # use std::future::Future;
/// # use std::pin::{Pin, pin};
/// # use std::task::{Context, Waker};
/// use buttress_kernel::Body;
/// use http_body_util::{BodyExt, StreamBody};
///
/// let silent = futures_util::stream::pending::<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>();
/// let (mut body, source) = Body::stream(StreamBody::new(silent)).watched();
/// let source = source.unwrap();
/// assert!(!source.is_dry(), "nobody has asked");
///
/// let mut cx = Context::from_waker(Waker::noop());
/// assert!(pin!(body.frame()).poll(&mut cx).is_pending());
/// assert!(source.is_dry());
/// drop(body);
/// assert!(!source.is_dry(), "nobody asks any more");
///
/// assert!(Body::from("in memory").watched().1.is_none());
/// ```
#[derive(Clone, Debug)]
pub struct Source(Arc<AtomicBool>);

impl Source {
    /// Whether the body was asked for more when it was polled last, and had nothing to give.
    #[must_use]
    pub fn is_dry(&self) -> bool {
        // A hint that orders nothing else.
        self.0.load(Ordering::Relaxed)
    }

    fn tell(&self, dry: bool) {
        self.0.store(dry, Ordering::Relaxed);
    }
}

/// A body that tells about its source.
pub(super) struct Watched {
    pub(super) body: Body,
    source: Source,
}

impl Watched {
    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        self.source.tell(polled.is_pending());
        polled
    }

    /// Another body with the same source.
    pub(super) fn with(&self, body: Body) -> Body {
        let source = self.source.clone();
        Body(Inner::Watched(Box::new(Self { body, source })))
    }

    pub(super) fn replay(&mut self) -> Option<Body> {
        let body = self.body.replay()?;
        Some(self.with(body))
    }

    /// The body and what goes around another one in its place.
    pub(super) fn split(mut self: Box<Self>) -> (Body, Box<Self>) {
        (std::mem::take(&mut self.body), self)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.source.tell(false);
    }
}

impl Body {
    /// The same body, and what it tells about its source while it is sent. `None` where there is nothing to
    /// wait for: no body, or bytes in memory.
    #[must_use]
    pub fn watched(self) -> (Self, Option<Source>) {
        match &self.0 {
            Inner::Empty | Inner::Bytes(_) | Inner::Sent => (self, None),
            Inner::Watched(watched) => {
                let source = watched.source.clone();
                (self, Some(source))
            }
            Inner::Stream { .. } | Inner::Tee(_) | Inner::Made { .. } => {
                let source = Source(Arc::default());
                let watched = Watched {
                    body: self,
                    source: source.clone(),
                };
                (Self(Inner::Watched(Box::new(watched))), Some(source))
            }
        }
    }
}
