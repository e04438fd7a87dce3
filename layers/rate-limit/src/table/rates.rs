//! How fast the lanes of a table are.

use std::collections::HashMap;

use buttress_kernel::Key;

use super::{Table, lock};
use crate::bucket::Pace;
use crate::clock::now;
use crate::rate::Rate;

/// The rates that lanes begin with.
pub(super) struct Base {
    pub(super) usual: Rate,
    pub(super) own: HashMap<Key, Rate>,
}

impl Table {
    pub(crate) fn usual(&self) -> Rate {
        lock(&self.base).usual
    }

    pub(super) fn pace(&self, base: &Base, key: &str) -> Pace {
        let own = base.own.get(key).copied();
        let own = own.or_else(|| self.rates.as_ref().and_then(|rates| rates(key)));
        own.unwrap_or(base.usual).pace()
    }

    /// Another rate for all keys that have none of their own.
    pub(crate) fn set_usual(&self, rate: Rate) {
        lock(&self.base).usual = rate;
        self.re_pace();
    }

    /// A rate for one key; none gives it the usual one back.
    pub(crate) fn set_own(&self, key: &str, rate: Option<Rate>) {
        let mut base = lock(&self.base);
        match rate {
            Some(rate) => drop(base.own.insert(Key::from(key), rate)),
            None => drop(base.own.remove(key)),
        }
        let pace = self.pace(&base, key);
        drop(base);
        if let Some(lane) = self.get(key) {
            lane.set_pace(self.clock.nanos(now()), pace);
        }
    }

    fn re_pace(&self) {
        let now = self.clock.nanos(now());
        self.each(|key, lane| {
            let pace = self.pace(&lock(&self.base), key);
            lane.set_pace(now, pace);
        });
    }
}
