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
    #[inline]
    pub(super) fn touch(&mut self, key: &str) -> &mut V {
        let place = match self.young.place(key) {
            Some(place) => place,
            None => self.put_in(key),
        };
        &mut self.young.values[place]
    }

    /// Makes `key` young, with the value it had when it was old.
    #[cold]
    fn put_in(&mut self, key: &str) -> usize {
        let value = self.old.get_mut(key).map(mem::take);
        self.young.insert(key, value.unwrap_or_default())
    }

    /// The value of `key`, if there is one; looking does not keep it alive.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut V> {
        self.young.get_mut(key).or_else(|| self.old.get_mut(key))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.young.values.len() + self.old.values.len()
    }

    /// What the tables hold on the heap, in bytes, without the text of the keys.
    #[cfg(test)]
    pub(super) fn table_bytes(&self) -> usize {
        // A hash table fills seven eighths of its places at most, and has one byte more for each.
        let place = size_of::<(Key, usize)>() + 1;
        let of = |generation: &Generation<V>| {
            let places = generation.places.capacity() * 8 / 7;
            places * place + generation.values.capacity() * size_of::<V>()
        };
        of(&self.young) + of(&self.old)
    }
}

impl<V> Generation<V> {
    #[inline(always)]
    fn place(&mut self, key: &str) -> Option<usize> {
        match &self.last {
            Some((last, place)) if last.as_str() == key => Some(*place),
            _ => self.look_up(key),
        }
    }

    #[inline(never)]
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
