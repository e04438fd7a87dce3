//! The shared token under ten thousand random schedules of its threads, each.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "the token's sources, without the layer around them"
)]

#[path = "../src/tokens"]
mod sources {
    pub(crate) mod backoff;
    pub(crate) mod doubt;
    pub(crate) mod held;
    pub(crate) mod life;
    pub(crate) mod rules;
    pub(crate) mod state;
    pub(crate) mod status;
    pub(crate) mod ticket;
    pub(crate) mod vault;

    /// What the sources are made of, as far as a schedule can come between.
    pub(crate) mod sync {
        use std::sync::{Arc, PoisonError};

        pub(crate) use shuttle::sync::atomic::{AtomicBool, Ordering};
        pub(crate) use shuttle::sync::{Mutex, MutexGuard};

        pub(crate) struct Current<T>(Mutex<Option<Arc<T>>>);

        impl<T> Current<T> {
            pub(crate) fn empty() -> Self {
                Self(Mutex::new(None))
            }

            pub(crate) fn load(&self) -> impl AsRef<Option<Arc<T>>> + use<T> {
                let value = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                Loaded(value.clone())
            }

            pub(crate) fn store(&self, value: Option<Arc<T>>) {
                let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                *current = value;
            }
        }

        struct Loaded<T>(Option<Arc<T>>);

        impl<T> AsRef<Option<Arc<T>>> for Loaded<T> {
            fn as_ref(&self) -> &Option<Arc<T>> {
                &self.0
            }
        }
    }
}

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use shuttle::future::block_on;
use shuttle::thread::{self, JoinHandle};
use sources::backoff::Fall;
use sources::life::Life;
use sources::rules::Rules;
use sources::ticket::Landed;
use sources::vault::{Answered, Asked, Start, Vault};

const SCHEDULES: usize = 10_000;

/// What is sent is the number of the fetch that it came from.
type Tokens = Vault<u64, u64, &'static str>;

/// A vault, and a source that counts.
struct World {
    vault: Tokens,
    fetches: AtomicU64,
    now: Instant,
}

impl World {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            vault: Vault::new(Rules::default(), fastrand::Rng::with_seed(1)),
            fetches: AtomicU64::new(0),
            now: tokio::time::Instant::now().into_std(),
        })
    }

    /// With a token in use: number 1, of generation 1.
    fn with_token() -> Arc<Self> {
        let world = Self::new();
        let (_, start) = world.vault.ask(world.now);
        world.fetch(start, true);
        world
    }

    /// Makes a fetch that has to be made, as a task of its own does while others wait.
    fn fetch(&self, start: Option<Start<u64>>, succeeds: bool) {
        let Some(start) = start else { return };
        let number = self.fetches.fetch_add(1, Ordering::Relaxed) + 1;
        if succeeds {
            let vault = &self.vault;
            vault.land(start.flight, self.now, number, number, Life::Endless);
        } else {
            let error = |_| "it failed";
            self.vault
                .fail(start.flight, self.now, Fall::default(), error);
        }
    }

    fn fetches(&self) -> u64 {
        self.fetches.load(Ordering::Relaxed)
    }

    /// Makes the fetch, if there is one, and waits for what comes.
    fn wait(&self, answered: Answered<u64, u64, &'static str>, succeeds: bool) -> Option<u64> {
        let (mut asked, mut start) = answered;
        loop {
            self.fetch(start, succeeds);
            match asked {
                Asked::Use(held) => return Some(held.value),
                Asked::Refused(_) => return None,
                Asked::Wait(ticket) => match block_on(ticket.landed()) {
                    Landed::Token(held) => return Some(held.value),
                    Landed::Failed(_) => return None,
                    Landed::Superseded => (asked, start) = self.vault.ask(self.now),
                },
            }
        }
    }

    fn held(&self) -> Option<u64> {
        let current = self.vault.current();
        current.as_ref().as_ref().map(|held| held.value)
    }
}

/// So many threads that do the same.
fn crowd<T: Send + 'static>(
    world: &Arc<World>,
    threads: usize,
    run: fn(&World) -> T,
) -> Vec<JoinHandle<T>> {
    let one = |_| {
        let world = Arc::clone(world);
        thread::spawn(move || run(&world))
    };
    (0..threads).map(one).collect()
}

fn ask(world: &World) -> Option<u64> {
    world.wait(world.vault.ask(world.now), true)
}

fn reject(world: &World) -> Option<u64> {
    let again = world.vault.reject(1, true, world.now);
    world.wait(again.expect("another token helps"), true)
}

#[test]
fn all_who_need_a_token_share_one_fetch() {
    shuttle::check_random(
        || {
            let world = World::new();
            for one in crowd(&world, 3, ask) {
                assert_eq!(one.join().unwrap(), Some(1), "a waiter was lost");
            }
            assert_eq!((world.fetches(), world.held()), (1, Some(1)));
        },
        SCHEDULES,
    );
}

#[test]
fn a_failure_reaches_all_who_wait() {
    shuttle::check_random(
        || {
            let world = World::new();
            let failing = |world: &World| world.wait(world.vault.ask(world.now), false);
            for one in crowd(&world, 3, failing) {
                assert_eq!(one.join().unwrap(), None);
            }
            assert_eq!(
                world.fetches(),
                1,
                "the source is left alone after a failure"
            );
        },
        SCHEDULES,
    );
}

#[test]
fn rejections_of_one_generation_cause_one_fetch() {
    shuttle::check_random(
        || {
            let world = World::with_token();
            for one in crowd(&world, 3, reject) {
                assert_eq!(one.join().unwrap(), Some(2));
            }
            assert_eq!((world.fetches(), world.held()), (2, Some(2)));
        },
        SCHEDULES,
    );
}

#[test]
fn a_late_rejection_never_takes_a_newer_token() {
    shuttle::check_random(
        || {
            let world = World::with_token();
            let renews = crowd(&world, 1, |world| {
                let (ticket, start) = world.vault.demand();
                world.fetch(start, true);
                matches!(block_on(ticket.landed()), Landed::Token(_))
            });
            let rejected = crowd(&world, 2, reject);
            for one in renews {
                assert!(one.join().unwrap());
            }
            for one in rejected {
                let token = one.join().unwrap();
                assert!(matches!(token, Some(2 | 3)), "{token:?}");
            }
            // Either they shared the fetch, or the rejection came first and the demand second.
            assert_eq!(world.held(), Some(world.fetches()));
            assert!(world.fetches() <= 3);
            assert!(world.vault.reject(1, true, world.now).is_some());
            assert_eq!(
                world.held(),
                Some(world.fetches()),
                "an old rejection took a new token"
            );
        },
        SCHEDULES,
    );
}

#[test]
fn rejected_replays_cause_no_other_fetch_whoever_accepts_the_token() {
    let is_rejected_for_good = |world: &World| {
        assert_eq!(reject(world), Some(2));
        if let Some(held) = world.vault.current().as_ref() {
            held.prove();
        }
        world.vault.reject_again(2, world.now);
        world.vault.reject(2, true, world.now).is_none()
    };
    shuttle::check_random(
        move || {
            let world = World::with_token();
            for one in crowd(&world, 3, is_rejected_for_good) {
                assert!(one.join().unwrap(), "the rejection is the answer");
            }
            assert_eq!((world.fetches(), world.held()), (2, Some(2)));
        },
        SCHEDULES,
    );
}

#[test]
fn what_is_set_stays_though_a_fetch_ends_late() {
    shuttle::check_random(
        || {
            let world = World::new();
            let asking = crowd(&world, 2, ask);
            let setting = crowd(&world, 1, |world| world.vault.set(77, 77, Life::Endless));
            for one in setting {
                one.join().unwrap();
            }
            for one in asking {
                let token = one.join().unwrap();
                assert!(matches!(token, Some(1 | 77)), "{token:?}");
            }
            assert_eq!(world.held(), Some(77), "a late fetch wiped what was set");
            assert!(world.fetches() <= 1);
        },
        SCHEDULES,
    );
}

#[test]
fn clearing_loses_nobody() {
    shuttle::check_random(
        || {
            let world = World::new();
            let asking = crowd(&world, 2, ask);
            let clearing = crowd(&world, 1, |world| world.vault.clear());
            for one in clearing {
                one.join().unwrap();
            }
            for one in asking {
                assert!(one.join().unwrap().is_some(), "a waiter was lost");
            }
            assert!(world.fetches() <= 2, "once before and once after");
        },
        SCHEDULES,
    );
}
