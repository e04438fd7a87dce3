//! Fetches that are shared, under a thousand random schedules of those who share them.
#![allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "the sources of what is shared, without the layer around them"
)]

#[path = "../src"]
mod sources {
    pub(crate) mod error;
    pub(crate) mod flight;
    pub(crate) mod outdated;
    pub(crate) mod policy;
    pub(crate) mod store;
    pub(crate) mod stream;
    pub(crate) mod wakers;
}

use sources::{error, flight, outdated, policy, store, stream, wakers};

mod sync {
    pub(crate) use shuttle::sync::atomic::{AtomicU64, Ordering};
    pub(crate) use shuttle::sync::{Mutex, MutexGuard};

    pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
        mutex
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::SystemTime;

use buttress_kernel::BoxError;
use bytes::Bytes;
use flight::{Candidate, Entrance, Entrant, Landing, Seat, Table};
use http::{HeaderMap, Method, Response, Uri};
use http_body::{Body, Frame};
use outdated::Outdated;
use policy::{Action, Aim, Arrival, Ask, Policy, Wishes};
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;
use store::{Hashing, Head, Key, KeyRef, Name, Selector, Variant, Variants};
use stream::{Fate, Held, Limits, Next, Part, Reader, Room, Sink, Stream};
use sync::lock;

const SCHEDULES: usize = 1_000;

/// A body whose frames come from another thread.
#[derive(Clone, Default)]
struct Pipe(Arc<Mutex<Ends>>);

#[derive(Default)]
struct Ends {
    frames: VecDeque<Bytes>,
    closed: bool,
    waiting: Option<Waker>,
}

impl Pipe {
    fn push(&self, frame: Option<&'static [u8]>) {
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
struct Told(Arc<Mutex<Vec<(&'static str, Bytes)>>>);

struct Tell(Told, Option<Seat>);

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

    fn long(self: Box<Self>, _: Part) {
        unreachable!("bodies are held whole");
    }
}

fn begin(pipe: &Pipe, limit: u64, told: &Told) -> Reader {
    Stream::begin(
        Box::pin(pipe.clone()),
        Limits::whole(limit),
        &Room::of(100),
        Box::new(Tell(told.clone(), None)),
    )
}

async fn read(mut reader: Reader) -> Result<Vec<u8>, BoxError> {
    let mut read = Vec::new();
    while let Some(frame) = poll_fn(|cx| reader.poll_frame(cx)).await {
        read.extend_from_slice(&frame?.into_data().unwrap_or_default());
    }
    Ok(read)
}

fn feed(pipe: &Pipe) -> thread::JoinHandle<()> {
    let pipe = pipe.clone();
    thread::spawn(move || {
        for frame in [Some(&b"abc"[..]), Some(b"defg"), Some(b"h"), None] {
            pipe.push(frame);
        }
    })
}

#[test]
fn all_readers_read_all_whoever_drives() {
    shuttle::check_random(
        || {
            let (pipe, told) = (Pipe::default(), Told::default());
            let first = begin(&pipe, 100, &told);
            let others: Vec<_> = (0..2).map(|_| first.stream().join().unwrap()).collect();
            let feeding = feed(&pipe);
            let readers = others.into_iter().chain([first]);
            let readers: Vec<_> = readers
                .map(|reader| thread::spawn(move || block_on(read(reader))))
                .collect();
            for reader in readers {
                assert_eq!(reader.join().unwrap().unwrap(), b"abcdefgh");
            }
            feeding.join().unwrap();
            assert_eq!(*lock(&told.0), [("complete", Bytes::from("abcdefgh"))]);
        },
        SCHEDULES,
    );
}

#[test]
fn a_reader_that_goes_leaves_the_body_to_the_others() {
    shuttle::check_random(
        || {
            let (pipe, told) = (Pipe::default(), Told::default());
            let mut first = begin(&pipe, 100, &told);
            let other = first.stream().join().unwrap();
            let feeding = feed(&pipe);
            let goes = thread::spawn(move || {
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..2 {
                    let _ = first.poll_frame(&mut cx);
                }
                drop(first);
            });
            assert_eq!(block_on(read(other)).unwrap(), b"abcdefgh");
            feeding.join().unwrap();
            goes.join().unwrap();
            assert_eq!(lock(&told.0).len(), 1);
        },
        SCHEDULES,
    );
}

#[test]
fn a_reader_that_has_polled_and_does_not_come_back_stalls_nobody() {
    shuttle::check_random(
        || {
            let (pipe, told) = (Pipe::default(), Told::default());
            let mut first = begin(&pipe, 100, &told);
            let other = first.stream().join().unwrap();
            let feeding = feed(&pipe);
            let polls = thread::spawn(move || {
                let _ = first.poll_frame(&mut Context::from_waker(Waker::noop()));
                first
            });
            assert_eq!(block_on(read(other)).unwrap(), b"abcdefgh");
            feeding.join().unwrap();
            drop(polls.join().unwrap());
            assert_eq!(*lock(&told.0), [("complete", Bytes::from("abcdefgh"))]);
        },
        SCHEDULES,
    );
}

#[test]
fn beyond_the_limit_a_reader_has_every_byte_or_an_error_and_nobody_hangs() {
    shuttle::check_random(
        || {
            let (pipe, told) = (Pipe::default(), Told::default());
            let first = begin(&pipe, 4, &told);
            let other = first.stream().join().unwrap();
            let goes = first.stream().join().unwrap();
            let stalled = first.stream().join().unwrap();
            let feeding = feed(&pipe);
            let other = thread::spawn(move || block_on(read(other)));
            let goes = thread::spawn(move || drop(goes));
            let ends = [block_on(read(first)), other.join().unwrap()];
            for end in &ends {
                assert!(end.as_ref().map_or(true, |read| read == b"abcdefgh"));
            }
            assert!(
                ends.iter().any(Result::is_ok),
                "who reads is not left behind"
            );
            assert!(block_on(read(stalled)).is_err());
            feeding.join().unwrap();
            goes.join().unwrap();
            assert_eq!(*lock(&told.0), [("too long", Bytes::new())]);
        },
        SCHEDULES,
    );
}

/// A frame of a long body.
static FRAME: [u8; 65_536] = [7; 65_536];

type Filed = Arc<Mutex<Option<thread::JoinHandle<(usize, Fate)>>>>;

/// Puts a body somewhere in pieces, in a thread of its own.
#[derive(Clone, Default)]
struct File(Filed, Told);

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

    fn long(self: Box<Self>, mut part: Part) {
        let file = async move {
            let mut length = 0;
            loop {
                match part.next().await {
                    Next::Piece(piece) => {
                        length += piece.len();
                        part.filed(piece.len());
                    }
                    Next::End(fate) => return (length, fate),
                }
            }
        };
        *lock(&self.0) = Some(thread::spawn(move || block_on(file)));
    }
}

/// Begins to read a body of so many frames, which goes away in pieces.
fn begin_long(frames: usize, limits: Limits, room: u64) -> (Reader, Filed, Told) {
    let (pipe, file) = (Pipe::default(), File::default());
    let (filed, told) = (Arc::clone(&file.0), file.1.clone());
    let reader = Stream::begin(
        Box::pin(pipe.clone()),
        limits,
        &Room::of(room),
        Box::new(file),
    );
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
fn bodies_that_share_a_room_never_hold_more_and_give_it_back() {
    shuttle::check_random(
        || {
            let room = Room::of(10);
            let bodies = [(); 2].map(|()| {
                let room = Arc::clone(&room);
                thread::spawn(move || {
                    let (pipe, told) = (Pipe::default(), Told::default());
                    let sink = Box::new(Tell(told.clone(), None));
                    let reader =
                        Stream::begin(Box::pin(pipe.clone()), Limits::whole(100), &room, sink);
                    let feeding = feed(&pipe);
                    assert_eq!(block_on(read(reader)).unwrap(), b"abcdefgh");
                    feeding.join().unwrap();
                    let told = lock(&told.0);
                    assert!(matches!(told[..], [("complete" | "no room", _)]));
                })
            });
            for body in bodies {
                body.join().unwrap();
            }
            let mut share = stream::Share::of(Arc::clone(&room));
            assert!(share.hold(10) && !share.hold(11), "all of it is back");
        },
        SCHEDULES,
    );
}

#[test]
fn when_the_last_reader_goes_the_body_is_cut_once() {
    shuttle::check_random(
        || {
            let (pipe, told) = (Pipe::default(), Told::default());
            let first = begin(&pipe, 100, &told);
            let other = first.stream().join().unwrap();
            pipe.push(Some(b"abc"));
            let threads = [first, other].map(|mut reader| {
                thread::spawn(move || {
                    let _ = reader.poll_frame(&mut Context::from_waker(Waker::noop()));
                })
            });
            for thread in threads {
                thread.join().unwrap();
            }
            let told = lock(&told.0);
            assert!(
                matches!(&told[..], [("cut", body)] if body == "abc"),
                "{told:?}"
            );
        },
        SCHEDULES,
    );
}

fn head() -> policy::Head {
    let response = Response::builder()
        .header("cache-control", "max-age=60")
        .body(())
        .unwrap();
    let now = SystemTime::UNIX_EPOCH;
    let (uri, headers) = (Uri::from_static("http://a.example/"), HeaderMap::new());
    let ask = Ask {
        method: &Method::GET,
        uri: &uri,
        headers: &headers,
    };
    let arrival = Arrival::of(&response, now, now);
    let (policy, wishes) = (Policy::private(), Wishes::default());
    let lesson = policy::learn::<Variant>(&policy, &wishes, &ask, &[], Aim::Fetch, &arrival);
    match lesson.action {
        Action::Store { head, .. } => *head,
        other => panic!("{other:?}"),
    }
}

/// What a request comes to.
#[derive(Debug, PartialEq)]
enum End {
    Led,
    Read(Vec<u8>),
}

/// A request that goes through the table until it has an end.
fn request(table: &Arc<Table>, key: &Key, goes: bool) -> Option<End> {
    let (asked, found) = (Arc::new(HeaderMap::new()), Variants::default());
    loop {
        let entrant = Entrant {
            key: key.lend(),
            asked: &asked,
            tags: None,
            stored: &found,
        };
        let landing = match table.enter(entrant, |candidate| candidate.stream.join()) {
            Entrance::Lead(leader) if goes => {
                drop(leader);
                return None;
            }
            Entrance::Lead(leader) => {
                let (lander, seat) = leader.split();
                let pipe = Pipe::default();
                let sink = Tell(Told::default(), Some(seat));
                let room = Room::of(100);
                let reader = Stream::begin(
                    Box::pin(pipe.clone()),
                    Limits::whole(100),
                    &room,
                    Box::new(sink),
                );
                lander.share(Candidate {
                    head: Head::new(head()),
                    stream: Arc::clone(reader.stream()),
                });
                pipe.push(Some(b"abc"));
                pipe.push(None);
                assert_eq!(block_on(read(reader)).unwrap(), b"abc");
                return Some(End::Led);
            }
            Entrance::Join(_, reader) => return Some(End::Read(block_on(read(reader)).unwrap())),
            Entrance::Wait(waiting) => block_on(waiting),
            Entrance::Alone => unreachable!("they are few"),
        };
        if let Landing::Shared(candidate) = landing
            && let Some(reader) = candidate.stream.join()
        {
            return Some(End::Read(block_on(read(reader)).unwrap()));
        }
    }
}

#[test]
fn whoever_waits_gets_the_response_or_the_lead() {
    shuttle::check_random(
        || {
            let table = Arc::new(Table::new());
            let key = KeyRef::new(&Hashing::of_keys(), Name::Whole("a"), "", None).keep();
            let requests = [false, true, false].map(|goes| {
                let (table, key) = (Arc::clone(&table), key.clone());
                thread::spawn(move || request(&table, &key, goes))
            });
            for (at, request) in requests.into_iter().enumerate() {
                match request.join().unwrap() {
                    Some(End::Read(body)) => assert_eq!(body, b"abc"),
                    Some(End::Led) => {}
                    None => assert_eq!(at, 1, "only one goes"),
                }
            }
            let entrant = Entrant {
                key: key.lend(),
                asked: &Arc::new(HeaderMap::new()),
                tags: None,
                stored: &Variants::default(),
            };
            let next = table.enter(entrant, |_| Some(()));
            assert!(matches!(next, Entrance::Lead(_)), "nothing is left behind");
        },
        SCHEDULES,
    );
}

#[test]
fn what_is_made_out_of_date_while_it_is_fetched_stays_out_whenever_that_happens() {
    shuttle::check_random(
        || {
            let outdated = Arc::new(Outdated::of(4));
            let key = KeyRef::new(&Hashing::of_keys(), Name::Whole("a"), "", None).keep();
            let since = outdated.moment();
            // What is in the store: put by the fetch, taken by the invalidation.
            let store = Arc::new(Mutex::new(false));
            let selectors = [Selector::All, Selector::Key(key.clone())];
            let dooming = selectors.map(|selector| {
                let (outdated, store) = (Arc::clone(&outdated), Arc::clone(&store));
                thread::spawn(move || {
                    outdated.add(&selector);
                    *lock(&store) = false;
                })
            });
            *lock(&store) = true;
            if outdated.has(&key, None, since) {
                *lock(&store) = false;
            }
            for thread in dooming {
                thread.join().unwrap();
            }
            assert!(!*lock(&store), "what was fetched before stays out");
        },
        SCHEDULES,
    );
}

#[test]
fn nobody_looks_at_more_than_so_many_fetches_of_one_key() {
    shuttle::check_random(
        || {
            let table = Arc::new(Table::new());
            let key = KeyRef::new(&Hashing::of_keys(), Name::Whole("a"), "", None).keep();
            let mut head = head();
            head.vary.names.push(http::header::ACCEPT);
            let variant = Variant::new(1, Head::new(head), None, Bytes::new());
            let stored = Variants::from_iter([variant]);
            let enter = |number: usize| {
                let asked = Arc::new(HeaderMap::from_iter([(
                    http::header::ACCEPT,
                    number.into(),
                )]));
                let entrant = Entrant {
                    key: key.lend(),
                    asked: &asked,
                    tags: None,
                    stored: &stored,
                };
                table.enter(entrant, |_| Some(()))
            };
            let mut leaders: Vec<_> = (0..64).map(&enter).collect();
            assert!(leaders.iter().all(|one| matches!(one, Entrance::Lead(_))));
            assert!(matches!(enter(7), Entrance::Wait(_)), "those are found");
            assert!(matches!(enter(64), Entrance::Alone));
            leaders.pop();
            assert!(matches!(enter(64), Entrance::Lead(_)));
        },
        1,
    );
}
