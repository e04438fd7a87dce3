//! Bodies that several read at the same time.

use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use shuttle::future::block_on;
use shuttle::thread;

use crate::SCHEDULES;
use crate::pipe::{Pipe, Tell, Told, begin, feed, read};
use crate::stream::{self, Limits, Room, Stream};
use crate::sync::lock;

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
