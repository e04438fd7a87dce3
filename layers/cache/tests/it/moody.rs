//! Memory that fails, or takes its time, as it is told.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::Duration;

use buttress_cache::store::{
    Answer, Head, Journal, Key, KeyRef, Memory, Selector, Store, Variant, Variants,
};
use buttress_kernel::Body;
use buttress_testkit::channel;
use http_body_util::BodyExt;
use tokio::time::sleep;

/// How a store does what it is told, and how often it was told to forget.
#[derive(Clone, Default)]
pub(crate) struct Mood(pub(crate) Arc<AtomicU8>, pub(crate) Arc<AtomicUsize>);

pub(crate) const WELL: u8 = 0;
pub(crate) const SLOW: u8 = 1;
pub(crate) const FAILS: u8 = 2;
pub(crate) const STALLS: u8 = 3;
/// It does it 400 ms later, whether somebody waits or not.
pub(crate) const LATE: u8 = 4;
/// It has no room for more.
pub(crate) const FULL: u8 = 5;
/// It takes its time to put something there.
pub(crate) const CLOGGED: u8 = 6;
/// It can be read, and no more.
pub(crate) const READ_ONLY: u8 = 7;
/// It cannot be looked into.
pub(crate) const BLIND: u8 = 17;
/// It tells 30 ms later what there was when it was asked.
pub(crate) const HINDSIGHT: u8 = 8;
/// It gives the first half of a body, and fails.
pub(crate) const BREAKS: u8 = 9;
/// It gives the first half of a body, and no more.
pub(crate) const CUTS: u8 = 10;
/// It gives a body, and then more.
pub(crate) const RUNS_ON: u8 = 11;
/// It gives a body in two pieces.
pub(crate) const IN_HALVES: u8 = 12;
/// It gives the first half of a body for all of it.
pub(crate) const SHORT: u8 = 13;
/// It has a bug where something is to be forgotten.
pub(crate) const PANICS: u8 = 14;
/// It forgets in ten steps, each of which takes half a minute.
pub(crate) const WALKS: u8 = 15;
/// It begins to, and stops.
pub(crate) const HALTS: u8 = 16;

/// Memory that answers later, or not at all, and keeps bodies apart.
pub(crate) struct Moody {
    pub(crate) memory: Memory,
    mood: Mood,
}

impl Moody {
    fn later<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Memory) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let (memory, mood) = (self.memory.clone(), self.mood.0.load(Ordering::Relaxed));
        Answer::later(async move {
            match mood {
                WELL | FULL | CLOGGED | READ_ONLY | HINDSIGHT | BREAKS.. => {
                    act(&memory).wait().await
                }
                SLOW => {
                    sleep(Duration::from_millis(20)).await;
                    act(&memory).wait().await
                }
                FAILS => Err("the disk is gone".into()),
                LATE => {
                    let work = async move {
                        sleep(Duration::from_millis(400)).await;
                        act(&memory).wait().await
                    };
                    tokio::spawn(work).await?
                }
                _ => std::future::pending().await,
            }
        })
    }

    /// The same, of what changes something.
    fn change<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Memory) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        match self.mood.0.load(Ordering::Relaxed) {
            READ_ONLY => Answer::later(async { Err("the disk is read-only".into()) }),
            _ => self.later(act),
        }
    }
}

impl Store for Moody {
    fn get(&self, key: KeyRef<'_>) -> Answer<Variants> {
        let look = |memory: &Memory, key: KeyRef<'_>| match memory.get(key) {
            Answer::Now(found) => found.iter().map(Variant::without_body).collect(),
            Answer::Later(_) => unreachable!("memory answers at once"),
        };
        if self.mood.0.load(Ordering::Relaxed) == HINDSIGHT {
            let found: Variants = look(&self.memory, key);
            return Answer::later(async move {
                sleep(Duration::from_millis(30)).await;
                Ok(found)
            });
        }
        if self.mood.0.load(Ordering::Relaxed) == BLIND {
            return Answer::later(async { Err("the disk cannot be read".into()) });
        }
        let key = key.keep();
        self.later(move |memory| Answer::Now(look(memory, key.lend())))
    }

    fn body(&self, key: &Key, id: u64, range: Range<u64>) -> Answer<Option<Body>> {
        let key = key.clone();
        let mood = self.mood.0.load(Ordering::Relaxed);
        if mood < BREAKS {
            return self.later(move |memory| memory.body(&key, id, range));
        }
        let memory = self.memory.clone();
        Answer::later(async move {
            let Some(body) = memory.body(&key, id, range).wait().await? else {
                return Ok(None);
            };
            let mut first = body.collect().await?.to_bytes();
            let second = first.split_off(first.len() / 2);
            if mood == SHORT {
                return Ok(Some(Body::from(first)));
            }
            let (sender, body) = channel();
            sender.data(first);
            match mood {
                BREAKS => sender.error(std::io::Error::other("the disk is gone")),
                CUTS => {}
                RUNS_ON => {
                    sender.data(second);
                    sender.data("more");
                }
                _ => sender.data(second),
            }
            Ok(Some(body))
        })
    }

    fn put(&self, key: &Key, variant: Variant, replaces: &[u64]) -> Answer<()> {
        let (key, replaces) = (key.clone(), replaces.to_vec());
        match self.mood.0.load(Ordering::Relaxed) {
            FULL => Answer::later(async { Err("the disk is full".into()) }),
            CLOGGED => Answer::later(std::future::pending()),
            _ => self.change(move |memory| memory.put(&key, variant, &replaces)),
        }
    }

    fn update(&self, key: &Key, id: u64, head: Head) -> Answer<()> {
        let key = key.clone();
        self.change(move |memory| memory.update(&key, id, head))
    }

    fn remove(&self, key: &Key, ids: &[u64]) -> Answer<()> {
        let (key, ids) = (key.clone(), ids.to_vec());
        assert!(self.mood.0.load(Ordering::Relaxed) != PANICS, "a bug");
        self.change(move |memory| memory.remove(&key, &ids))
    }

    fn journal(&self) -> Option<Journal> {
        self.memory.journal()
    }

    fn invalidate(&self, selector: &Selector) -> Answer<usize> {
        let selector = selector.clone();
        self.mood.1.fetch_add(1, Ordering::Relaxed);
        let mood = self.mood.0.load(Ordering::Relaxed);
        if mood == WALKS || mood == HALTS {
            let memory = self.memory.clone();
            return Answer::later(async move {
                for _ in 0..10 {
                    sleep(Duration::from_secs(30)).await;
                }
                if mood == HALTS {
                    std::future::pending::<()>().await;
                }
                memory.invalidate(&selector).wait().await
            });
        }
        let panics = mood == PANICS;
        self.change(move |memory| {
            assert!(!panics, "a bug");
            memory.invalidate(&selector)
        })
    }
}

pub(crate) fn moody() -> (Mood, Moody) {
    let mood = Mood::default();
    let memory = Memory::of(1 << 20);
    (mood.clone(), Moody { memory, mood })
}
