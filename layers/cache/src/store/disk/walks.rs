//! Invalidations that go through many keys, each of which is done once at a time.
//!
//! Whoever asks for the same while one goes on is answered with it: until it ends, whatever is put and
//! meant [is taken out again](super::journal). How far it has come is told as it goes, since the layer gives
//! up what does not move.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::store::Selector;
use crate::store::lock::lock;

/// All that go on.
#[derive(Debug, Default)]
pub(super) struct Walks(Mutex<HashMap<Selector, watch::Receiver<Progress>>>);

/// How far one has come.
#[derive(Clone, Debug, Default)]
struct Progress {
    steps: u64,
    /// How many responses it has forgotten.
    end: Option<Result<usize, Arc<io::Error>>>,
}

/// The duty to do it. Dropped before its end, it has failed.
#[derive(Debug)]
#[must_use]
pub(super) struct Guide(watch::Sender<Progress>);

/// Somebody who waits for its end.
#[derive(Debug)]
pub(super) struct Follower(watch::Receiver<Progress>);

impl Walks {
    /// Follows the one that goes on, if there is one; otherwise it is to be done now.
    pub(super) fn enter(&self, selector: &Selector) -> (Follower, Option<Guide>) {
        let mut all = lock(&self.0);
        // What was dropped has left nobody else to take it out.
        all.retain(|_, walk| walk.has_changed().is_ok());
        if let Some(walk) = all.get(selector) {
            return (Follower(walk.clone()), None);
        }
        let (guide, walk) = watch::channel(Progress::default());
        all.insert(selector.clone(), walk.clone());
        (Follower(walk), Some(Guide(guide)))
    }

    /// From now on, nobody joins it any more.
    pub(super) fn leave(&self, selector: &Selector) {
        lock(&self.0).remove(selector);
    }
}

impl Guide {
    /// It goes on.
    pub(super) fn step(&self) {
        self.0.send_modify(|walk| walk.steps += 1);
    }

    pub(super) fn end(self, end: io::Result<usize>) {
        self.0
            .send_modify(|walk| walk.end = Some(end.map_err(Arc::new)));
    }
}

impl Follower {
    /// Waits for its end, and is woken with each step.
    pub(super) async fn end(mut self) -> Result<usize, Arc<io::Error>> {
        loop {
            if let Some(end) = self.0.borrow_and_update().end.clone() {
                return end;
            }
            if self.0.changed().await.is_err() {
                let end = self.0.borrow().end.clone();
                let lost = || Err(Arc::new(io::Error::other("an invalidation was given up")));
                return end.unwrap_or_else(lost);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio_test::{assert_pending, assert_ready, task::spawn};

    use super::*;

    fn tag(name: &str) -> Selector {
        Selector::Tag(name.into())
    }

    #[test]
    fn the_same_is_followed_and_another_is_not() {
        let walks = Walks::default();
        let (first, guide) = walks.enter(&tag("a"));
        let guide = guide.expect("it is the first");
        let (second, none) = walks.enter(&tag("a"));
        assert!(none.is_none());
        assert!(walks.enter(&tag("b")).1.is_some());
        walks.leave(&tag("a"));
        assert!(walks.enter(&tag("a")).1.is_some(), "it is too late to join");
        guide.end(Ok(7));
        for follower in [first, second] {
            let end = assert_ready!(spawn(follower.end()).poll());
            assert_eq!(end.expect("it was done"), 7);
        }
    }

    #[test]
    fn whoever_waits_is_woken_with_each_step() {
        let walks = Walks::default();
        let (follower, guide) = walks.enter(&tag("a"));
        let guide = guide.expect("it is the first");
        let mut end = spawn(follower.end());
        assert_pending!(end.poll());
        for _ in 0..3 {
            guide.step();
            assert!(end.is_woken());
            assert_pending!(end.poll());
        }
        guide.end(Err(io::Error::other("the disk is gone")));
        let end = assert_ready!(end.poll()).expect_err("it failed");
        assert_eq!(end.to_string(), "the disk is gone");
    }

    #[test]
    fn what_is_given_up_has_failed_and_is_begun_anew() {
        let walks = Walks::default();
        let (follower, guide) = walks.enter(&tag("a"));
        drop(guide);
        let end = assert_ready!(spawn(follower.end()).poll());
        end.expect_err("nobody goes on");
        assert!(walks.enter(&tag("a")).1.is_some());
    }
}
