//! What things are called in Redis.

use crate::store::Key;

/// What everything of one cache begins with.
#[derive(Clone, Debug)]
pub(super) struct Names(Box<[u8]>);

/// Behind the text of a key: where its name ends, and of which kind it is.
const TAIL: usize = 5;

impl Names {
    pub(super) fn new(prefix: &str) -> Self {
        Self(prefix.as_bytes().into())
    }

    /// A hash of all responses under a key.
    pub(super) fn entry(&self, key: &Key) -> Vec<u8> {
        let (text, name, kind) = key.identity();
        let tail = name.to_be_bytes();
        [&*self.0, b"e:", text.as_bytes(), &tail, &[kind]].concat()
    }

    /// The name in a key; nothing for what is no entry.
    pub(super) fn name_of<'a>(&self, entry: &'a [u8]) -> Option<&'a str> {
        let rest = entry.strip_prefix(&*self.0)?.strip_prefix(b"e:")?;
        let (text, tail) = rest.split_at_checked(rest.len().checked_sub(TAIL)?)?;
        let end = u32::from_be_bytes([tail[0], tail[1], tail[2], tail[3]]);
        let name = text.get(..usize::try_from(end).ok()?)?;
        std::str::from_utf8(name).ok()
    }

    /// What bodies begin with.
    pub(super) fn bodies(&self) -> Vec<u8> {
        [&*self.0, b"b:"].concat()
    }

    /// A string of bytes.
    pub(super) fn body(&self, serial: &str) -> Vec<u8> {
        [&*self.0, b"b:", serial.as_bytes()].concat()
    }

    /// What lists of entries begin with.
    pub(super) fn tags(&self) -> Vec<u8> {
        [&*self.0, b"t:"].concat()
    }

    /// A list of the entries that have something with a tag.
    pub(super) fn tag(&self, tag: &str) -> Vec<u8> {
        [&*self.0, b"t:", tag.as_bytes()].concat()
    }

    /// A list that was put aside.
    pub(super) fn aside(&self, serial: &str) -> Vec<u8> {
        [&*self.0, b"d:", serial.as_bytes()].concat()
    }

    /// Whether this is a body or a tag of this cache: another application's name may begin like ours.
    pub(super) fn is_part(&self, name: &[u8]) -> bool {
        let rest = name.strip_prefix(&*self.0);
        rest.is_some_and(|rest| match rest {
            [b'b' | b'd', b':', serial @ ..] => {
                !serial.is_empty() && serial.iter().all(u8::is_ascii_hexdigit)
            }
            _ => rest.starts_with(b"t:"),
        })
    }

    /// A glob for everything.
    pub(super) fn all(&self) -> Vec<u8> {
        [&*escape(&self.0), b"*"].concat()
    }

    /// A glob for the entries whose names begin like this.
    pub(super) fn beginning(&self, prefix: &str) -> Vec<u8> {
        let start = [&*self.0, b"e:", prefix.as_bytes()].concat();
        [&*escape(&start), b"*"].concat()
    }
}

/// What stands for itself in a glob of Redis.
fn escape(text: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(text.len());
    for byte in text {
        if br"*?[]\^".contains(byte) {
            escaped.push(b'\\');
        }
        escaped.push(*byte);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Hashing, KeyRef, Name};

    fn key(name: &str, partition: &str) -> Key {
        KeyRef::new(&Hashing::of_keys(), Name::Given(name), partition, None).keep()
    }

    #[test]
    fn a_name_is_found_again_in_an_entry() {
        let names = Names::new("cache:");
        for (name, partition) in [
            ("http://a.example/?q", ""),
            ("a", "bob"),
            ("", "ann"),
            ("\u{e4}\0", "\0"),
        ] {
            let entry = names.entry(&key(name, partition));
            assert_eq!(names.name_of(&entry), Some(name));
        }
        let keys = [("ab", ""), ("a", "b"), ("", "ab")];
        let entries = keys.map(|(name, partition)| names.entry(&key(name, partition)));
        assert!(entries[0] != entries[1] && entries[1] != entries[2]);
    }

    #[test]
    fn what_is_no_entry_has_no_name() {
        let names = Names::new("cache:");
        for other in [
            &b"cache:e:"[..],
            b"cache:e:\0\0\0\0",
            b"cache:e:a\0\0\0\x02\0",
            b"cache:e:\xff\0\0\0\x01\0",
            b"cache:b:a\0\0\0\x01\0",
            b"other:e:a\0\0\0\x01\0",
        ] {
            assert_eq!(names.name_of(other), None, "{other:?}");
        }
        assert_eq!(names.name_of(b"cache:e:a\0\0\0\x01\0"), Some("a"));
    }

    #[test]
    fn globs_mean_what_they_say() {
        let names = Names::new("a*:");
        assert_eq!(names.all(), br"a\*:*");
        assert_eq!(
            names.beginning(r"http://[x]?\^"),
            br"a\*:e:http://\[x\]\?\\\^*"
        );
    }

    #[test]
    fn kinds_are_told_apart() {
        let names = Names::new("c:");
        assert_eq!(names.body("12"), b"c:b:12");
        assert_eq!(names.bodies(), b"c:b:");
        assert_eq!(names.tag("users"), b"c:t:users");
        assert_eq!(names.tags(), b"c:t:");
        assert_eq!(names.aside("12"), b"c:d:12");
        for part in [
            names.body("0f"),
            names.aside("0f"),
            names.tag("users"),
            names.tag(""),
        ] {
            assert!(names.is_part(&part));
        }
        for other in [
            &b"c:users:1"[..],
            b"c:b:",
            b"c:b:next",
            b"c:d:next",
            b"c2:t:users",
            b"c:",
        ] {
            assert!(!names.is_part(other), "{other:?}");
        }
    }
}
