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
        for variant in variants.iter() {
            write(variant, &mut bytes);
        }
        Self::Packed(bytes.into())
    }

    pub(super) fn variants(&self) -> Variants {
        match self {
            Self::Loose(variants) => variants.clone(),
            // What this process has written it can read.
            Self::Packed(bytes) => {
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
                let mut first = Bytes::copy_from_slice(&bytes[..bytes.len().min(10)]);
                let count = read_number(&mut first).unwrap_or_default();
                usize::try_from(count).unwrap_or_default()
            }
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

fn write(variant: &Variant, to: &mut Vec<u8>) {
    write_number(variant.id(), to);
    write_number(variant.tags().len() as u64, to);
    for tag in variant.tags() {
        write_text(tag.as_bytes(), to);
    }
    variant.head().write(to);
    write_text(variant.body().map_or(&[], |body| body), to);
}

fn read_all(mut from: Bytes) -> Option<Variants> {
    let count = read_count(&mut from)?;
    (0..count).map(|_| read(&mut from)).collect()
}

fn read(from: &mut Bytes) -> Option<Variant> {
    let id = read_number(from)?;
    let tags = read_count(from)?;
    let tag = |from: &mut Bytes| Some(Arc::from(std::str::from_utf8(&read_text(from)?).ok()?));
    let tags: Vec<Arc<str>> = (0..tags).map(|_| tag(from)).collect::<Option<_>>()?;
    let head = Head::read(from)?;
    let body = read_text(from)?;
    Some(Variant::restore(id, head, &tags, Some(body)))
}
