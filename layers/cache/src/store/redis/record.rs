//! What is written down of a response, beside its head and its body.

use std::sync::Arc;

use crate::store::{Head, Tags, Variant, Variants};

/// A response's number, as part of the names of its fields.
pub(super) fn field(id: u64) -> String {
    format!("{id:016x}")
}

/// Tags one behind the other, each with its length before it, as a script reads them too.
pub(super) fn write_tags(tags: &[Arc<str>]) -> String {
    let tags = tags.iter().map(|tag| format!("{}:{tag}", tag.len()));
    tags.collect()
}

fn read_tags(mut text: &str) -> Option<Vec<Arc<str>>> {
    let mut tags = Vec::new();
    while !text.is_empty() {
        let (length, rest) = text.split_once(':')?;
        let (tag, rest) = rest.split_at_checked(length.parse().ok()?)?;
        tags.push(tag.into());
        text = rest;
    }
    Some(tags)
}

/// The fields of one response, as they come, in any order.
#[derive(Default)]
struct Fields {
    id: u64,
    order: Option<u64>,
    head: Option<Head>,
    tags: Option<Vec<Arc<str>>>,
}

impl Fields {
    fn take(&mut self, kind: u8, value: Vec<u8>) {
        let text = |value: &[u8]| std::str::from_utf8(value).ok().map(str::to_owned);
        match kind {
            b's' => self.order = text(&value).and_then(|text| text.parse().ok()),
            b't' => self.tags = text(&value).as_deref().and_then(read_tags),
            b'h' => self.head = Head::read(&mut value.into()),
            // The body's name is for scripts alone.
            _ => {}
        }
    }

    fn end(self) -> Option<(u64, Variant)> {
        let tags: Tags = self.tags.unwrap_or_default().into();
        let variant = Variant::restore(self.id, self.head?, &tags, None);
        Some((self.order?, variant))
    }
}

/// All responses of a hash, the newest first. What cannot be read is left out: it may be of another
/// version.
pub(super) fn read(fields: Vec<(Vec<u8>, Vec<u8>)>) -> Variants {
    let mut found: Vec<Fields> = Vec::new();
    for (name, value) in fields {
        let Some((id, kind)) = read_name(&name) else {
            continue;
        };
        let at = found.iter().position(|fields| fields.id == id);
        let at = at.unwrap_or_else(|| {
            found.push(Fields {
                id,
                ..Fields::default()
            });
            found.len() - 1
        });
        found[at].take(kind, value);
    }
    let mut found: Vec<_> = found.into_iter().filter_map(Fields::end).collect();
    found.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
    found.into_iter().map(|(_, variant)| variant).collect()
}

fn read_name(name: &[u8]) -> Option<(u64, u8)> {
    let (kind, id) = name.split_last()?;
    let id = std::str::from_utf8(id).ok().filter(|id| id.len() == 16)?;
    Some((u64::from_str_radix(id, 16).ok()?, *kind))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::suite::variant;

    fn fields(id: u64, order: u64) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut head = Vec::new();
        variant(id, "body").head().write(&mut head);
        let tags = write_tags(variant(id, "body").tags());
        let name = |kind: &str| (field(id) + kind).into_bytes();
        vec![
            (name("h"), head),
            (name("s"), order.to_string().into_bytes()),
            (name("t"), tags.into_bytes()),
            (name("m"), "0".repeat(32).into_bytes()),
        ]
    }

    #[test]
    fn the_newest_is_the_first_and_all_of_it_is_there() {
        let count = vec![(b"#".to_vec(), b"9".to_vec())];
        let all = [fields(7, 2), count, fields(8, 10), fields(9, 1)].concat();
        let found = read(all);
        let ids: Vec<u64> = found.iter().map(Variant::id).collect();
        assert_eq!(ids, [8, 7, 9]);
        assert_eq!(found[1].as_ref(), variant(7, "body").as_ref());
        assert_eq!(found[1].tags(), variant(7, "body").tags());
        assert!(found[1].body().is_none());
    }

    #[test]
    fn what_is_not_whole_or_cannot_be_read_is_left_out() {
        for gone in 0..2 {
            let mut some = fields(7, 2);
            some.remove(gone);
            assert!(read(some).is_empty());
        }
        let mut other = fields(7, 2);
        other[0].1[0] = 0xff;
        assert!(read(other).is_empty(), "another version's head");
        let mut other = fields(7, 2);
        other[1].1 = b"many".to_vec();
        assert!(read(other).is_empty());
    }

    proptest! {
        #[test]
        fn tags_that_were_written_are_read(tags in prop::collection::vec(".{0,5}", 0..4)) {
            let tags: Vec<Arc<str>> = tags.into_iter().map(Arc::from).collect();
            prop_assert_eq!(read_tags(&write_tags(&tags)), Some(tags));
        }

        #[test]
        fn nothing_makes_it_panic(name: Vec<u8>, value: Vec<u8>, text: String) {
            let _ = read(vec![(name, value)]);
            let _ = read_tags(&text);
        }
    }
}
