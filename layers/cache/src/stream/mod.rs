//! A response that several readers read while it is stored.

mod filing;
mod growing;
mod holding;
mod later;
mod part;
mod readers;
mod room;
mod state;
mod step;

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

use buttress_kernel::BoxError;
use bytes::Bytes;
use http_body::{Frame, SizeHint};

use self::later::Later;
use self::state::State;
use self::step::{After, News, Step};
use crate::error::FetchFailed;
use crate::sync::{AtomicU64, Mutex, Ordering, lock};
use crate::wakers::wake;

pub(crate) use self::filing::{Fate, HeldUp, Limits, Next};
pub(crate) use self::later::{Archive, Finding};
pub(crate) use self::part::Part;
pub(crate) use self::room::{Room, Share};
pub(crate) use self::state::BoxBody;

/// A body that has given nothing for so long is joined by nobody any more: what it comes through may be
/// dead without a word. Those who read it already wait for as long as they like.
const PATIENCE: Duration = Duration::from_secs(5);

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// What is to be done about a body that has ended.
pub(crate) trait Sink: Send + Sync + 'static {
    /// It is complete.
    fn complete(self: Box<Self>, body: Bytes, held: Held);

    /// It broke off after these bytes, or nobody wanted the rest.
    fn cut(self: Box<Self>, body: Bytes, held: Held);

    /// It is too long to be stored.
    fn too_long(self: Box<Self>);

    /// Where a long body can be had once it is stored.
    fn archive(&mut self) -> Option<Box<dyn Archive>>;

    /// It is long, and goes into the store in pieces, from its start.
    fn long(self: Box<Self>, part: Part);

    /// There was no room for it beside the others.
    fn crowded_out(self: Box<Self>);
}

/// One body, its bytes so far, and its readers. Whoever needs more bytes than there are polls the
/// body, for all.
pub(crate) struct Stream {
    state: Mutex<State>,
    sink: Mutex<Option<Box<dyn Sink>>>,
    archive: Mutex<Option<Box<dyn Archive>>>,
    room: Arc<Room>,
    /// Whether its bytes are on their way into the store, which is 1.
    held: AtomicU64,
}

impl Stream {
    /// The first reader of `body`, of which no more is held than `limits` say and there is `room` for;
    /// `sink` is told how it ended.
    pub(crate) fn begin(
        body: BoxBody,
        limits: Limits,
        room: &Arc<Room>,
        sink: Box<dyn Sink>,
    ) -> Reader {
        // Whoever is given a body that is at its end may never ask for more.
        let ended = body.is_end_stream();
        let mut state = State::new(body, limits, Share::of(Arc::clone(room)));
        let seat = state.begin(ended);
        let sink = if ended {
            sink.complete(Bytes::new(), Held(None));
            None
        } else {
            Some(sink)
        };
        let stream = Arc::new(Self {
            state: Mutex::new(state),
            sink: Mutex::new(sink),
            archive: Mutex::new(None),
            room: Arc::clone(room),
            held: AtomicU64::new(0),
        });
        Reader::new(stream, seat)
    }

    /// One more reader, from the start; none when bytes are gone.
    pub(crate) fn join(self: &Arc<Self>) -> Option<Reader> {
        let (seat, is_slow) = lock(&self.state).join()?;
        if is_slow {
            self.room.watch(self);
        }
        Some(Reader::new(Arc::clone(self), seat))
    }

    /// When somebody saw first that it had as many bytes as now.
    fn grown_at(&self, now: Instant) -> Instant {
        lock(&self.state).grown_at(now)
    }

    /// Whether it gives nothing back as long as the store has to do with it.
    fn is_held(&self) -> bool {
        self.held.load(Ordering::Relaxed) == 1
    }

    /// Others need the room that it takes. So much it gives back once the store has taken it.
    fn make_room(self: &Arc<Self>) -> u64 {
        let after = lock(&self.state).make_room();
        self.deal_with(after);
        lock(&self.state).share()
    }

    /// Others need the room that it takes in the store, which has waited for more of it since then or longer.
    fn give_up(&self, since: Instant) {
        let waiting = lock(&self.state).give_up(since);
        wake(waiting);
    }

    /// Whether somebody who comes now can read it from its start, and had not better ask anew because
    /// nothing has come for so long.
    pub(crate) fn is_open(&self) -> bool {
        let (is_whole, silent) = {
            let state = lock(&self.state);
            (state.is_whole(), state.silent_since())
        };
        let patient = |since| now().saturating_duration_since(since) < PATIENCE;
        is_whole && silent.is_none_or(patient)
    }

    fn deal_with(self: &Arc<Self>, after: After) {
        drop(after.spent);
        let sink = after.news.as_ref().and_then(|_| lock(&self.sink).take());
        if let (Some(news), Some(mut sink)) = (after.news, sink) {
            match news {
                News::Complete(body) => sink.complete(body, Held::of(self)),
                News::Cut(body) => sink.cut(body, Held::of(self)),
                News::Long => {
                    // First, since it may be stored as soon as it is told of.
                    *lock(&self.archive) = sink.archive();
                    sink.long(Part::of(Arc::clone(self)));
                }
                News::TooLong => sink.too_long(),
                News::NoRoom => sink.crowded_out(),
            }
        }
        wake(after.wake);
    }
}

/// What a body takes of the room, which it goes on taking until this is dropped: its bytes are on their
/// way into the store.
#[derive(Debug)]
pub(crate) struct Held(Option<Arc<Stream>>);

impl Held {
    fn of(stream: &Arc<Stream>) -> Self {
        stream.held.store(1, Ordering::Relaxed);
        Self(Some(Arc::clone(stream)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(stream) = &self.0 {
            stream.held.store(0, Ordering::Relaxed);
        }
    }
}

/// The body is polled with this waker, since the reader that polled it may not come back: whoever
/// waits is woken, and the first to come polls it again.
impl Wake for Stream {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let wakers = lock(&self.state).wake();
        wake(wakers);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

/// One reader of a [`Stream`].
///
/// Dropped, it leaves the body to the others. The last one to go ends it.
pub(crate) struct Reader {
    stream: Arc<Stream>,
    seat: usize,
    told_trailers: bool,
    /// What it reads instead, since it was too slow for the others.
    later: Option<Box<Later>>,
}

impl Reader {
    const fn new(stream: Arc<Stream>, seat: usize) -> Self {
        Self {
            stream,
            seat,
            told_trailers: false,
            later: None,
        }
    }

    pub(crate) const fn stream(&self) -> &Arc<Stream> {
        &self.stream
    }

    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            if let Some(later) = &mut self.later {
                return later.poll_frame(cx);
            }
            let told_trailers = &mut self.told_trailers;
            let step = lock(&self.stream.state).step(self.seat, told_trailers, cx.waker(), now);
            return match step {
                Step::Send(frame) => Poll::Ready(Some(Ok(frame))),
                Step::End => Poll::Ready(None),
                Step::Fail(error) => Poll::Ready(Some(Err(error.into()))),
                Step::Wait => Poll::Pending,
                Step::Take(body) => self.drive(body),
                Step::Help(body) => match self.drive(body) {
                    Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error))),
                    Poll::Ready(_) => continue,
                    Poll::Pending => Poll::Pending,
                },
                Step::Look(from) => {
                    let archive = lock(&self.stream.archive);
                    let found = archive.as_ref().map(|archive| archive.find(from));
                    drop(archive);
                    let finding = found.unwrap_or_else(|| Box::pin(std::future::ready(None)));
                    self.later = Some(Box::new(Later::Finding(finding)));
                    continue;
                }
            };
        }
    }

    /// Polls the body outside the lock: it is foreign code, which may take its time, panic, or come
    /// back here.
    fn drive(&mut self, mut body: BoxBody) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let stream = &self.stream;
        let mut guard = Guard {
            stream,
            armed: true,
        };
        let waker = Waker::from(Arc::clone(stream));
        let polled = body.as_mut().poll_frame(&mut Context::from_waker(&waker));
        if let Poll::Ready(Some(Err(error))) = polled {
            drop(body);
            let error = FetchFailed::new(error);
            let after = lock(&stream.state).fail(error.clone());
            guard.armed = false;
            stream.deal_with(after);
            return Poll::Ready(Some(Err(error.into())));
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            stream.room.make(data.len() as u64, stream, now);
        }
        let told = &mut self.told_trailers;
        let after = if polled.is_pending() {
            lock(&stream.state).give_back_empty(body, now())
        } else {
            lock(&stream.state).give_back(self.seat, body, &polled, told)
        };
        guard.armed = false;
        if after.is_slow {
            stream.room.watch(stream);
        }
        stream.deal_with(after);
        polled
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        if let Some(later) = &self.later {
            return later.is_end_stream();
        }
        lock(&self.stream.state).is_end(self.seat, self.told_trailers)
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        if let Some(later) = &self.later {
            return later.size_hint();
        }
        lock(&self.stream.state).size_hint(self.seat)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let after = lock(&self.stream.state).leave(self.seat);
        self.stream.deal_with(after);
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

/// Watches over the body while it is lent: if foreign code panics, which may be its own or that of a store,
/// nobody may wait for it.
struct Guard<'a> {
    stream: &'a Arc<Stream>,
    armed: bool,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if self.armed {
            let error = FetchFailed::new("the response's body was lost in a panic".into());
            let after = lock(&self.stream.state).fail(error);
            self.stream.deal_with(after);
        }
    }
}
