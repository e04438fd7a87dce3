//! Bodies that come from another thread, and those who read them.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use buttress_kernel::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame};
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::flight::Seat;
use crate::stream::{Archive, Held, Limits, Part, Reader, Room, Sink, Stream};
use crate::sync::lock;

/// A body whose frames come from another thread.
#[derive(Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Ends>>);

#[derive(Default)]
pub(crate) struct Ends {
    frames: VecDeque<Bytes>,
    closed: bool,
    waiting: Option<Waker>,
}

impl Pipe {
    pub(crate) fn push(&self, frame: Option<&'static [u8]>) {
        let mut ends = lock(&self.0);
        match frame {
            Some(frame) => ends.frames.push_back(Bytes::from_static(frame)),
            None => ends.closed = true,
        }
        let waiting = ends.waiting.take();
        drop(ends);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}

impl Body for Pipe {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut ends = lock(&self.0);
        if let Some(frame) = ends.frames.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(frame))));
        }
        if ends.closed {
            return Poll::Ready(None);
        }
        ends.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// What was told at the end, which must be one thing.
#[derive(Clone, Default)]
pub(crate) struct Told(pub(crate) Arc<Mutex<Vec<(&'static str, Bytes)>>>);

pub(crate) struct Tell(pub(crate) Told, pub(crate) Option<Seat>);

impl Tell {
    fn tell(&self, what: &'static str, body: Bytes) {
        lock(&self.0.0).push((what, body));
    }
}

impl Sink for Tell {
    fn complete(self: Box<Self>, body: Bytes, _: Held) {
        self.tell("complete", body);
    }

    fn cut(self: Box<Self>, body: Bytes, _: Held) {
        self.tell("cut", body);
    }

    fn too_long(self: Box<Self>) {
        self.tell("too long", Bytes::new());
    }

    fn crowded_out(self: Box<Self>) {
        self.tell("no room", Bytes::new());
    }

    fn archive(&mut self) -> Option<Box<dyn Archive>> {
        None
    }

    fn long(self: Box<Self>, _: Part) {
        unreachable!("bodies are held whole");
    }
}

pub(crate) fn begin(pipe: &Pipe, limit: u64, told: &Told) -> Reader {
    Stream::begin(
        Box::pin(pipe.clone()),
        Limits::whole(limit),
        &Room::of(100),
        Box::new(Tell(told.clone(), None)),
    )
}

pub(crate) async fn read(mut reader: Reader) -> Result<Vec<u8>, BoxError> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| reader.poll_frame(cx)).await {
        read.extend_from_slice(&frame?.into_data().unwrap_or_default());
    }
    Ok(read)
}

pub(crate) fn feed(pipe: &Pipe) -> thread::JoinHandle<()> {
    let pipe = pipe.clone();
    thread::spawn(move || {
        for frame in [Some(&b"abc"[..]), Some(b"defg"), Some(b"h"), None] {
            pipe.push(frame);
        }
    })
}
