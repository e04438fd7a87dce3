//! The states of all keys: bounded, and rid of idle ones now and then.

use std::collections::HashMap;
use std::task::Waker;
use std::time::{Duration, Instant};

use crate::queue::Ticket;
use crate::rules::Rules;
use crate::state::State;

/// Who to wake when a waiter may go sooner than it was told.
pub(crate) type Mark = Option<Waker>;

/// Every key that something is known about.
pub(crate) struct Table {
    pub(crate) keys: HashMap<Box<str>, State<Mark>>,
    pub(crate) tickets: Tickets,
    /// As many keys call for a look at which are of no use any more.
    sweep_at: usize,
    /// No such look before this instant.
    rest_until: Option<Instant>,
}

/// Few enough that nobody needs to look which of them are idle.
const FEW: usize = 64;

/// While the table is full of live keys, it is searched for idle ones this often at most.
const REST: Duration = Duration::from_secs(1);

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            keys: HashMap::new(),
            tickets: Tickets::new(),
            sweep_at: FEW,
            rest_until: None,
        }
    }

    /// The state of a key, new if need be; `None` when there is no room.
    pub(crate) fn entry(
        &mut self,
        key: &str,
        now: Instant,
        rules: &Rules,
    ) -> Option<&mut State<Mark>> {
        if !self.keys.contains_key(key) {
            self.make_room(now, rules.max_keys);
            if self.keys.len() >= rules.max_keys {
                return None;
            }
        }
        Some(self.keys.entry(key.into()).or_default())
    }

    /// Idle keys go when the table has doubled since the last time, or is full; so a key costs the
    /// same however many there are.
    fn make_room(&mut self, now: Instant, most: usize) {
        let full = self.keys.len() >= most;
        let rested = self.rest_until.is_none_or(|until| until <= now);
        if (full && rested) || self.keys.len() >= self.sweep_at {
            self.sweep(now);
            self.rest_until = now.checked_add(REST);
        }
    }

    pub(crate) fn sweep(&mut self, now: Instant) {
        self.keys.retain(|_, state| state.is_live(now));
        self.keys.shrink_to(2 * self.keys.len());
        self.sweep_at = FEW.max(2 * self.keys.len());
    }
}

/// Hands out tickets.
pub(crate) struct Tickets {
    last: u64,
    dice: fastrand::Rng,
}

impl Tickets {
    fn new() -> Self {
        Self {
            last: 0,
            dice: fastrand::Rng::new(),
        }
    }

    pub(crate) fn next(&mut self) -> Ticket {
        self.last += 1;
        Ticket {
            number: self.last,
            draw: self.dice.u32(..),
        }
    }

    pub(crate) fn seed(&mut self, seed: u64) {
        self.dice = fastrand::Rng::with_seed(seed);
    }
}
