//! Fetches that several wait for.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, Method, Response, Uri};
use shuttle::future::block_on;
use shuttle::sync::Mutex;
use shuttle::thread;

use crate::SCHEDULES;
use crate::flight::{Candidate, Entrance, Entrant, Landing, LayerId, Table};
use crate::outdated::Outdated;
use crate::pipe::{Pipe, Tell, Told, feed, read};
use crate::policy::{self, Action, Aim, Arrival, Ask, Policy, Wishes};
use crate::store::{Hashing, Head, Key, KeyRef, Name, Selector, Variant, Variants};
use crate::stream::{Limits, Room, Stream};
use crate::sync::lock;

pub(crate) fn head() -> policy::Head {
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
fn request(table: &Arc<Table>, layer: LayerId, key: &Key, goes: bool) -> Option<End> {
    let (asked, found) = (Arc::new(HeaderMap::new()), Variants::default());
    loop {
        let entrant = Entrant {
            layer,
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
            let table = Arc::<Table>::default();
            let layer = table.new_layer();
            let key = KeyRef::new(&Hashing::of_keys(), Name::Given("a"), "", None).keep();
            let requests = [false, true, false].map(|goes| {
                let (table, key) = (Arc::clone(&table), key.clone());
                thread::spawn(move || request(&table, layer, &key, goes))
            });
            for (at, request) in requests.into_iter().enumerate() {
                match request.join().unwrap() {
                    Some(End::Read(body)) => assert_eq!(body, b"abc"),
                    Some(End::Led) => {}
                    None => assert_eq!(at, 1, "only one goes"),
                }
            }
            let entrant = Entrant {
                layer,
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
            let key = KeyRef::new(&Hashing::of_keys(), Name::Given("a"), "", None).keep();
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
            let table = Arc::<Table>::default();
            let key = KeyRef::new(&Hashing::of_keys(), Name::Given("a"), "", None).keep();
            let layer = table.new_layer();
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
                    layer,
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
