use std::collections::HashMap;

use buttress_kernel::Key;

use super::window::TICKS;

/// Values by key, of which those that nobody touched for a while are forgotten.
///
/// Every ten seconds the young generation becomes the old one, and what nobody asked for since then
/// goes. A key is thus kept for ten seconds after its last use, when nothing in it counts any more,
/// and no longer than twenty while the others are in use. Each key is dropped once for each time it
/// was put in: there is no sweep over the living.
#[derive(Debug, Default)]
pub(super) struct Generations<V> {
    young: HashMap<Key, V>,
    old: HashMap<Key, V>,
    turned: u32,
}

impl<V: Default> Generations<V> {
    /// Lets a generation pass if it is time. What comes back is to be dropped outside of any lock,
    /// since it may be large.
    #[must_use]
    pub(super) fn turn(&mut self, tick: u32) -> Option<[HashMap<Key, V>; 2]> {
        let age = tick.saturating_sub(self.turned);
        if age < TICKS {
            return None;
        }
        self.turned = tick;
        let young = std::mem::take(&mut self.young);
        if age < 2 * TICKS {
            let old = std::mem::replace(&mut self.old, young);
            return Some([old, HashMap::new()]);
        }
        Some([std::mem::take(&mut self.old), young])
    }

    /// Does `change` to the value of `key`, a new one if there is none.
    pub(super) fn with<T>(&mut self, key: &str, change: impl FnOnce(&mut V) -> T) -> T {
        if let Some(value) = self.young.get_mut(key) {
            return change(value);
        }
        let (key, mut value) = match self.old.remove_entry(key) {
            Some(entry) => entry,
            None => (Key::from(key), V::default()),
        };
        let result = change(&mut value);
        self.young.insert(key, value);
        result
    }

    /// The value of `key`, if there is one; looking does not keep it alive.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }
}
