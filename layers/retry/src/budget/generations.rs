use std::collections::HashMap;
use std::mem;

use buttress_kernel::Key;

use super::window::TICKS;

/// Values by key, of which those that nobody touched for a while are forgotten.
///
/// Every ten seconds the young generation becomes the old one, and what nobody asked for since then
/// goes. A key is thus kept for ten seconds after its last use, when nothing in it counts any more,
/// and no longer than twenty while others are in use. Each key is dropped once for each time it was
/// put in: there is no sweep over the living.
#[derive(Debug, Default)]
pub(super) struct Generations<V> {
    young: Generation<V>,
    old: Generation<V>,
    turned: u32,
}

#[derive(Debug, Default)]
pub(super) struct Generation<V> {
    places: HashMap<Key, usize>,
    values: Vec<V>,
    /// The key asked for last, and its place. Most callers talk to few servers, and comparing a name
    /// costs a fifth of hashing it.
    last: Option<(Key, usize)>,
}

impl<V: Default> Generations<V> {
    /// Whether it is time for a generation to pass.
    pub(super) fn is_due(&self, tick: u32) -> bool {
        tick.saturating_sub(self.turned) >= TICKS
    }

    /// Lets a generation pass, or two after a long time, and returns what is forgotten.
    #[cold]
    pub(super) fn turn(&mut self, tick: u32) -> [Generation<V>; 2] {
        let age = tick.saturating_sub(self.turned);
        self.turned = tick;
        let young = mem::take(&mut self.young);
        if age < 2 * TICKS {
            let old = mem::replace(&mut self.old, young);
            return [old, Generation::default()];
        }
        [mem::take(&mut self.old), young]
    }

    /// The value of `key`, a new one if there is none.
    pub(super) fn touch(&mut self, key: &str) -> &mut V {
        let place = self.young.place(key).unwrap_or_else(|| {
            let value = self.old.get_mut(key).map(mem::take);
            self.young.insert(key, value.unwrap_or_default())
        });
        &mut self.young.values[place]
    }

    /// The value of `key`, if there is one; looking does not keep it alive.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.values.len() + self.old.values.len()
    }
}

impl<V> Generation<V> {
    #[inline]
    fn place(&mut self, key: &str) -> Option<usize> {
        match &self.last {
            Some((last, place)) if last.as_str() == key => Some(*place),
            _ => self.look_up(key),
        }
    }

    fn look_up(&mut self, key: &str) -> Option<usize> {
        let (key, place) = self.places.get_key_value(key)?;
        self.last = Some((key.clone(), *place));
        Some(*place)
    }

    fn insert(&mut self, key: &str, value: V) -> usize {
        let (key, place) = (Key::from(key), self.values.len());
        self.values.push(value);
        self.last = Some((key.clone(), place));
        self.places.insert(key, place);
        place
    }

    fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        let place = self.place(key)?;
        self.values.get_mut(place)
    }
}
