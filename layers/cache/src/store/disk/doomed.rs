//! What was invalidated while the search went on: of all that is yet to be found, who has to go.
//!
//! It is written down as well, line by line, so that a later process knows it if this one ends before the
//! search does. What was put after an invalidation is told apart by the numbers of the bodies: they say
//! which process wrote them, and each process that takes these lines over adds one that says so.

use bytes::{Buf, BufMut, Bytes};

use super::card::{Card, Record};
use super::digest::Digest;
use crate::store::Selector;
use crate::store::written::{read_text, write_text};

#[derive(Debug)]
enum Line {
    /// From here on, this process.
    Run(u32),
    /// Whatever is picked and was there before the body of this number.
    Before(u64, Selector),
}

/// So many lines are remembered, and so many bytes of them. Beyond that, everything that is yet to be found
/// has to go.
const MOST: usize = 1_024;
const BYTES: usize = 256 * 1024;

#[derive(Debug, Default)]
pub(super) struct Doomed(Vec<Line>);

impl Doomed {
    /// What a process left that ended before its search did, for the next one. Where it cannot be read,
    /// nobody knows what was meant: then everything was.
    pub(super) fn read(mut from: Bytes, run: u32) -> Self {
        let mut doomed = Self::default();
        while !from.is_empty() {
            let Some(line) = read_line(&mut from) else {
                doomed.push(Line::Before(u64::MAX, Selector::All));
                break;
            };
            doomed.push(line);
        }
        if !doomed.is_empty() {
            doomed.push(Line::Run(run));
        }
        doomed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of it, as it is written down.
    pub(super) fn write(&self) -> Vec<u8> {
        self.0.iter().flat_map(Line::write).collect()
    }

    /// What is picked is doomed, unless its body has this number or a later one; and how that is written
    /// down.
    pub(super) fn add(&mut self, selector: &Selector, next: u64) -> Vec<u8> {
        self.push(Line::Before(next, selector.clone()));
        self.0.last().map(Line::write).unwrap_or_default()
    }

    /// Adds a line, or one in the place of all that means no less.
    fn push(&mut self, mut line: Line) {
        if let Line::Before(next, selector) = &line {
            // An earlier one meant nothing that this one does not mean.
            let is_same = |old: &Line| matches!(old, Line::Before(_, other) if other == selector);
            self.0.retain(|old| !is_same(old));
            let bytes: usize = self.0.iter().map(Line::size).sum();
            if self.0.len() >= MOST || bytes + line.size() > BYTES {
                line = Line::Before(*next, Selector::All);
            }
        }
        if let Line::Before(_, Selector::All) = &line {
            self.0.clear();
        }
        self.0.push(line);
    }

    /// Whether a response that is found has to go.
    pub(super) fn picks(&self, card: &Card, record: &Record) -> bool {
        let run = record.serial >> 32;
        for line in self.0.iter().rev() {
            match line {
                // It came after all that is before this.
                Line::Run(own) if run == u64::from(*own) => return false,
                Line::Before(next, _) if run == next >> 32 && record.serial >= *next => {}
                Line::Before(_, selector) if card.is_picked(record, selector) => return true,
                Line::Run(_) | Line::Before(..) => {}
            }
        }
        false
    }
}

impl Line {
    /// How many bytes its text has.
    fn size(&self) -> usize {
        match self {
            Self::Before(
                _,
                Selector::Prefix(text) | Selector::Pattern(text) | Selector::Tag(text),
            ) => text.len(),
            Self::Run(_) | Self::Before(..) => 0,
        }
    }

    fn write(&self) -> Vec<u8> {
        let (kind, number, text) = match self {
            Self::Run(run) => (0, u64::from(*run), ""),
            Self::Before(next, Selector::Prefix(prefix)) => (1, *next, &**prefix),
            Self::Before(next, Selector::Pattern(pattern)) => (2, *next, &**pattern),
            Self::Before(next, Selector::Tag(tag)) => (3, *next, &**tag),
            // A key is looked for at once; what else there may be, is meant by this at least.
            Self::Before(next, Selector::All | Selector::Key(_)) => (4, *next, ""),
        };
        let mut content = vec![kind];
        content.put_u64(number);
        content.put_slice(text.as_bytes());
        let mut line = Digest::of(&content).0.to_vec();
        write_text(&content, &mut line);
        line
    }
}

fn read_line(from: &mut Bytes) -> Option<Line> {
    if from.len() < 16 {
        return None;
    }
    let digest = from.split_to(16);
    let mut content = read_text(from)?;
    if digest != Digest::of(&content).0[..] {
        return None;
    }
    let (kind, number) = (content.try_get_u8().ok()?, content.try_get_u64().ok()?);
    let text = std::str::from_utf8(&content).ok()?;
    let selector = match kind {
        0 => return Some(Line::Run(u32::try_from(number).ok()?)),
        1 => Selector::Prefix(text.into()),
        2 => Selector::Pattern(text.into()),
        3 => Selector::Tag(text.into()),
        4 => Selector::All,
        _ => return None,
    };
    Some(Line::Before(number, selector))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::suite::{key, variant};

    fn picks(doomed: &Doomed, run: u64, count: u64) -> bool {
        let mut card = Card::of(&key("http://a.example/"));
        let new = variant(1, "body");
        let record = Record {
            id: 1,
            serial: run << 32 | count,
            length: 4,
            digest: Digest::of(b"body"),
            tags: new.tags().to_vec(),
            head: new.head().clone(),
        };
        card.add(record.clone(), &[]);
        doomed.picks(&card, &record)
    }

    fn every() -> Selector {
        Selector::Tag("every".into())
    }

    #[test]
    fn what_came_later_is_spared_in_this_process_and_in_the_next_ones() {
        let mut doomed = Doomed::read(Bytes::new(), 7);
        assert!(doomed.is_empty() && !picks(&doomed, 7, 0));
        doomed.add(&every(), 7 << 32 | 5);
        for run in 8..10 {
            let found = [(6, 9), (7, 4), (7, 5)];
            let found = found.map(|(run, count)| picks(&doomed, run, count));
            assert_eq!(found, [true, true, false], "{run}");
            doomed = Doomed::read(doomed.write().into(), run);
            assert!(!picks(&doomed, run.into(), 0), "{run}");
        }
        doomed.add(&every(), 9 << 32 | 1);
        let found = [(6, 9), (7, 5), (8, 0), (9, 0), (9, 1)];
        let found = found.map(|(run, count)| picks(&doomed, run, count));
        assert_eq!(found, [true, true, true, true, false]);
    }

    #[test]
    fn the_same_is_there_once() {
        let mut doomed = Doomed::default();
        for next in 0..300 {
            doomed.add(&every(), next);
        }
        assert_eq!(doomed.0.len(), 1);
    }

    #[test]
    fn too_many_are_taken_for_all_in_a_bounded_amount_of_memory() {
        let long = "x".repeat(BYTES / 8);
        for (count, text) in [(MOST, ""), (8, &*long)] {
            let name = |n: usize| Selector::Prefix(format!("{n}{text}").into());
            let mut doomed = Doomed::default();
            let mut notes = Vec::new();
            for n in 0..count - 1 {
                notes.extend(doomed.add(&name(n), 7 << 32 | 1));
            }
            assert!(!picks(&doomed, 7, 0) && doomed.0.len() == count - 1);
            for n in count..count + 2 {
                notes.extend(doomed.add(&name(n), 7 << 32 | 2));
            }
            assert!(doomed.0.len() <= 2);
            for doomed in [doomed, Doomed::read(notes.into(), 8)] {
                assert!(doomed.0.len() <= 3);
                let found = [(6, 9), (7, 1), (7, 2)];
                let found = found.map(|(run, count)| picks(&doomed, run, count));
                assert_eq!(found, [true, true, false]);
            }
        }
    }

    #[test]
    fn every_selector_is_read_as_it_was_written() {
        for (selector, is_meant) in [
            (Selector::All, true),
            (Selector::Prefix("http://a.".into()), true),
            (Selector::Prefix("http://b.".into()), false),
            (Selector::Pattern("*a.ex*".into()), true),
            (Selector::Pattern("*b.ex*".into()), false),
            (every(), true),
            (Selector::Tag("no".into()), false),
        ] {
            let mut doomed = Doomed::default();
            doomed.add(&selector, 7 << 32);
            let doomed = Doomed::read(doomed.write().into(), 8);
            assert_eq!(picks(&doomed, 6, 0), is_meant, "{selector:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_damaged_means_all(at in 0_usize..43, bit in 0..8) {
            let mut doomed = Doomed::default();
            doomed.add(&Selector::Tag("nobody-has-it-at-all".into()), 7 << 32);
            let mut written = doomed.write();
            let at = at % written.len();
            prop_assert!(!picks(&Doomed::read(written.clone().into(), 8), 6, 0));
            let cut = Bytes::copy_from_slice(&written[..at]);
            prop_assert_eq!(picks(&Doomed::read(cut, 8), 6, 0), at > 0);
            written[at] ^= 1_u8 << bit;
            prop_assert!(picks(&Doomed::read(written.into(), 8), 6, 0));
        }

        #[test]
        fn nothing_makes_it_panic(bytes: Vec<u8>) {
            let _ = Doomed::read(bytes.into(), 1);
        }
    }
}
