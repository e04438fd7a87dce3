//! A request's body of any kind behind one type, which knows whether it can be sent again.

mod any;
mod reader;
mod shared;
mod source;
mod tee;

use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use self::source::Watched;
use self::tee::Tee;
use crate::{BoxError, Replay};

pub use self::source::Source;
pub use self::tee::NotWhole;

/// How much of a stream is kept for sending it again, unless set: 64 KiB.
pub const DEFAULT_REPLAY_LIMIT: usize = 64 * 1024;

/// Makes a body once more.
type Make = Arc<Mutex<dyn FnMut() -> BoxBody + Send>>;

type BoxBody = Pin<Box<dyn http_body::Body<Data = Bytes, Error = BoxError> + Send>>;

/// A body of any kind: nothing, bytes, a stream, or one that is [made anew](Self::from_fn) each time.
///
/// Bytes replay for free, and so does what is made anew. A stream is copied while it is sent, once somebody asked for a
/// [`Replay`], up to a [limit](Self::replay_limit) of 64 KiB; once more than that has been sent it
/// can no longer be sent again. Nothing is ever sent in part, and nothing empty in its place:
///
/// - Ask for the replay before the body is sent. Bytes that have been sent, and a stream that has
///   begun without anybody asking, have no replay.
/// - Of several readers of one stream, the one that began last goes on with it, after what is kept.
///   An earlier one is woken and gets [`NotWhole`], unless all of the stream is kept by then.
/// - A replay has the length that the stream promised at first, so a `Content-Length` stays right.
/// - A stream that failed, or ended before the length it promised, is not sent again.
///
/// ```
/// use buttress_kernel::{Body, Replay};
/// use http_body_util::StreamBody;
///
/// let bytes = Body::from(r#"{"name":"Ada"}"#);
/// assert!(bytes.can_replay());
///
/// let frames = futures_util::stream::empty::<Result<http_body::Frame<bytes::Bytes>, std::io::Error>>();
/// let stream = Body::stream(StreamBody::new(frames)).replay_limit(0);
/// assert!(!stream.can_replay(), "with a limit of 0 bytes a stream is sent once");
/// ```
///
/// # Cancellation
///
/// A body that is dropped while it is being sent leaves its replay able to send everything, as long
/// as the limit was not passed: what was taken from the stream is kept, and the rest is still there.
/// A stream that panics while it is polled counts as failed.
#[derive(Default)]
pub struct Body(Inner);

#[derive(Default)]
enum Inner {
    #[default]
    Empty,
    Bytes(Bytes),
    /// It was bytes, and they have been sent.
    Sent,
    Stream {
        body: BoxBody,
        limit: usize,
        begun: bool,
    },
    Tee(Tee),
    Made {
        body: BoxBody,
        make: Make,
    },
    /// One of the three above, which tells whose turn it is.
    Watched(Box<Watched>),
}

impl Inner {
    /// Whether what is not in memory says that it is over.
    fn is_over(&self) -> bool {
        match self {
            Self::Stream { body, .. } | Self::Made { body, .. } => body.is_end_stream(),
            Self::Tee(tee) => tee.is_end_stream(),
            Self::Watched(watched) => http_body::Body::is_end_stream(&watched.body),
            Self::Empty | Self::Sent | Self::Bytes(_) => false,
        }
    }
}

impl Body {
    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Inner::Empty)
    }

    /// A stream: any body whose frames hold bytes.
    #[must_use]
    pub fn stream<B>(body: B) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let body = Box::pin(body.map_err(Into::into));
        Self(Inner::Stream {
            body,
            limit: DEFAULT_REPLAY_LIMIT,
            begun: false,
        })
    }

    /// A body that is made anew each time it is sent: a file that is opened again, say. It can be sent again however
    /// long it is, and nothing of it is kept. What is made should be the same each time; its length is promised
    /// anew.
    ///
    /// ```
    /// use buttress_kernel::{Body, Replay};
    /// use http_body_util::Full;
    ///
    /// let mut body = Body::from_fn(|| Full::new(bytes::Bytes::from("made anew")));
    /// assert!(body.replay().is_some());
    /// ```
    #[must_use]
    pub fn from_fn<F, B>(mut make: F) -> Self
    where
        F: FnMut() -> B + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let mut make = move || -> BoxBody { Box::pin(make().map_err(Into::into)) };
        let body = make();
        let make = Arc::new(Mutex::new(make));
        Self(Inner::Made { body, make })
    }

    /// Passes a body that is [made anew](Self::from_fn) through something else each time it is made: packs it, say.
    ///
    /// # Errors
    ///
    /// Any other body comes back as it was.
    pub fn made_through<F, B>(self, mut through: F) -> Result<Self, Self>
    where
        F: FnMut(Self) -> B + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let make = match self.0 {
            Inner::Made { make, .. } => make,
            Inner::Watched(watched) => {
                let (body, watched) = watched.split();
                let passed = body.made_through(through);
                return match passed {
                    Ok(body) => Ok(watched.with(body)),
                    Err(body) => Err(watched.with(body)),
                };
            }
            other => return Err(Self(other)),
        };
        Ok(Self::from_fn(move || {
            let body = make.lock().unwrap_or_else(PoisonError::into_inner)();
            through(Self(Inner::Stream {
                body,
                limit: 0,
                begun: false,
            }))
        }))
    }

    /// Passes any body through something else, and keeps whether it can be sent again: bytes and what is [made
    /// anew](Self::from_fn) pass through each time, and a stream has the same [limit](Self::replay_limit).
    ///
    /// ```
    /// use buttress_kernel::{Body, Replay};
    /// use http_body_util::{Full, Limited};
    ///
    /// let once = Body::stream(Full::new(bytes::Bytes::from("once"))).replay_limit(0);
    /// assert!(!once.through(|body| Limited::new(body, 10)).can_replay());
    /// ```
    #[must_use]
    pub fn through<F, B>(self, mut through: F) -> Self
    where
        F: FnMut(Self) -> B + Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (inner, limit, begun) = match self.0 {
            Inner::Empty => return Self::from_fn(move || through(Self::empty())),
            Inner::Bytes(bytes) => {
                return Self::from_fn(move || through(Self(Inner::Bytes(bytes.clone()))));
            }
            Inner::Watched(watched) => {
                let (body, watched) = watched.split();
                return watched.with(body.through(through));
            }
            Inner::Made { .. } => {
                return self.made_through(through).unwrap_or_else(|body| body);
            }
            Inner::Stream { limit, begun, .. } => (self.0, limit, begun),
            Inner::Tee(ref tee) => {
                let (limit, begun) = (tee.limit(), tee.has_begun());
                (self.0, limit, begun)
            }
            Inner::Sent => (self.0, 0, true),
        };
        let body = Box::pin(through(Self(inner)).map_err(Into::into));
        Self(Inner::Stream { body, limit, begun })
    }

    /// Keeps at most `bytes` of a stream for sending it again; 0 means that it is sent once. Has
    /// no effect on a body that is not a stream, and none once it has been asked for a replay.
    #[must_use]
    pub fn replay_limit(mut self, bytes: usize) -> Self {
        match &mut self.0 {
            Inner::Stream { limit, .. } => *limit = bytes,
            Inner::Watched(watched) => {
                let body = mem::take(&mut watched.body);
                watched.body = body.replay_limit(bytes);
            }
            _ => {}
        }
        self
    }

    /// The whole body, where it lies in memory already.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match &self.0 {
            Inner::Empty => Some(&[]),
            Inner::Bytes(bytes) => Some(bytes),
            Inner::Sent
            | Inner::Stream { .. }
            | Inner::Tee(_)
            | Inner::Made { .. }
            | Inner::Watched(_) => None,
        }
    }
}

impl Body {
    /// Keeps a stream from now on, if it is not kept already.
    fn replay_stream(&mut self) -> Option<Self> {
        if !self.can_replay() {
            return None;
        }
        self.0 = match mem::take(&mut self.0) {
            Inner::Stream { body, limit, .. } => Inner::Tee(Tee::new(body, limit)),
            other => other,
        };
        match &self.0 {
            Inner::Tee(tee) => tee.replay().map(|tee| Self(Inner::Tee(tee))),
            _ => None,
        }
    }
}

impl Replay for Body {
    fn replay(&mut self) -> Option<Self> {
        match &mut self.0 {
            Inner::Empty => Some(Self::empty()),
            Inner::Bytes(bytes) => Some(Self(Inner::Bytes(bytes.clone()))),
            Inner::Sent => None,
            Inner::Stream { .. } | Inner::Tee(_) => self.replay_stream(),
            Inner::Watched(watched) => watched.replay(),
            Inner::Made { make, .. } => {
                let body = make.lock().unwrap_or_else(PoisonError::into_inner)();
                let make = Arc::clone(make);
                Some(Self(Inner::Made { body, make }))
            }
        }
    }

    fn can_replay(&self) -> bool {
        match &self.0 {
            Inner::Empty | Inner::Bytes(_) | Inner::Made { .. } => true,
            Inner::Sent => false,
            // A stream that says it is longer than what is kept is not worth copying.
            Inner::Stream { body, limit, begun } => {
                !begun && *limit > 0 && body.size_hint().lower() <= *limit as u64
            }
            Inner::Tee(tee) => tee.can_replay(),
            Inner::Watched(watched) => watched.body.can_replay(),
        }
    }

    fn is_whole(&self) -> bool {
        match &self.0 {
            Inner::Tee(tee) => tee.is_whole(),
            Inner::Watched(watched) => watched.body.is_whole(),
            _ => true,
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Inner::Empty | Inner::Sent => Poll::Ready(None),
            Inner::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Inner::Bytes(bytes) => {
                let bytes = mem::take(bytes);
                self.0 = Inner::Sent;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Inner::Stream { body, begun, .. } => {
                *begun = true;
                body.as_mut().poll_frame(cx)
            }
            Inner::Tee(tee) => tee.poll_frame(cx),
            Inner::Watched(watched) => watched.poll_frame(cx),
            Inner::Made { body, .. } => body.as_mut().poll_frame(cx),
        }
    }

    #[inline]
    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Empty | Inner::Sent => true,
            Inner::Bytes(bytes) => bytes.is_empty(),
            more => more.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Empty | Inner::Sent => SizeHint::with_exact(0),
            Inner::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Inner::Stream { body, .. } | Inner::Made { body, .. } => body.size_hint(),
            Inner::Tee(tee) => tee.size_hint(),
            Inner::Watched(watched) => watched.body.size_hint(),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the bytes: bodies hold secrets.
        f.write_str(match &self.0 {
            Inner::Empty => "Body(empty)",
            Inner::Bytes(_) | Inner::Sent => "Body(bytes)",
            Inner::Stream { .. } | Inner::Tee(_) | Inner::Made { .. } | Inner::Watched(_) => {
                "Body(stream)"
            }
        })
    }
}

macro_rules! from_bytes {
    ($($type:ty),*) => {$(
        impl From<$type> for Body {
            fn from(bytes: $type) -> Self {
                Self(Inner::Bytes(Bytes::from(bytes)))
            }
        }
    )*};
}

from_bytes!(Bytes, Vec<u8>, String, &'static str, &'static [u8]);

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::empty()
    }
}
