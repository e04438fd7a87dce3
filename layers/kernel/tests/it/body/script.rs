//! A stream that does as it is told, and ways to read one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use buttress_kernel::{Body, BoxError};
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body as _, Frame, SizeHint};

pub(crate) enum Step {
    Data(Vec<u8>),
    Trailers(HeaderMap),
    Fail,
    Pending,
    Panic,
    /// Runs something in the middle of a poll, then goes on.
    Run(Box<dyn FnOnce() + Send>),
}

/// Gives its steps one after another, and counts how often it is polled when it is over.
pub(crate) struct Script {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) hint: SizeHint,
    /// Whether it says by itself that it is over.
    pub(crate) tells_end: bool,
    pub(crate) over: bool,
    /// Its life: lost when the stream is dropped.
    pub(crate) alive: Arc<()>,
}

impl Script {
    pub(crate) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: steps.into_iter().collect(),
            hint: SizeHint::new(),
            tells_end: false,
            over: false,
            alive: Arc::default(),
        }
    }

    pub(crate) fn exact(mut self, bytes: u64) -> Self {
        self.hint = SizeHint::with_exact(bytes);
        self
    }

    pub(crate) fn telling_its_end(mut self) -> Self {
        self.tells_end = true;
        self
    }

    pub(crate) fn body(self) -> Body {
        Body::stream(self)
    }

    fn shrink(&mut self, by: usize) {
        let by = by as u64;
        let mut hint = SizeHint::new();
        hint.set_lower(self.hint.lower().saturating_sub(by));
        if let Some(upper) = self.hint.upper() {
            hint.set_upper(upper.saturating_sub(by));
        }
        self.hint = hint;
    }
}

impl http_body::Body for Script {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        assert!(!self.over, "polled after its end");
        loop {
            return match self.steps.pop_front() {
                Some(Step::Data(data)) => {
                    self.shrink(data.len());
                    Poll::Ready(Some(Ok(Frame::data(data.into()))))
                }
                Some(Step::Trailers(trailers)) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Some(Step::Fail) => {
                    self.over = true;
                    Poll::Ready(Some(Err("the disk is gone".into())))
                }
                Some(Step::Pending) => Poll::Pending,
                Some(Step::Panic) => panic!("a bug in the stream"),
                Some(Step::Run(run)) => {
                    run();
                    continue;
                }
                None => {
                    self.over = true;
                    Poll::Ready(None)
                }
            };
        }
    }

    fn is_end_stream(&self) -> bool {
        self.tells_end && self.steps.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

pub(crate) fn data(bytes: &[u8]) -> Step {
    Step::Data(bytes.to_vec())
}

pub(crate) fn trailers() -> HeaderMap {
    HeaderMap::from_iter([(http::header::ETAG, "\"sum\"".parse().unwrap())])
}

/// What one poll of a body gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Data(Vec<u8>),
    Trailers(HeaderMap),
    End,
    Pending,
    NotWhole,
    Failed,
}

pub(crate) fn poll_with(body: &mut Body, waker: &Waker) -> Got {
    let mut cx = Context::from_waker(waker);
    match Pin::new(body).poll_frame(&mut cx) {
        Poll::Pending => Got::Pending,
        Poll::Ready(None) => Got::End,
        Poll::Ready(Some(Err(error))) if error.is::<buttress_kernel::body::NotWhole>() => {
            Got::NotWhole
        }
        Poll::Ready(Some(Err(_))) => Got::Failed,
        Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
            Ok(data) => Got::Data(data.to_vec()),
            Err(frame) => Got::Trailers(frame.into_trailers().unwrap()),
        },
    }
}

pub(crate) fn poll(body: &mut Body) -> Got {
    poll_with(body, Waker::noop())
}

/// Everything until the end, an error, or a wait.
pub(crate) fn drain(body: &mut Body) -> Vec<Got> {
    let mut all = Vec::new();
    loop {
        let got = poll(body);
        let goes_on = matches!(got, Got::Data(_) | Got::Trailers(_));
        all.push(got);
        if !goes_on {
            return all;
        }
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct Alarm(AtomicUsize);

impl Alarm {
    pub(crate) fn times(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
