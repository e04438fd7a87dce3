//! Small responses in as little memory as possible: all that is stored under one key in one piece.

use std::sync::Arc;

use bytes::Bytes;

use super::written::{read_count, read_number, read_text, write_number, write_text};
use super::{Head, Variant, Variants};

/// Bodies that are longer in all are not packed: their heads weigh little beside them, and to pack
/// them would be to copy them.
const SMALL: usize = 4 * 1024;

/// What is stored under a key.
#[derive(Clone)]
pub(super) enum Entry {
    Packed(Arc<[u8]>),
    Loose(Variants),
}

impl Entry {
    pub(super) fn new(variants: &Variants) -> Self {
        let bodies = variants
            .iter()
            .map(|variant| variant.body().map_or(0, Bytes::len));
        if bodies.sum::<usize>() > SMALL {
            return Self::Loose(variants.iter().map(owning).collect());
        }
        let mut bytes = Vec::new();
        write_number(variants.len() as u64, &mut bytes);
        // All tags come first: whoever looks for one need not read the heads.
        for variant in variants.iter() {
            write_name(variant, &mut bytes);
        }
        for variant in variants.iter() {
            variant.head().write(&mut bytes);
            write_text(variant.body().map_or(&[], |body| body), &mut bytes);
        }
        Self::Packed(bytes.into())
    }

    pub(super) fn variants(&self) -> Variants {
        match self {
            Self::Loose(variants) => variants.clone(),
            // What this process has written it can read.
            Self::Packed(bytes) => {
                #[cfg(test)]
                UNPACKED.set(UNPACKED.get() + 1);
                let shared = Bytes::from_owner(Arc::clone(bytes));
                read_all(shared).unwrap_or_default()
            }
        }
    }

    /// How many responses there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Loose(variants) => variants.len(),
            Self::Packed(bytes) => {
                let count = read_number(&mut &**bytes).unwrap_or_default();
                usize::try_from(count).unwrap_or_default()
            }
        }
    }

    /// Whether one of the responses has a tag.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        match self {
            Self::Loose(variants) => {
                let mut tags = variants.iter().flat_map(Variant::tags);
                tags.any(|other| **other == *tag)
            }
            Self::Packed(bytes) => has_tag(bytes, tag.as_bytes()).unwrap_or_default(),
        }
    }

    pub(super) fn size(&self) -> usize {
        match self {
            Self::Packed(bytes) => bytes.len(),
            Self::Loose(variants) => variants.iter().map(Variant::size).sum(),
        }
    }
}

/// The same response with fields of its own: those of a transport share the memory of all that was
/// read along with them.
fn owning(variant: &Variant) -> Variant {
    let mut bytes = Vec::new();
    variant.head().write(&mut bytes);
    let head = Head::read(&mut bytes.into());
    variant.with_head(head.unwrap_or_else(|| variant.head().clone()))
}

fn write_name(variant: &Variant, to: &mut Vec<u8>) {
    write_number(variant.id(), to);
    write_number(variant.tags().len() as u64, to);
    for tag in variant.tags() {
        write_text(tag.as_bytes(), to);
    }
}

fn has_tag(mut from: &[u8], tag: &[u8]) -> Option<bool> {
    let count = read_count(&mut from)?;
    for _ in 0..count {
        read_number(&mut from)?;
        for _ in 0..read_count(&mut from)? {
            let length = read_count(&mut from)?;
            let (other, rest) = from.split_at(length);
            if other == tag {
                return Some(true);
            }
            from = rest;
        }
    }
    Some(false)
}

fn read_all(mut from: Bytes) -> Option<Variants> {
    let count = read_count(&mut from)?;
    let mut names = from.clone();
    for _ in 0..count {
        skip_name(&mut from)?;
    }
    (0..count).map(|_| read(&mut names, &mut from)).collect()
}

fn skip_name(from: &mut Bytes) -> Option<()> {
    read_number(from)?;
    for _ in 0..read_count(from)? {
        read_text(from)?;
    }
    Some(())
}

fn read(name: &mut Bytes, rest: &mut Bytes) -> Option<Variant> {
    let id = read_number(name)?;
    let tags = read_count(name)?;
    let tag = |from: &mut Bytes| Some(Arc::from(std::str::from_utf8(&read_text(from)?).ok()?));
    let tags: Vec<Arc<str>> = (0..tags).map(|_| tag(name)).collect::<Option<_>>()?;
    let head = Head::read(rest)?;
    let body = read_text(rest)?;
    Some(Variant::restore(id, head, &tags, Some(body)))
}

#[cfg(test)]
thread_local! {
    /// How many entries this thread has unpacked.
    pub(super) static UNPACKED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::suite::variant;

    #[test]
    fn tags_are_found_without_a_look_at_the_rest() {
        let untagged = Variant::restore(3, variant(3, "").head().clone(), &[], Some("x".into()));
        let several = [variant(1, "one"), untagged, variant(2, "two")];
        let entry = Entry::new(&several.into_iter().collect());
        let before = UNPACKED.get();
        for (tag, expected) in [
            ("tag-1", true),
            ("tag-2", true),
            ("every", true),
            ("tag-3", false),
            ("", false),
            ("one", false),
        ] {
            assert_eq!(entry.has_tag(tag), expected, "{tag}");
        }
        assert_eq!((entry.len(), UNPACKED.get()), (3, before));
        let bodies = entry.variants();
        let bodies = bodies.iter().map(|one| (one.id(), one.body().cloned()));
        let expected = [(1, "one"), (3, "x"), (2, "two")];
        assert!(bodies.eq(expected.map(|(id, body)| (id, Some(body.into())))));
    }
}
