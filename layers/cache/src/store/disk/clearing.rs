//! How everything is forgotten at once, however much that is.
//!
//! The folders are moved out of the way while nobody changes anything, and what is in them is unlinked
//! behind the scenes. A process that ends before that is done leaves it to the next one; nobody looks for
//! anything there.

use std::io;
use std::mem::{replace, take};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, Weak};

use super::files::unlink;
use super::state::State;
use crate::store::events;
use crate::store::lock::lock;

/// The thread that unlinks what was cleared.
#[derive(Debug, Default)]
pub(super) struct Unlinking(Mutex<Turn>);

impl Unlinking {
    /// Whether files are being unlinked.
    pub(super) fn is_under_way(&self) -> bool {
        lock(&self.0).is_under_way
    }
}

#[derive(Debug, Default)]
struct Turn {
    is_under_way: bool,
    /// Whether there is more than it has seen.
    is_more: bool,
}

/// What became of everything.
pub(super) struct Cleared {
    /// How many responses are forgotten.
    pub(super) responses: usize,
    /// Whether something could not be moved, and has to go key by key.
    pub(super) is_left: bool,
}

impl State {
    /// Forgets all that there is, but for what cannot be moved.
    pub(super) fn clear(&self) -> io::Result<Cleared> {
        let cleared = self.move_all_away();
        if !cleared.is_left {
            self.files.settle_all(|| {})?;
        }
        Ok(cleared)
    }

    fn move_all_away(&self) -> Cleared {
        let _alone = self.hold_all();
        let mut stays = [false; 256];
        for shard in 0..=u8::MAX {
            let moved = self.files.move_away(shard, self.bodies.new_serial());
            stays[usize::from(shard)] = moved.is_err();
        }
        let is_left = stays.contains(&true);
        if !is_left {
            self.bodies.forget();
        }
        Cleared {
            responses: self.index.forget(|key| !stays[usize::from(key.0[0])]),
            is_left,
        }
    }
}

/// Unlinks what was cleared, in a thread of its own, which ends when that is done or the store is gone.
pub(super) fn begin(state: &Arc<State>) {
    {
        let mut turn = lock(&state.unlinking.0);
        turn.is_more = true;
        if replace(&mut turn.is_under_way, true) {
            return;
        }
    }
    let weak = Arc::downgrade(state);
    let thread = std::thread::Builder::new().name("buttress-cache-unlink".to_owned());
    if let Err(error) = thread.spawn(move || unlink_all(&weak)) {
        lock(&state.unlinking.0).is_under_way = false;
        events::store_failed("unlink", &error);
    }
}

fn unlink_all(state: &Weak<State>) {
    while let Some(cleared) = next(state) {
        if let Err(error) = unlink(&cleared, || state.strong_count() > 0) {
            events::store_failed("unlink", &error);
        }
    }
}

/// Where there may be something to unlink.
fn next(state: &Weak<State>) -> Option<PathBuf> {
    let state = state.upgrade()?;
    let mut turn = lock(&state.unlinking.0);
    turn.is_under_way = take(&mut turn.is_more);
    turn.is_under_way.then(|| state.files.cleared())
}
