//! What is written down of all that is stored under one key, without the bodies.
//!
//! A card is written whole, so that one rename is the moment at which everything in it becomes true.

use std::sync::Arc;

use bytes::{Buf, BufMut, Bytes};

use super::digest::Digest;
use crate::store::written::{read_count, read_number, read_text, write_number, write_text};
use crate::store::{Head, Key, Selector, Variants};

/// How a card begins: ours, and in this form.
const MARK: &[u8; 8] = b"buttrs\x00\x02";

/// One response, without its body.
#[derive(Clone, Debug)]
pub(super) struct Record {
    /// The number that the layer knows it by.
    pub(super) id: u64,
    /// The number that its body's file is known by.
    pub(super) serial: u64,
    /// How many bytes the body has.
    pub(super) length: u64,
    /// Of the body.
    pub(super) digest: Digest,
    pub(super) tags: Vec<Arc<str>>,
    pub(super) head: Head,
}

/// All that is stored under one key, the newest first.
#[derive(Clone, Debug)]
pub(super) struct Card {
    /// The key's name and partition in one.
    text: Arc<str>,
    /// Where the name ends.
    name: u32,
    /// Whether credentials are at the end of the partition, whose cache's it is, and who gave the name.
    kind: u8,
    pub(super) records: Vec<Record>,
}

impl Card {
    /// An empty one.
    pub(super) fn of(key: &Key) -> Self {
        let (text, name, kind) = key.identity();
        Self {
            text: text.into(),
            name,
            kind,
            records: Vec::new(),
        }
    }

    /// Whether it is that of `key`, and not of another one with the same digest.
    pub(super) fn is_of(&self, key: &Key) -> bool {
        (&*self.text, self.name, self.kind) == key.identity()
    }

    /// The key's name.
    pub(super) fn name(&self) -> &str {
        self.text.get(..self.name as usize).unwrap_or_default()
    }

    /// Adds a response, and forgets those of the numbers in `replaces`, any of the same number, and the oldest
    /// if they are too many.
    pub(super) fn add(&mut self, record: Record, replaces: &[u64]) {
        self.records
            .retain(|old| old.id != record.id && !replaces.contains(&old.id));
        self.records.insert(0, record);
        self.records.truncate(Variants::MOST);
    }

    /// Whether a response of another card is in this one too, be it with another head.
    pub(super) fn has(&self, other: &Record) -> bool {
        self.records.iter().any(|own| own.serial == other.serial)
    }

    /// Whether a selector means this response, which may be of any key but one.
    pub(super) fn is_picked(&self, record: &Record, selector: &Selector) -> bool {
        selector.covers_name(self.name()) || selector.names(&record.tags)
    }

    /// All tags, each once.
    pub(super) fn tags(&self) -> Vec<Arc<str>> {
        let tags = self.records.iter().flat_map(|record| &record.tags);
        let mut tags: Vec<_> = tags.cloned().collect();
        tags.sort();
        tags.dedup();
        tags
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let mut content = Vec::new();
        write_text(self.text.as_bytes(), &mut content);
        write_number(self.name.into(), &mut content);
        content.put_u8(self.kind);
        write_number(self.records.len() as u64, &mut content);
        for record in &self.records {
            record.write(&mut content);
        }
        let mut card = Vec::with_capacity(MARK.len() + 16 + content.len());
        card.put_slice(MARK);
        card.put_slice(&Digest::of(&content).0);
        card.append(&mut content);
        card
    }

    /// The card that was written; nothing if it is damaged, of another form, or somebody else's.
    pub(super) fn read(mut from: Bytes) -> Option<Self> {
        if from.len() < MARK.len() + 16 || from.split_to(MARK.len()) != MARK[..] {
            return None;
        }
        let digest = from.split_to(16);
        if digest != Digest::of(&from).0[..] {
            return None;
        }
        let text = text(&mut from)?;
        let name = u32::try_from(read_number(&mut from)?).ok()?;
        let kind = from.try_get_u8().ok()?;
        let count = read_count(&mut from)?;
        let records = (0..count).map(|_| Record::read(&mut from));
        let records = records.collect::<Option<_>>()?;
        text.is_char_boundary(name as usize).then_some(Self {
            text,
            name,
            kind,
            records,
        })
    }
}

impl Record {
    fn write(&self, to: &mut Vec<u8>) {
        write_number(self.id, to);
        write_number(self.serial, to);
        write_number(self.length, to);
        to.put_slice(&self.digest.0);
        write_number(self.tags.len() as u64, to);
        for tag in &self.tags {
            write_text(tag.as_bytes(), to);
        }
        self.head.write(to);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let id = read_number(from)?;
        let serial = read_number(from)?;
        let length = read_number(from)?;
        let mut digest = [0; 16];
        from.try_copy_to_slice(&mut digest).ok()?;
        let tags = read_count(from)?;
        let tags = (0..tags).map(|_| text(from)).collect::<Option<_>>()?;
        Some(Self {
            id,
            serial,
            length,
            digest: Digest(digest),
            tags,
            head: Head::read(from)?,
        })
    }
}

fn text(from: &mut Bytes) -> Option<Arc<str>> {
    let text = read_text(from)?;
    std::str::from_utf8(&text).ok().map(Arc::from)
}

#[cfg(test)]
mod tests;
