//! Bodies that go away in pieces while others read them.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::SCHEDULES;
use crate::pipe::{Pipe, Tell, Told, read};
use crate::stream::{
    Archive, BoxBody, Fate, Finding, Held, Limits, Next, Part, Reader, Room, Sink, Stream,
};
use crate::sync::lock;

/// A frame of a long body.
static FRAME: [u8; 65_536] = [7; 65_536];

type Filed = Arc<Mutex<Option<thread::JoinHandle<(usize, Fate)>>>>;

/// Puts a body somewhere in pieces, in a thread of its own.
#[derive(Clone, Default)]
struct File(Filed, Told, Content);

/// How many bytes are there once there are no more to come, and who waits for that.
#[derive(Clone, Default)]
struct Content(Arc<Mutex<(Option<usize>, Vec<Waker>)>>);

impl Content {
    fn end(&self, length: usize) {
        let mut content = lock(&self.0);
        content.0 = Some(length);
        let waiting = std::mem::take(&mut content.1);
        drop(content);
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl Archive for Content {
    fn find(&self, from: u64) -> Finding {
        let content = Arc::clone(&self.0);
        Box::pin(async move {
            let length = poll_fn(|cx| {
                let mut content = lock(&content);
                if let Some(length) = content.0 {
                    return Poll::Ready(length);
                }
                content.1.push(cx.waker().clone());
                Poll::Pending
            });
            let mut left = length.await - usize::try_from(from).unwrap();
            let pipe = Pipe::default();
            while left > 0 {
                let frame = &FRAME[..left.min(FRAME.len())];
                pipe.push(Some(frame));
                left -= frame.len();
            }
            pipe.push(None);
            let body: BoxBody = Box::pin(pipe);
            Some(body)
        })
    }
}

impl Sink for File {
    fn complete(self: Box<Self>, body: Bytes, held: Held) {
        Box::new(Tell(self.1, None)).complete(body, held);
    }

    fn cut(self: Box<Self>, body: Bytes, held: Held) {
        Box::new(Tell(self.1, None)).cut(body, held);
    }

    fn too_long(self: Box<Self>) {
        Box::new(Tell(self.1, None)).too_long();
    }

    fn crowded_out(self: Box<Self>) {
        unreachable!("what goes away in pieces needs no room");
    }

    fn archive(&mut self) -> Option<Box<dyn Archive>> {
        Some(Box::new(self.2.clone()))
    }

    fn long(self: Box<Self>, mut part: Part) {
        let content = self.2.clone();
        let file = async move {
            let mut length = 0;
            loop {
                match part.next().await {
                    Next::Piece(piece) => {
                        length += piece.len();
                        part.filed(piece.len());
                    }
                    Next::End(fate) => {
                        content.end(length);
                        return (length, fate);
                    }
                    // Nobody finds it there: whoever looks for it waits for ever.
                    Next::GivenUp => return (length, Fate::Cut),
                }
            }
        };
        *lock(&self.0) = Some(thread::spawn(move || block_on(file)));
    }
}

/// Begins to read a body of so many frames, which goes away in pieces.
fn begin_long(frames: usize, limits: Limits, room: u64) -> (Reader, Filed, Told) {
    begin_in(&Room::of(room), frames, limits)
}

fn begin_in(room: &Arc<Room>, frames: usize, limits: Limits) -> (Reader, Filed, Told) {
    let (pipe, file) = (Pipe::default(), File::default());
    let (filed, told) = (Arc::clone(&file.0), file.1.clone());
    let reader = Stream::begin(Box::pin(pipe.clone()), limits, room, Box::new(file));
    thread::spawn(move || {
        for _ in 0..frames {
            pipe.push(Some(&FRAME));
        }
        pipe.push(None);
    });
    (reader, filed, told)
}

fn end_of(filed: &Filed) -> Option<(usize, Fate)> {
    let filing = lock(filed).take();
    filing.map(|filing| filing.join().unwrap())
}

#[test]
fn what_goes_away_in_pieces_is_whole_whoever_comes_and_goes() {
    shuttle::check_random(
        || {
            for room in [70_000, 1 << 20] {
                let (first, filed, told) = begin_long(5, Limits::in_pieces(1 << 20), room);
                let goes = first.stream().join().unwrap();
                let goes = thread::spawn(move || {
                    let mut goes = goes;
                    let _ = goes.poll_frame(&mut Context::from_waker(Waker::noop()));
                });
                assert_eq!(block_on(read(first)).unwrap().len(), 5 * FRAME.len());
                goes.join().unwrap();
                assert_eq!(end_of(&filed), Some((5 * FRAME.len(), Fate::Complete)));
                assert!(lock(&told.0).is_empty(), "told once");
            }
        },
        SCHEDULES / 10,
    );
}

#[test]
fn what_nobody_reads_to_its_end_is_cut_and_what_is_too_long_goes() {
    shuttle::check_random(
        || {
            let (mut first, filed, told) = begin_long(6, Limits::in_pieces(1 << 20), 1 << 20);
            let mut frames = 0;
            block_on(async {
                while frames < 3 {
                    let frame = poll_fn(|cx| first.poll_frame(cx)).await;
                    frames += usize::from(frame.unwrap().is_ok());
                }
            });
            drop(first);
            assert_eq!(end_of(&filed), Some((3 * FRAME.len(), Fate::Cut)));
            assert!(lock(&told.0).is_empty());

            let limits = Limits::in_pieces(4 * FRAME.len() as u64);
            let (first, filed, _) = begin_long(6, limits, 1 << 20);
            assert_eq!(block_on(read(first)).unwrap().len(), 6 * FRAME.len());
            let (length, fate) = end_of(&filed).unwrap();
            assert!(length <= 4 * FRAME.len() && fate == Fate::TooLong);
        },
        SCHEDULES / 10,
    );
}

#[test]
fn whoever_falls_behind_reads_all_in_the_end_whoever_goes() {
    shuttle::check_random(
        || {
            for goes in [false, true] {
                let (first, filed, told) = begin_long(6, Limits::in_pieces(1 << 20), 70_000);
                let slow = first.stream().join().unwrap();
                let mut fast = first;
                let fast = thread::spawn(move || {
                    if !goes {
                        return block_on(read(fast)).map_or(0, |read| read.len());
                    }
                    block_on(async {
                        for _ in 0..3 {
                            let _ = poll_fn(|cx| fast.poll_frame(cx)).await;
                        }
                    });
                    0
                });
                assert_eq!(block_on(read(slow)).unwrap().len(), 6 * FRAME.len());
                let length = fast.join().unwrap();
                assert_eq!(length, if goes { 0 } else { 6 * FRAME.len() });
                assert_eq!(end_of(&filed), Some((6 * FRAME.len(), Fate::Complete)));
                assert!(lock(&told.0).is_empty());
            }
        },
        SCHEDULES / 10,
    );
}

#[test]
fn what_is_given_up_for_others_fails_no_reader_whoever_comes() {
    let given_up = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&given_up);
    let length = 6 * FRAME.len();
    shuttle::check_random(
        move || {
            for comes in [false, true] {
                let room = Room::of(70_000);
                let (first, filed, _) = begin_in(&room, 6, Limits::in_pieces(1 << 20));
                let stream = Arc::clone(first.stream());
                let other = thread::spawn(move || {
                    for _ in 0..20 {
                        thread::yield_now();
                    }
                    let other = comes.then(|| stream.join()).flatten();
                    other.is_none_or(|other| block_on(read(other)).unwrap().len() == length)
                });
                let later = tokio::time::Instant::now().into_std() + Duration::from_secs(3_600);
                let others = thread::spawn(move || {
                    for second in 0..100 {
                        room.make_in_store(later + Duration::from_secs(second));
                        thread::yield_now();
                    }
                });
                assert_eq!(block_on(read(first)).unwrap().len(), length);
                assert!(other.join().unwrap());
                others.join().unwrap();
                match end_of(&filed) {
                    Some((_, Fate::Cut)) => _ = count.fetch_add(1, Ordering::Relaxed),
                    end => assert_eq!(end, Some((length, Fate::Complete))),
                }
            }
        },
        SCHEDULES / 10,
    );
    let given_up = given_up.load(Ordering::Relaxed);
    assert!((1..SCHEDULES / 5).contains(&given_up), "{given_up}");
}
